# %ENV under perl-script is for a script what it is under mod_perl, and what child processes see of it.
use lib 't/lib';
use TestHttpd;

# Each is a request of its own, in this order, to one interpreter: name, code, what it gives (measured on mod_perl 2.0.12, the
# same on event and prefork), and what it gives here where that differs. It differs in two things. mod_perl loses a variable of
# the process (STARTED here; MOD_PERL, too) for good once a response has localised %ENV or set it; here a response ends and
# all is as it was. And a reference to %ENV taken at start-up shows the request's.
my @PROBES = (
    ['a list of names', 'join ",", grep { /^(?:HTTP_X|QUERY|REQUEST_METHOD|MOD_PERL|STARTED|FROM|DIR|NOT)/ } sort keys %ENV',
        'DIR_SET,FROM_OUTSIDE,FROM_SERVER,HTTP_X_ONE,HTTP_X_TWO,MOD_PERL,MOD_PERL_API_VERSION,QUERY_STRING,REQUEST_METHOD,STARTED'],
    ['names and values', 'show()', 'all'],
    ['each', 'my %h; while (my ($k, $v) = each %ENV) { $h{$k} = $v } show(\%h)', 'all'],
    ['values', 'scalar grep { $_ eq "one" } values %ENV', '1'],
    ['in list context', 'my @all = %ENV; @all == 2 * keys %ENV ? "pairs" : "no"', 'pairs'],
    ['as a truth value', '(%ENV ? 1 : 0) . (!%ENV ? 1 : 0) . (scalar(%ENV) > 10 ? 1 : 0)', '101'],
    ['exists and defined', 'join "", map { (exists $ENV{$_} ? 1 : 0) . (defined $ENV{$_} ? 1 : 0) } qw(HTTP_X_ONE HTTP_X_NONE STARTED)', '110011'],
    ['a test makes nothing', 'my $x = $ENV{X_NEVER}; my $y = exists $ENV{X_NEVER2}{a}; join ",", exists $ENV{X_NEVER} ? 1 : 0, ref $ENV{X_NEVER2}',
        '0,HASH'],
    ['a slice', 'join ",", @ENV{qw(HTTP_X_ONE HTTP_X_TWO)}', 'one,two'],
    ['a slice of pairs', 'my %h = %ENV{qw(HTTP_X_ONE HTTP_X_TWO)}; join ",", map { "$_$h{$_}" } sort keys %h', 'HTTP_X_ONEone,HTTP_X_TWOtwo'],
    ['a copy', 'my %c = %ENV; $ENV{HTTP_X_ONE} = "changed"; $c{HTTP_X_TWO} = "mine"; "$c{HTTP_X_ONE} $ENV{HTTP_X_TWO}"', 'one two'],
    ['a copy of a value', 'my $c = $ENV{HTTP_X_ONE}; $ENV{HTTP_X_ONE} = "changed"; $c', 'one'],
    ['as arguments', 'sub { $_[1] = "x"; my %h = @_; scalar keys %h }->(%ENV) == keys %ENV ? "all" : "not all"', 'all'],
    ['through a reference taken at start-up', '"$env->{HTTP_X_ONE} " . show($env)',
        ' all -HTTP_X_ONE -HTTP_X_TWO -QUERY_STRING -REQUEST_METHOD', 'one all'],
    ['through the glob', '*ENV{HASH}{HTTP_X_ONE} . " " . (\%ENV == *ENV{HASH} ? "same" : "another")', 'one same'],
    ['a symbolic name', 'no strict "refs"; ${"ENV"}{HTTP_X_ONE} . ${"main::ENV"}{HTTP_X_TWO}', 'onetwo'],
    ['delete', 'my $v = delete $ENV{HTTP_X_ONE}; $v . (exists $ENV{HTTP_X_ONE} ? " there" : " gone")', 'one gone'],
    ['  is undone', 'show()', 'all'],
    ['delete of several', 'join ",", (delete @ENV{qw(HTTP_X_ONE HTTP_X_TWO)}), show()', 'one,two,all -HTTP_X_ONE -HTTP_X_TWO'],
    ['delete of what start-up set', 'delete $ENV{STARTED}; show()', 'all -STARTED'],
    ['  is undone', 'show()', 'all'],
    ['everything deleted', '%ENV = (); scalar keys %ENV', '0'],
    ['  is undone', 'show()', 'all'],
    ['undef', 'undef %ENV; scalar keys %ENV', '0'],
    ['  is undone', 'show()', 'all'],
    ['an assignment to all', '%ENV = (X_A => 1, X_B => 2); show()', 'only X_A=1 X_B=2'],
    ['  is undone', 'show()', 'all'],
    ['a new variable', '$ENV{X_NEW} = "new"; show()', 'all X_NEW=new'],
    ['  is gone', 'show()', 'all'],
    ['a changed one', '$ENV{QUERY_STRING} .= " more"; show()', 'all QUERY_STRING=29 more'],
    ['  is undone', 'show()', 'all'],
    ['set to undef', '$ENV{HTTP_X_ONE} = undef; (exists $ENV{HTTP_X_ONE} ? 1 : 0) . (defined $ENV{HTTP_X_ONE} ? 1 : 0) . "[$ENV{HTTP_X_ONE}]"',
        '10[]'],
    ['set to a number', '$ENV{X_N} = 5; $ENV{X_N}++; $ENV{X_N} + 1', '7'],
    ['set to a reference', '$ENV{X_R} = [1]; $ENV{X_R} =~ /^ARRAY/ ? (ref $ENV{X_R} || "text") : "no"', 'ARRAY'],
    ['local of one', 'my $in = do { local $ENV{HTTP_X_ONE} = "l"; show() }; "$in|" . show()', 'all HTTP_X_ONE=l|all'],
    ['local of a new one', 'my $in = do { local $ENV{X_L} = "l"; show() }; "$in|" . show()', 'all X_L=l|all'],
    ['local without a value', 'my $in = do { local $ENV{HTTP_X_ONE}; (exists $ENV{HTTP_X_ONE} ? 1 : 0) . (defined $ENV{HTTP_X_ONE} ? 1 : 0) }; "$in|$ENV{HTTP_X_ONE}"',
        '10|one'],
    ['delete local', 'my $in = do { delete local $ENV{HTTP_X_ONE}; exists $ENV{HTTP_X_ONE} ? 1 : 0 }; "$in|$ENV{HTTP_X_ONE}"', '0|one'],
    ['local of a slice', 'my $in = do { local @ENV{qw(HTTP_X_ONE X_M)} = (1, 2); show() }; "$in|" . show()', 'all HTTP_X_ONE=1 X_M=2|all'],
    ['local of all', 'my $in = do { local %ENV = (X_A => 1); show() }; "$in|" . show()', 'only X_A=1|all'],
    ['local of all, empty', 'my $in = do { local %ENV; scalar keys %ENV }; "$in|" . show()', '0|all -STARTED', '0|all'],
    ['local of all with itself', 'my $in = do { local %ENV = %ENV; show() }; "$in|" . show()', 'all -STARTED|all -STARTED', 'all|all'],
    ['local of all with itself and more', 'my $in = do { local %ENV = (%ENV, X_M => 1); $ENV{X_K} = 2; show() }; "$in|" . show()',
        'all -STARTED X_K=2 X_M=1|all -STARTED', 'all X_K=2 X_M=1|all'],
    ['local that die leaves', 'my $in = eval { local $ENV{HTTP_X_ONE} = "l"; local %ENV = (X_D => 1); die show() . "\n" }; "$@" =~ s/\n//r . "|" . show()',
        'only X_D=1|all -STARTED', 'only X_D=1|all'],
    ['  the next request', 'show()', 'all -STARTED', 'all'],
    ['a local glob', 'my $in = do { local *ENV = { X_G => 1 }; show() }; "$in|" . show()', 'only X_G=1|all -STARTED', 'only X_G=1|all'],
    ['the next request after that', 'show()', 'all -STARTED', 'all'],
    ['a reference to a value', 'my $ref = \$ENV{HTTP_X_ONE}; $$ref = "by reference"; $ENV{HTTP_X_ONE}', 'by reference'],
    ['a reference to the value of another', 'my $ref = \$ENV{HTTP_X_ONE}; $ENV{HTTP_X_ONE} = "set"; $$ref', 'set'],
    ['a value kept by reference', '$kept = \$ENV{HTTP_X_ONE}; $$kept', 'one'],
    ['  stays what it was', '$$kept . " " . $ENV{HTTP_X_ONE} . " " . (\$ENV{HTTP_X_ONE} == $kept ? "same" : "another")', 'one one another'],
    ['  is not changed by us', '$ENV{HTTP_X_ONE} = "other"; $$kept', 'one'],
    ['  does not change ours', '$$kept = "theirs"; $ENV{HTTP_X_ONE}', 'one'],
    ['aliases of all values', 's/^one\z/ONE/ for values %ENV; $ENV{HTTP_X_ONE}', 'ONE'],
    ['an alias of one', 'for ($ENV{HTTP_X_TWO}) { $_ = "2" } $ENV{HTTP_X_TWO}', '2'],
    ['an alias as argument', 'sub { $_[0] = "set" }->($ENV{HTTP_X_TWO}); $ENV{HTTP_X_TWO}', 'set'],
    ['  the next request', 'show()', 'all -STARTED', 'all'],
    ['a closure', '$other = sub { show() }; $other->()', 'all -STARTED', 'all'],
    ['  sees each request\'s', '$other->()', 'all -STARTED', 'all'],
    ['subprocess_env', '$ENV{X_SUB} = "env"; $r->subprocess_env->{X_T} = "table"; join ",", $r->subprocess_env("X_SUB") // "none", $ENV{X_T} // "none", $r->subprocess_env("HTTP_X_ONE")',
        'env,none,one'],
    ['backticks: the request', 'child(qw(HTTP_X_ONE QUERY_STRING REQUEST_METHOD GATEWAY_INTERFACE))',
        'HTTP_X_ONE=none,QUERY_STRING=none,REQUEST_METHOD=none,GATEWAY_INTERFACE=none'],
    ['backticks: markers and the configuration', 'child(qw(MOD_PERL MOD_PERL_API_VERSION FROM_OUTSIDE FROM_SERVER DIR_SET NOT_PASSED))',
        'MOD_PERL=none,MOD_PERL_API_VERSION=none,FROM_OUTSIDE=outside,FROM_SERVER=none,DIR_SET=none,NOT_PASSED=x'],
    ['backticks: PATH and TZ', 'child(qw(PATH TZ)) eq "PATH=$ENV{PATH},TZ=$ENV{TZ}" ? "the same" : child(qw(PATH TZ))', 'the same'],
    ['backticks: start-up', 'child("STARTED")', 'STARTED=by start-up code'],
    ['backticks: what a script sets', '$ENV{X_SET} = "set"; child(qw(X_SET STARTED))', 'X_SET=none,STARTED=by start-up code'],
    ['  the next request', 'child(qw(X_SET STARTED))', 'X_SET=none,STARTED=by start-up code'],
    ['backticks: what a script localises', 'local $ENV{X_LOC} = "set"; local $ENV{PATH} = "$ENV{PATH}:/nowhere"; child("X_LOC") . (child("PATH") =~ /nowhere/ ? " path" : " old path")',
        'X_LOC=none old path'],
    ['  the next request', 'child("X_LOC") . (child("PATH") =~ /nowhere/ ? " path" : " old path")', 'X_LOC=none old path'],
    ['backticks: what a script deletes', 'delete $ENV{STARTED}; child("STARTED")', 'STARTED=by start-up code'],
    ['  the next request', 'child("STARTED")', 'STARTED=by start-up code'],
    ['backticks: local %ENV', 'local %ENV = (%ENV, X_ALL => 1); child(qw(X_ALL STARTED HTTP_X_ONE))',
        'X_ALL=none,STARTED=by start-up code,HTTP_X_ONE=none'],
    ['  the next request', 'child(qw(X_ALL STARTED HTTP_X_ONE MOD_PERL))', 'X_ALL=none,STARTED=by start-up code,HTTP_X_ONE=none,MOD_PERL=none'],
    ['backticks: %ENV = ()', '%ENV = (PATH => $ENV{PATH}, X_ONLY => 1); child(qw(X_ONLY STARTED HTTP_X_ONE MOD_PERL))',
        'X_ONLY=none,STARTED=by start-up code,HTTP_X_ONE=none,MOD_PERL=none'],
    ['  the next request', 'child(qw(X_ONLY STARTED HTTP_X_ONE MOD_PERL))', 'X_ONLY=none,STARTED=by start-up code,HTTP_X_ONE=none,MOD_PERL=none'],
    ['system', '$ENV{X_SYS} = 1; join ",", map { system("test -n \"\$$_\"") >> 8 } qw(PATH X_SYS HTTP_X_ONE STARTED)', '0,1,1,0'],
    ['system with a list', 'system("/bin/sh", "-c", "test -n \"\$HTTP_X_ONE\"") >> 8', '1'],
    ['a pipe', 'open my $p, "-|", "env" or die $!; my $n = grep { /^HTTP_X_ONE|^X_/ } <$p>; close $p; $n', '0'],
    ['env with a given list', 'my $x = $ENV{HTTP_X_ONE}; my $t = `env X_G=$x sh -c "echo \$X_G"`; chomp $t; $t', ''],
    ['an END block that the response calls', 'our $ended; require ModPerl::Global; ModPerl::Global::special_list_register(END => "My::Called"); $ENV{X_E} = 1;
        eval q{package My::Called; END { $My::Env::ended = My::Env::show() . " " . My::Env::child("X_E") } 1} or die $@; ModPerl::Global::special_list_call(END => "My::Called"); $ended',
        'all -STARTED X_E=1 X_E=none', 'all X_E=1 X_E=none'],
    ['an END block compiled in a response', 'eval q{package My::Later; END { T::Trace::note("later", My::Env::show()) } 1} or die $@; "ok"', 'ok'],
    ['at the end', 'show()', 'all -STARTED', 'all'],
    ['a changed one of start-up\'s', '$ENV{STARTED} = "changed"; show() . " " . child("STARTED")', 'all STARTED=changed STARTED=by start-up code'],
    ['  the next request', 'show() . " " . child("STARTED")', 'all -STARTED STARTED=by start-up code', 'all STARTED=by start-up code'],
);

my %modules = (trace_module, 'My/Env.pm' => <<'P' . '@code = (' . join(",\n", map { "sub { my \$r = shift; $_->[1] }" } @PROBES) . ");\n1;\n");
package My::Env;
use strict;
use warnings;
no warnings qw(once uninitialized);
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
our (@code, $kept, $other, %seen);
our $env = \%ENV;
BEGIN { $ENV{STARTED} = 'by start-up code' }
# What %ENV has of what is looked at here: "all", and what is missing or different; with most of it missing, what there is.
our $n = 0;
sub show {
    my %h = @_ ? %{ $_[0] } : %ENV;
    my %all = (DIR_SET => 'dir', FROM_OUTSIDE => 'outside', FROM_SERVER => 'server', HTTP_X_ONE => 'one', HTTP_X_TWO => 'two', QUERY_STRING => $n,
        REQUEST_METHOD => 'GET', STARTED => 'by start-up code');
    my @there = map { "$_=$h{$_}" } grep { /^X_/ || exists $all{$_} } sort keys %h;
    my @differs = map { !exists $h{$_} ? "-$_" : exists $all{$_} && $h{$_} eq $all{$_} ? () : "$_=$h{$_}" } grep { /^X_/ || exists $all{$_} } sort keys %{ { %all, %h } };
    return @differs > 5 ? "only @there" : join ' ', 'all', @differs;
}
sub child { my @names = @_; my %h = map { /^([^=]+)=(.*)$/ ? ($1 => $2) : () } split /\n/, `env`; join ',', map { "$_=" . (defined $h{$_} ? $h{$_} : 'none') } @names }
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    ($n) = $r->args =~ /^(\d+)/;
    my $got = eval { $code[$n]->($r) };
    $r->print(defined $got ? $got : "died: $@");
    return Apache2::Const::OK;
}
sub plain { my $r = shift; $r->content_type('text/plain'); $ENV{X_PLAIN} = 'plain'; $r->print(join '|', show(), child('X_PLAIN', 'DIR_SET')); 0 }
sub fixup { T::Trace::note('fixup', show()); 0 }
sub log   { T::Trace::note('log', show()); 0 }
END { T::Trace::note('END', show(), $ENV{MOD_PERL}) }
P
my $conf = <<'C';
PerlPassEnv FROM_OUTSIDE
PerlSetEnv  FROM_SERVER server
PerlModule My::Env
PerlInterpStart 1
PerlInterpMax 1
@one_child@
<Location /env>
    SetHandler perl-script
    PerlSetEnv DIR_SET dir
    PerlFixupHandler My::Env::fixup
    PerlResponseHandler My::Env
    PerlLogHandler My::Env::log
</Location>
<Location /plain>
    SetHandler modperl
    PerlResponseHandler My::Env::plain
</Location>
C
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf, env => { FROM_OUTSIDE => 'outside', NOT_PASSED => 'x' });
    for my $at (0 .. $#PROBES) {
        my ($name, $code, $want, $ours) = @{ $PROBES[$at] };
        is $s->get("/env/?$at", 'X-One' => 'one', 'X-Two' => 'two')->{content}, ours && defined $ours ? $ours : $want, $name;
    }
    # A request's log may come after the next one's fixup.
    my @trace = $s->trace;
    my ($fixup, $log) = map { my $phase = $_; (grep { /^$phase/ } @trace)[0] } qw(fixup log);
    is_deeply [$fixup, $log], [map { "$_ all -HTTP_X_ONE -HTTP_X_TWO -QUERY_STRING -REQUEST_METHOD" } qw(fixup log)],
        'other handlers see what the configuration sets, and nothing of the response';
    # SetHandler modperl: what a handler sets stays, and reaches child processes where %ENV is the process's.
    my $kept   = ours ? 'STARTED=by start-up code ' : '';
    my $reach  = $mpm eq 'prefork' ? 'plain' : 'none';
    my $plain  = "only FROM_OUTSIDE=outside FROM_SERVER=server ${kept}X_PLAIN=plain|X_PLAIN=$reach,DIR_SET=none";
    is $s->get('/plain')->{content}, $plain, 'modperl: nothing of the directory of an earlier perl-script; what is set' for 1, 2;
    $s->get('/env/?0');
    is $s->get('/plain')->{content}, $plain, '  stays past another perl-script';

    $s->trace;
    $s->terminate;
    ok $s->wait_ended, 'the server ends';
    my @end = grep { /^(?:END|later)/ } $s->trace;
    ok scalar(grep { /^END .*mod_perl\/2/ } @end), 'END blocks see the variables of the process';
    is_deeply [grep { /HTTP_X_ONE=|X_NEW|DIR_SET=|changed/ } @end], [], '  and nothing of a request';
    # mod_perl tears down its parent interpreter only.
    ok scalar(grep { /^later/ } @end), '  those compiled in a response as well' if ours || $mpm eq 'event';
    $s->expect_log(qr/AH00161/);
    $s->stop;
});

done_testing;
