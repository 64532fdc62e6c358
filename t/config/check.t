# mod_interp-check tells what a site that runs mod_perl or mod_lua will meet, before its LoadModule lines are changed.
use lib 't/lib';
use TestHttpd;
use File::Temp ();
use JSON::PP ();

plan skip_all => 'is about this module' unless ours;
my $top = TestHttpd::top();
chomp(my $modules = qx{apxs -q LIBEXECDIR 2>/dev/null} || '/usr/lib/apache2/modules');
my $dir = File::Temp::tempdir('mod_interp_check.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
# The module with its Perl library beside it, as it is installed.
my $so = "$dir/modules/mod_interp.so";
File::Path::make_path("$dir/modules/mod_interp/lib");
File::Copy::copy(TestHttpd::module_so(), $so) or die;
system 'cp', '-R', glob("$top/lib/*"), "$dir/modules/mod_interp/lib";
spew("$dir/modules/mod_interp/lib/Apache2/Later.pm", "package Apache2::Later;\nuse ModInterp::NotYet;\n1;\n");

# A site: the files of a folder, and the options that the checker is called with.
sub site {
    my (%files) = @_;
    my $root = File::Temp::tempdir('site.XXXXXX', DIR => $dir);
    for my $name (keys %files) {
        (my $folder = "$root/$name") =~ s{/[^/]*$}{};
        File::Path::make_path($folder);
        spew("$root/$name", $files{$name} =~ s/\@root\@/$root/gr =~ s/\@modules\@/$modules/gr =~ s/\@so\@/$so/gr);
    }
    return $root;
}

sub check {
    my ($root, @args) = @_;
    my @command = ($^X, "$top/apache-conf/mod_interp-check", '--module', $so, '-f', "$root/httpd.conf", '--envvars', "$root/envvars", @args);
    spew("$root/envvars", "export SITE_ROOT=$root\n") unless -e "$root/envvars";
    open my $out, '-|', "@{[ map { qq{'$_'} } @command ]} 2>&1" or die;
    my $text = do { local $/; <$out> };
    close $out;
    return ($? >> 8, $text =~ s/\Q$root\E\///gr);
}

# The kinds and lines of what was found, as "file:line kind".
sub kinds { return [$_[0] =~ /^(\S+?:\d+: \w+)(?=: )/mg] }

my $HEAD = <<'C';
ServerRoot "@root@"
ServerName 127.0.0.1
Listen 127.0.0.1:9
LoadModule mpm_event_module "@modules@/mod_mpm_event.so"
LoadModule authz_core_module "@modules@/mod_authz_core.so"
C

subtest 'a site of mod_perl' => sub {
    my $root = site('httpd.conf' => $HEAD . <<'C', 'more/a.conf' => <<'A', 'startup.pl' => "open my \$f, '>', '\@root\@/ran'; 1;\n");
LoadModule perl_module /nowhere/mod_perl.so
IncludeOptional "${SITE_ROOT}/more/*.conf"
<IfModule mod_perl.c>
    PerlRequire "@root@/startup.pl"
    PerlOptions +GlobalReqest
    PerlLogHandler My::Log
    PerlSetEnv A b
    <Perl>
        open my $f, '>', '@root@/ran';
    </Perl>
</IfModule>
<IfModule !mod_perl.c>
    PerlOptions +NeverRead
</IfModule>
<IfDefine OLD>
    PerlInterpMax many
</IfDefine>
C
<VirtualHost *:9>
    <Location /x>
        SetHandler perl-script
        PerlResponseHandler ModPerl::RegistryPrefork
        PerlSetEnv A b
        PerlInterpMax 4
        PerlOptions None SetupEnv
    </Location>
    PerlSwitches -d
    Unknown to all
</VirtualHost>
A
    my ($status, $text) = check($root);
    is $status, 1, 'the status says that something is to be looked at' or diag $text;
    like $text, qr{^httpd\.conf:6: change: LoadModule perl_module /nowhere/mod_perl\.so: LoadModule perl_module \Q$so\E; on Debian: a2dismod perl; a2enmod mod_interp_perl \(docs/migration\.md#changing-over\)$}m,
        'the line to change is named, though mod_perl itself is not there';
    like $text, qr{^httpd\.conf:10: refused: PerlOptions \+GlobalReqest: "GlobalReqest" is not an option}m, 'an option that is none, in the words of the server';
    like $text, qr{^more/a\.conf:4: refused: PerlResponseHandler ModPerl::RegistryPrefork: ModPerl::RegistryPrefork: is for prefork alone}m, 'what is for prefork, on event';
    like $text, qr{^more/a\.conf:6: refused: PerlInterpMax 4: not allowed in a <Location> section}m, 'a line where it must not stand, in a file that is included by a variable';
    like $text, qr{^more/a\.conf:5: differs: PerlSetEnv A b: It holds while}m, 'what differs in a section is said of the line in a section';
    unlike $text, qr{httpd\.conf:12: differs}, 'and not of the one at server level';
    like $text, qr{^more/a\.conf:7: note: PerlOptions None SetupEnv: "SetupEnv" is lost in a <Location> section unless it has}m, 'an option without a sign';
    like $text, qr{^httpd\.conf:11: differs: PerlLogHandler My::Log: It runs when the answer is complete}m, 'what differs with threads';
    like $text, qr{^httpd\.conf:13: note: <Perl>: lines that its code makes are not looked at}m, 'what is made by code';
    like $text, qr{^httpd\.conf:4: note: LoadModule mpm_event_module: handlers run in several interpreters}m, 'the MPM';
    like $text, qr{^mod_interp-check: 1 change, 4 refused, \d+ differs, \d+ note$}m, 'and how much of each';
    unlike $text, qr/NeverRead|many/, 'what <IfModule> and <IfDefine> leave out is left out';
    ok !-e "$root/ran", 'no code is run';
    my @links = $text =~ m{\(docs/(\S+?)\)$}mg;
    my @broken = grep { my ($file, $anchor) = split /#/; !-e "$top/docs/$file" || defined $anchor
        && !grep { lc(s/^#+ //r =~ s/`//gr =~ s/[^\w\s-]//gr =~ s/\s/-/gr) eq $anchor } grep { /^#/ } split /\n/, slurp("$top/docs/$file") } @links;
    is_deeply \@broken, [], 'each link leads to a section of the documents';

    ($status, $text) = check($root, '-D', 'OLD');
    like $text, qr{^httpd\.conf:21: refused: PerlInterpMax many: "many" is not a number}m, 'a define brings its lines in';
    ($status, $text) = check($root, '--quiet');
    ok !(grep { !/: (?:refused|differs)$/ } @{ kinds($text) }), '--quiet leaves out what is no trouble';
    ($status, $text) = check($root, '--json');
    my $json = eval { JSON::PP::decode_json($text) };
    is $json && $json->{mpm}, 'event', '--json is an object';
    my ($change) = grep { $_->{kind} eq 'change' } @{ $json->{findings} };
    is_deeply [@$change{qw(file line link)}], ['httpd.conf', 6, 'docs/migration.md#changing-over'], 'with the same findings';
};

subtest 'with nothing to do' => sub {
    my $root = site('httpd.conf' => $HEAD =~ s/event/prefork/gr . <<'C');
LoadModule perl_module /nowhere/mod_perl.so
PerlSwitches -w
PerlSetVar a b
<Location /x>
    SetHandler modperl
    PerlResponseHandler My::H
</Location>
C
    my ($status, $text) = check($root);
    is $status, 0, 'but the line to change, the status is 0' or diag $text;
    is_deeply kinds($text), ['httpd.conf:4: note', 'httpd.conf:6: change'], 'and nothing else is said';
    ($status, $text) = check($root, '--quiet');
    is $text, '', '--quiet says nothing';
    $root = site('httpd.conf' => $HEAD);
    ($status, $text) = check($root);
    is $status, 0, 'a site without scripts';
    $root = site('httpd.conf' => $HEAD . qq{LoadModule perl_module $so\n});
    ($status, $text) = check($root);
    unlike $text, qr/: change: /, 'a site that has changed over has no line to change';
    $root = site('httpd.conf' => $HEAD . "IncludeOptional en/*.load\n", 'en/perl.load' => "LoadModule perl_module /nowhere/mod_perl.so\n",
        'en/mod_interp_perl.load' => slurp("$top/apache-conf/mod_interp_perl.load") =~ s{/usr/lib\S*}{$so}r);
    ($status, $text) = check($root);
    is $status, 0, 'as has one where a package has enabled mod_perl again' or diag $text;
    like $text, qr{^en/perl\.load:1: note: LoadModule perl_module /nowhere/mod_perl\.so: httpd passes over it}m, 'whose line is passed over';
};

subtest 'what cannot be read' => sub {
    my $root = site('httpd.conf' => $HEAD . "<Location /x>\n");
    my ($status, $text) = check($root);
    is $status, 2, 'the status is 2';
    like $text, qr/^mod_interp-check: httpd cannot read the configuration: .*<Location> was not closed/, q{with httpd's own words};
    ($status, $text) = check($root, '--wrong');
    is $status, 2, 'so it is with an option that is none';
    like $text, qr/usage: /, 'and the usage is shown';
    ($status, $text) = check("$root/none");
    is $status, 2, 'and with a file that is not there';
    ($status, $text) = check($root, '--module', '/nowhere/mod_interp.so');
    like $text, qr{there is no /nowhere/mod_interp\.so}, 'or a module that is not';
};

subtest '.htaccess' => sub {
    my $root = site('httpd.conf' => $HEAD . <<'C', 'a/.htaccess' => "<Files x>\n  PerlResponseHandler My::H\n</Files>\nPerlSetVar a b\n", 'b/in/.htaccess' => "PerlFixupHandler My::H\n", 'b/closed/.htaccess' => "PerlFixupHandler My::H\n");
LoadModule perl_module /nowhere/mod_perl.so
DocumentRoot "@root@/a"
<Directory "@root@">
    AllowOverride All
</Directory>
<Directory "@root@/b/closed">
    AllowOverride None
</Directory>
<VirtualHost *:9>
    DocumentRoot b
    PerlOptions +Htaccess
</VirtualHost>
C
    my ($status, $text) = check($root, '--htaccess');
    is $status, 1, 'files below each DocumentRoot are looked at' or diag $text;
    like $text, qr{^a/\.htaccess:2: refused: PerlResponseHandler My::H: runs code, which \.htaccess may do only where .*PerlOptions \+Htaccess" \(docs/migration\.md#first-htaccess-runs-no-code\)$}m, 'a line that would run code';
    unlike $text, qr{b/in/}, 'but not where the virtual host allows it';
    ($status, $text) = check($root);
    unlike $text, qr{htaccess:}, 'without the option they are not looked at';
    ($status, $text) = check($root, "--htaccess=$root/b");
    like $text, qr{^b/closed/\.htaccess:1: note: PerlFixupHandler My::H: .*; httpd does not read this file}m, 'one that AllowOverride closes is no trouble';
    like $text, qr{^b/in/\.htaccess:1: refused}m, 'a folder that is named is held against the main server';
};

subtest 'Perl code' => sub {
    my %files = ('startup.pl' => <<'P', 'lib/My/H.pm' => <<'H', 'lib/My/Used.pm' => "package My::Used;\nsub x { fork }\n=pod\n\nchdir\n\n=cut\n1;\n__END__\nchdir\n");
use lib '@root@/lib';
use Apache2::Reload ();
# chdir '/';
1;
P
package My::H;
use My::Used;
use My::Missing ();
sub handler { my ($r) = @_; chdir '/'; $r->child_terminate; my %x = (alarm => 1); $x->umask; 0 }
1;
H
    $files{'startup.pl'} = "use lib '\@root\@/theirs';\n$files{'startup.pl'}";
    $files{'theirs/auto/Apache2/RequestRec/RequestRec.so'} = '';
    my $conf = <<'C';
LoadModule perl_module /nowhere/mod_perl.so
PerlRequire startup.pl
<Location /x>
    SetHandler modperl
    PerlResponseHandler My::H
</Location>
C
    my $root = site(%files, 'httpd.conf' => $HEAD . $conf);
    my ($status, $text) = check($root);
    like $text, qr{^startup\.pl:3: note: use Apache2::Reload \(\);: Apache2::Reload: mod_interp has its own}m, 'a module of mod_perl that is replaced';
    like $text, qr{^lib/My/H\.pm:4: differs: sub handler .*: chdir: belongs to the process}m, 'a word that changes the process, on event';
    like $text, qr{^lib/My/H\.pm:4: differs: .*: child_terminate: dies under threads}m, 'and each one of a line';
    like $text, qr{^lib/My/Used\.pm:2: differs: .*: fork: }m, 'in modules that a module uses, found as the start-up file says';
    unlike $text, qr{startup\.pl:4|Used\.pm:(?:5|10)|: (?:alarm|umask): }, 'comments, POD, names that are no calls are passed over';
    like $text, qr{^startup\.pl:1: refused: use lib 'theirs';: theirs has mod_perl's own Apache2::RequestRec}m, 'a folder that would bring mod_perl\'s own library';
    spew("$root/later.pl", "use Apache2::Later;\n");
    spew("$root/later.conf", slurp("$root/httpd.conf") =~ s/startup\.pl/later.pl/r);
    (undef, $text) = check($root, '-f', "$root/later.conf");
    like $text, qr{^later\.pl:1: refused: use Apache2::Later;: Apache2::Later: mod_interp does not have it yet, and no other copy is in \@INC}m, 'a module that is not there yet';
    (undef, $text) = check($root, '--no-code');
    unlike $text, qr{\.pm:}, '--no-code does not look';
    $root = site(%files, 'httpd.conf' => $HEAD =~ s/event/prefork/gr . $conf);
    (undef, $text) = check($root);
    unlike $text, qr{: (?:chdir|child_terminate): }, 'on prefork the process is nobody else\'s';

    spew("$root/startup.pl", "use lib '$root/lib';\n1;\n");
    mkdir "$root/logs";
    my @load = '--load';
    ($status, $text) = check($root, @load);
    is $status, 1, '--load';
    like $text, qr{^httpd\.conf:10: refused: PerlResponseHandler My::H: My::H: Can't locate My/Missing\.pm in \@INC}m, 'says which handler cannot be loaded, and why' or diag $text;
    spew("$root/lib/My/Missing.pm", "1;\n");
    (undef, $text) = check($root, @load);
    unlike $text, qr/refused/, 'and nothing of one that can' or diag $text;
    spew("$root/startup.pl", "die qq{no database\\n};\n");
    (undef, $text) = check($root, @load);
    like $text, qr{^\S+:7: refused: httpd -t: .*no database}m, 'start-up code that fails is the finding' or diag $text;
};

subtest 'a site of mod_lua' => sub {
    plan skip_all => 'the module has no Lua' unless slurp($so) =~ /\0lua_module\0/;
    my $root = site('httpd.conf' => $HEAD . <<'C');
LoadModule lua_module /nowhere/mod_lua.so
LuaRoot "@root@"
<Location /x>
    LuaRoot "@root@/x"
    LuaHookCheckUserID a.lua f late
</Location>
LuaScope forever
LuaCodeCache forever
<LuaHookFixups early>
    return apache2.OK
</LuaHookFixups>
C
    my ($status, $text) = check($root);
    is $status, 1, 'is told as well' or diag $text;
    like $text, qr{^httpd\.conf:6: change: LoadModule lua_module .*a2dismod lua; a2enmod mod_interp_lua}m, 'the line to change';
    like $text, qr{^httpd\.conf:9: differs: LuaRoot .*mod_lua applies it to the whole server}m, 'what differs in a section';
    unlike $text, qr{^httpd\.conf:7: differs}m, 'and not outside';
    like $text, qr{^httpd\.conf:10: differs: LuaHookCheckUserID a\.lua f late: early and late have an effect}m, 'a hook';
    like $text, qr{^httpd\.conf:12: refused: LuaScope forever: "forever" is none of once, request}m, 'a word that is none';
    unlike $text, qr{^httpd\.conf:14: refused}m, 'a block is read as a block';
};

done_testing;
