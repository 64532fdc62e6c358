# %ENV of SetHandler perl-class: CGI's variables are there when they are asked for, and all of them for a process that a script starts.
use lib 't/lib';
use TestHttpd;

# Each is a request of its own, in this order, to one interpreter: name, code, what it gives. `shown` are the names of CGI's that `keys` has.
my @PROBES = (
    ['nothing is asked for', 'shown()', ''],
    ['the system\'s environment is there', 'join ",", map { "$_=$ENV{$_}" } grep { /^(?:FROM_OUTSIDE|STARTED|FROM_SERVER|DIR_SET|SET_ENV|REWRITTEN)$/ } sort keys %ENV',
        'DIR_SET=dir,FROM_OUTSIDE=outside,FROM_SERVER=server,REWRITTEN=by rule,SET_ENV=by httpd,STARTED=by start-up code'],
    ['PATH and MOD_PERL', 'join ",", map { exists $ENV{$_} ? 1 : 0 } qw(PATH MOD_PERL MOD_PERL_API_VERSION)', '1,1,1'],
    ['a key is read', '"$ENV{HTTP_X_ONE} " . shown()', 'one HTTP_X_ONE'],
    ['the next request lacks it again', 'shown()', ''],
    ['exists', 'join " ", (map { exists $ENV{$_} ? 1 : 0 } qw(HTTP_X_TWO HTTP_X_NONE)), shown()', '1 0 HTTP_X_TWO'],
    ['defined', 'join " ", (map { defined $ENV{$_} ? 1 : 0 } qw(HTTP_X_TWO HTTP_X_NONE)), shown()', '1 0 HTTP_X_TWO'],
    ['a test makes nothing', 'my $x = $ENV{X_NEVER}; exists $ENV{X_NEVER} ? 1 : 0', '0'],
    ['a slice', 'join ",", @ENV{qw(HTTP_X_ONE HTTP_X_TWO)}', 'one,two'],
    ['a slice of pairs', 'my %h = %ENV{qw(HTTP_X_ONE HTTP_X_TWO)}; join ",", map { "$_$h{$_}" } sort keys %h', 'HTTP_X_ONEone,HTTP_X_TWOtwo'],
    ['a copy has what was asked for', '$ENV{HTTP_X_ONE}; my %c = %ENV; join ",", grep { /^HTTP_X/ } sort keys %c', 'HTTP_X_ONE'],
    ['$r->subprocess_env asks for all', '$r->subprocess_env; my %c = %ENV; join ",", grep { /^HTTP_X|^REQ/ } sort keys %c', 'HTTP_X_ONE,HTTP_X_TWO,REQUEST_METHOD,REQUEST_SCHEME,REQUEST_URI'],
    ['subprocess_env has them without %ENV', 'join " ", $r->subprocess_env("HTTP_X_ONE"), $r->subprocess_env->get("REQUEST_METHOD"), shown()', 'one GET '],
    ['delete', 'my $v = delete $ENV{HTTP_X_ONE}; join " ", $v, exists $ENV{HTTP_X_ONE} ? "there" : "gone", $ENV{HTTP_X_ONE} // "undef", $r->subprocess_env("HTTP_X_ONE") // "undef", $ENV{HTTP_X_TWO}', 'one gone undef undef two'],
    ['  is undone', '$ENV{HTTP_X_ONE}', 'one'],
    ['delete of the process\'s', 'delete $ENV{FROM_OUTSIDE}; exists $ENV{FROM_OUTSIDE} ? "there" : "gone"', 'gone'],
    ['  is undone', '$ENV{FROM_OUTSIDE}', 'outside'],
    ['delete of PATH', 'delete $ENV{PATH}; $ENV{HTTP_X_ONE} . (exists $ENV{PATH} ? "there" : "gone")', 'onegone'],
    ['delete of several', 'join ",", (delete @ENV{qw(HTTP_X_ONE HTTP_X_TWO)}), map { $ENV{$_} // "undef" } qw(HTTP_X_ONE HTTP_X_TWO)', 'one,two,undef,undef'],
    ['a name that is assigned to before it is read', '$ENV{HTTP_X_ONE} = "mine"; join " ", $ENV{HTTP_X_ONE}, $r->subprocess_env("HTTP_X_ONE"), $ENV{HTTP_X_TWO}', 'mine mine two'],
    ['an operator that reads and assigns', '$ENV{HTTP_X_ONE} .= " more"; $ENV{HTTP_X_ONE}', 'one more'],
    ['a new one', '$ENV{X_NEW} = "new"; $ENV{X_NEW} . " " . $r->subprocess_env("X_NEW") . " " . shown()', 'new new '],
    ['  is gone', '$ENV{X_NEW} // "gone"', 'gone'],
    ['a reference to the hash', 'my $h = \%ENV; join " ", $h->{HTTP_X_ONE}, $$h{HTTP_X_TWO}, exists $h->{REQUEST_METHOD} ? 1 : 0', 'one two 1'],
    ['a reference taken at start-up', '$My::env->{HTTP_X_ONE}', 'one'],
    ['a reference to a value', 'my $v = \$ENV{HTTP_X_ONE}; $$v = "by reference"; "$ENV{HTTP_X_ONE} " . $r->subprocess_env("HTTP_X_ONE")', 'by reference by reference'],
    ['a value that is kept', '$My::kept = \$ENV{HTTP_X_ONE}; $$My::kept', 'one'],
    ['  stays what it was', '"$$My::kept $ENV{HTTP_X_ONE} " . (\$ENV{HTTP_X_ONE} == $My::kept ? "same" : "another")', 'one one another'],
    ['a key that is an object', 'package Key { use overload q("") => sub { "HTTP_X_ONE" } } $ENV{bless [], "Key"}', 'one'],
    ['a key in UTF-8', 'my $key = "HTTP_X_ONE"; utf8::upgrade($key); "$ENV{$key} " . ($ENV{"\x{263a}"} // "undef")', 'one undef'],
    ['local of one', 'my $in = do { local $ENV{HTTP_X_ONE} = "l"; $ENV{HTTP_X_ONE} }; "$in $ENV{HTTP_X_ONE}"', 'l one'],
    ['local of one that is not there', 'my $in = do { local $ENV{X_L} = "l"; $ENV{X_L} }; $in . " " . ($ENV{X_L} // "undef")', 'l undef'],
    ['delete local', 'my $in = do { delete local $ENV{HTTP_X_ONE}; $ENV{HTTP_X_ONE} // "undef" }; "$in $ENV{HTTP_X_ONE}"', 'undef one'],
    ['local of all', 'my $in = do { local %ENV = (A => 1); ($ENV{HTTP_X_ONE} // "undef") . keys %ENV }; "$in $ENV{HTTP_X_ONE} " . $r->subprocess_env("HTTP_X_TWO")', 'undef1 one two'],
    ['local of all that die leaves', 'eval { local %ENV = (A => 1); die }; "$ENV{HTTP_X_ONE} $ENV{HTTP_X_TWO} " . ($ENV{A} // "undef")', 'one two undef'],
    ['a local glob', 'my $in = do { local *ENV = { A => 1 }; ($ENV{HTTP_X_ONE} // "undef") . keys %ENV }; "$in $ENV{HTTP_X_ONE}"', 'undef1 one'],
    ['what is emptied stays empty', '%ENV = (); join " ", scalar(keys %ENV), $ENV{HTTP_X_ONE} // "undef", $ENV{PATH} // "undef", $r->subprocess_env("HTTP_X_ONE") // "undef"', '0 undef undef undef'],
    ['  is undone', '$ENV{HTTP_X_ONE}', 'one'],
    ['undef', 'undef %ENV; join " ", scalar(keys %ENV), $ENV{HTTP_X_ONE} // "undef"', '0 undef'],
    ['an assignment to all', '%ENV = (A => 1); join " ", $ENV{A}, $ENV{HTTP_X_ONE} // "undef", $r->subprocess_env("A"), $r->subprocess_env("HTTP_X_ONE") // "undef"', '1 undef 1 undef'],
    ['emptied key by key', 'delete $ENV{$_} for keys %ENV; join " ", scalar(keys %ENV), $ENV{HTTP_X_ONE} // "undef"', '0 undef'],
    ['emptied when something was read', '$ENV{HTTP_X_ONE}; %ENV = (); $ENV{HTTP_X_TWO} // "undef"', 'undef'],
    ['as a truth value', '%ENV ? 1 : 0', '1'],
    ['each', 'my $n = 0; $n++ while each %ENV; $n == keys %ENV ? "all" : $n', 'all'],
    ['each that reads others', 'local $SIG{__WARN__} = sub { print "@_" }; my ($n, $were) = (0, scalar keys %ENV); while (my ($k) = each %ENV) { $n++; $ENV{HTTP_X_ONE}; $ENV{HTTP_X_TWO} } $n >= $were && $n <= keys %ENV ? "all" : "$n of $were"', 'all'],
    ['an each that was left', 'each %ENV; $ENV{HTTP_X_ONE}', 'one'],
    ['values', '$ENV{HTTP_X_ONE}; scalar grep { $_ eq "one" } values %ENV', '1'],
    ['Data::Dumper', 'require Data::Dumper; $ENV{HTTP_X_ONE}; my $t = Data::Dumper::Dumper(\%ENV); ($t =~ /HTTP_X_ONE/ ? 1 : 0) . ($t =~ /HTTP_X_TWO/ ? 1 : 0)', '10'],
    ['Storable', 'require Storable; $ENV{HTTP_X_ONE}; my $c = Storable::dclone(\%ENV); "$c->{HTTP_X_ONE} " . ($c->{HTTP_X_TWO} // "undef")', 'one undef'],
    ['a locked hash', 'require Hash::Util; Hash::Util::lock_ref_keys(\%ENV); my $v = $ENV{HTTP_X_ONE}; Hash::Util::unlock_ref_keys(\%ENV); $v', 'one'],
    ['  the next request', 'shown()', ''],
    ['bless', 'bless \%ENV, "My::Class"; $ENV{HTTP_X_ONE}', 'one'],
    ['  the next request', 'ref(\%ENV) . shown()', 'HASH'],
    ['tie', 'require Tie::Hash; tie %ENV, "Tie::StdHash"; my $v = $ENV{HTTP_X_ONE} // "undef"; untie %ENV; $v', 'undef'],
    ['  the next request', '$ENV{HTTP_X_ONE} . shown()', 'oneHTTP_X_ONE'],
    ['die in the middle', '$ENV{HTTP_X_ONE}; local $ENV{HTTP_X_TWO} = 1; die "told"', qr/^died: told/],
    ['  the next request', 'shown()', ''],
    ['backticks', 'child(qw(HTTP_X_ONE REQUEST_METHOD FROM_OUTSIDE FROM_SERVER SET_ENV MOD_PERL)) . " " . ($ENV{PATH} eq child_of("PATH") ? "PATH" : "no")',
        'HTTP_X_ONE=one,REQUEST_METHOD=GET,FROM_OUTSIDE=outside,FROM_SERVER=server,SET_ENV=by httpd,MOD_PERL=mod_perl/2.0.12 PATH'],
    ['  keys has all then', 'my $x = `true`; shown() =~ /HTTP_X_ONE HTTP_X_TWO.*REQUEST_METHOD/ ? "all" : shown()', 'all'],
    ['what a script has changed', '$ENV{X_SET} = "set"; $ENV{HTTP_X_ONE} = "mine"; delete $ENV{FROM_OUTSIDE}; delete $ENV{HTTP_X_TWO}; child(qw(X_SET HTTP_X_ONE FROM_OUTSIDE HTTP_X_TWO))',
        'X_SET=set,HTTP_X_ONE=mine,FROM_OUTSIDE=none,HTTP_X_TWO=none'],
    ['  the next request', 'child(qw(X_SET HTTP_X_ONE FROM_OUTSIDE))', 'X_SET=none,HTTP_X_ONE=one,FROM_OUTSIDE=outside'],
    ['of local', 'local $ENV{X_L} = 1; local $ENV{HTTP_X_ONE}; child(qw(X_L HTTP_X_ONE))', 'X_L=1,HTTP_X_ONE='],
    ['of local %ENV', 'local %ENV = (PATH => $ENV{PATH}, A => 1); child(qw(A HTTP_X_ONE))', 'A=1,HTTP_X_ONE=none'],
    ['of an emptied one', 'my $path = $ENV{PATH}; %ENV = (); $ENV{PATH} = $path; child(qw(HTTP_X_ONE FROM_OUTSIDE PATH)) =~ s/PATH=.+/PATH/r', 'HTTP_X_ONE=none,FROM_OUTSIDE=none,PATH'],
    ['system', 'join ",", map { system("test -n \"\$$_\"") >> 8 } qw(PATH HTTP_X_ONE X_NONE)', '0,0,1'],
    ['system with a list', 'system("/bin/sh", "-c", "test \"\$HTTP_X_ONE\" = one") >> 8', '0'],
    ['a pipe to read', 'open my $p, "-|", "env" or die $!; my $n = grep { /^HTTP_X_ONE=one/ } <$p>; close $p; $n', '1'],
    ['a pipe to write', 'open my $p, "|-", "env > $My::var/piped" or die $!; close $p; my ($l) = grep { /^HTTP_X_ONE/ } split /\n/, TestFile::slurp("$My::var/piped"); $l', 'HTTP_X_ONE=one'],
    ['fork', 'pipe my $from, my $to; my $pid = fork // die $!; if (!$pid) { syswrite $to, join ",", grep { /^HTTP_X/ } sort keys %ENV; require POSIX; POSIX::_exit(0) } close $to; my $t = <$from>; waitpid $pid, 0; $t', 'HTTP_X_ONE,HTTP_X_TWO'],
    ['fork and exec', 'pipe my $from, my $to; my $pid = fork // die $!; if (!$pid) { $ENV{X_LATE} = "late"; open STDOUT, ">&", $to; exec "env" } close $to; my @l = grep { /^HTTP_X_ONE|^X_LATE/ } <$from>; waitpid $pid, 0; chomp @l; join ",", sort @l', 'HTTP_X_ONE=one,X_LATE=late'],
    ['an exec that fails', 'no warnings; $ENV{X_EXEC} = 1; exec "/no/such/program"; "here " . ($ENV{X_EXEC})', 'here 1'],
    ['a subrequest has its own', 'my $sub = $r->lookup_uri("/sub.pl?inner"); $sub->run; " $ENV{QUERY_STRING}"', qr/^inner one keys=\S* \d+$/],
    ['  the next request', 'shown()', ''],
    ['the path behind the script', '"$ENV{PATH_INFO} $ENV{SCRIPT_NAME} " . (defined $ENV{PATH_TRANSLATED} ? 1 : 0) . shown()', '/behind /probe.pl 1PATH_INFO PATH_TRANSLATED SCRIPT_NAME', '/behind'],
);
my $conf = <<'C';
PerlPassEnv FROM_PASSED
PerlSetEnv  FROM_SERVER server
PerlRequire @root@/startup.pl
PerlInterpStart 1
PerlInterpMax 1
@one_child@
RewriteEngine On
RewriteRule ^/ - [E=REWRITTEN:by\ rule]
<Directory @root@/htdocs>
    SetHandler perl-class
    Options +ExecCGI
    SetEnv SET_ENV "by httpd"
    PerlSetEnv DIR_SET dir
</Directory>
<Location /script>
    SetHandler perl-script
    PerlOptions +LazyEnv
    PerlResponseHandler My::script
</Location>
<Location /eager>
    PerlOptions -LazyEnv
</Location>
<PerlInterpClass tainted>
    PerlClassLocation @root@/htdocs/tainted
    PerlSwitches -T
    PerlInterpMax 1
</PerlInterpClass>
<PerlInterpClass threaded>
    PerlClassLocation @root@/htdocs/threaded
    PerlModule threads
    PerlInterpMax 1
</PerlInterpClass>
C
my %files = (
    'startup.pl' => <<'P',
$ENV{STARTED} = 'by start-up code';
$ENV{SERVER_NAME} = 'none of the request';
package My;
use Apache2::SubRequest ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
our $env = \%ENV;
our ($kept, $var);
$var = '@var@';
sub names { join ' ', grep { /^(?:HTTP_X|REQUEST_M|QUERY|SERVER_N|PATH_[IT]|SCRIPT_N)/ } sort keys %ENV }
sub script { my $r = shift; $r->content_type('text/plain'); $r->print(names(), "|$ENV{HTTP_X_ONE}|", names()); 0 }
1;
P
    'htdocs/probe.pl' => <<'P' . join(",\n", map { "sub { my \$r = shift; $_->[1] }" } @PROBES) . <<'Q',
use strict;
no warnings qw(void once uninitialized);
package TestFile { sub slurp { open my $f, '<', $_[0] or return ''; local $/; <$f> } }
sub shown { My::names() }
sub child { my @names = @_; my %h = map { /^([^=]+)=(.*)$/ ? ($1 => $2) : () } split /\n/, `env`; join ',', map { "$_=" . (defined $h{$_} ? $h{$_} : 'none') } @names }
sub child_of { my ($name) = @_; child($name) =~ s/^$name=//r }
my $r = shift;
print "Content-Type: text/plain\n\n";
my @code = (
P
);
my ($n) = $r->args =~ /^(\d+)/;
my $got = eval { $code[$n]->($r) };
print defined $got ? $got : "died: $@";
Q
    'htdocs/sub.pl'   => q{print "Content-Type: text/plain\n\n$ENV{QUERY_STRING} $ENV{HTTP_X_ONE} keys=", scalar(grep { /^QUERY|^HTTP_X_ONE/ } keys %ENV);},
    (map { $_ => q{print "Content-Type: text/plain\n\n", My::names(), "|$ENV{HTTP_X_ONE}|", My::names();} } 'htdocs/plain.pl', 'htdocs/eager/plain.pl'),
    'htdocs/tainted/t.pl' => q{use Scalar::Util 'tainted'; print "Content-Type: text/plain\n\n", join ' ', ${^TAINT}, map { tainted($ENV{$_}) ? 1 : 0 } qw(HTTP_X_ONE REQUEST_METHOD PATH);},
    'htdocs/threaded/t.pl' => q{use threads; print "Content-Type: text/plain\n\n", threads->create(sub { join ' ', $ENV{HTTP_X_ONE} // 'undef', scalar grep { /^HTTP_X/ } keys %ENV })->join, " $ENV{HTTP_X_TWO}";},
    'htdocs/error.pl' => qq{print "Content-Type: text/plain\\n\\n"; die 'told';\n},
    'htdocs/page.pl'  => qq{print "Content-Type: text/plain\\n\\n\$ENV{REDIRECT_HTTP_X_ONE} \$ENV{REDIRECT_REQUEST_METHOD}";\n},
    'htdocs/names.pl' => q{print "Content-Type: text/plain\n\n$ENV{SERVER_NAME} ", exists $ENV{GATEWAY_INTERFACE} ? 1 : 0;},
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['rewrite'], config => "ErrorDocument 500 /page.pl\n$conf", files => \%files,
        env => { FROM_OUTSIDE => 'outside', REQUEST_METHOD => 'WRONG', FROM_PASSED => 'passed' });
    my %send = ('X-One' => 'one', 'X-Two' => 'two');
    for my $at (0 .. $#PROBES) {
        my ($name, undef, $want, $behind) = @{ $PROBES[$at] };
        my $got = $s->get('/probe.pl' . ($behind // '') . "?$at", %send)->{content};
        ref $want ? like $got, $want, $name : is $got, $want, $name;
    }
    is $s->get('/script', %send)->{content}, '|one|HTTP_X_ONE', 'perl-script with +LazyEnv' for 1, 2;
    is $s->get('/plain.pl', %send)->{content}, '|one|HTTP_X_ONE', 'perl-class';
    like $s->get('/eager/plain.pl', %send)->{content}, qr/^HTTP_X_ONE HTTP_X_TWO .*REQUEST_METHOD.*\|one\|HTTP_X_ONE HTTP_X_TWO/, 'perl-class with -LazyEnv';
    is $s->get('/plain.pl', %send)->{content}, '|one|HTTP_X_ONE', '  both in one interpreter';
    is $s->get('/names.pl', %send)->{content}, '127.0.0.1 1', 'a name of CGI\'s is the request\'s, whatever start-up code has set';
    is $s->get('/tainted/t.pl', %send)->{content}, '1 1 1 1', 'under -T what is fetched is tainted';
    is $s->get('/threaded/t.pl', %send)->{content}, 'one 2 two', 'a thread has all of them' if $s->is_threaded;
    is $s->get('/error.pl', %send)->{content}, 'one GET', 'the page of an error is told of the request that failed';
    $s->expect_log(qr/told at/);
});

done_testing;
