# The Makefile as a user meets it: one build for all targets, an installation that compiles nothing and can be taken back, and
# a demo server that leaves nothing behind. cargo is a stand-in here that writes down what it is called with.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use File::Temp ();

plan skip_all => 'make is not here' unless qx{make --version 2>/dev/null};
plan skip_all => 'is about this module' unless ours;
plan skip_all => "there is no @{[ TestHttpd::module_so() ]}" unless -e TestHttpd::module_so();

my $top = TestHttpd::top();
my $tmp = File::Temp::tempdir('mod_interp_make.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $tmp;
mkdir "$tmp/target";
mkdir "$tmp/target/release";
symlink TestHttpd::module_so(), "$tmp/target/release/libmod_interp.so" or die;
spew("$tmp/target/release/modinterp", "#!/bin/sh\n");
spew("$tmp/cargo", <<'SH');
#!/bin/sh
if [ "$1" = --version ]; then echo "cargo ${FAKE_VERSION:-1.99.0} (stand-in)"; exit 0; fi
if [ "$2" = --version ]; then [ "$1" != "${FAKE_LACKS-}" ]; exit; fi
if [ "$1" = deny ]; then exit 0; fi
if [ "$1" = metadata ]; then PATH="$PATH:$HOME/.cargo/bin" exec cargo "$@"; fi
echo "$* APXS=${APXS-unset} APR_CONFIG=${APR_CONFIG-unset} PERL=${PERL-unset}" >>"$0.calls"
SH
chmod 0755, "$tmp/cargo";

# Runs make with assignments for its environment, then words: its status and all that it printed.
sub make {
    my ($env, @words) = @_;
    my $pid = open my $out, '-|';
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS APXS APR_CONFIG PERL FEATURES MOD_INTERP_SO SUDO_USER DESTDIR)};
        @ENV{ keys %$env } = values %$env;
        no warnings "exec";
        exec 'make', '-C', $top, '--no-print-directory', @words;
        POSIX::_exit(127);
    }
    local $/;
    my $text = <$out>;
    close $out;
    return ($? >> 8, $text);
}

sub calls { my $text = slurp("$tmp/cargo.calls"); unlink "$tmp/cargo.calls"; return $text }

subtest 'one build for all' => sub {
    my $cargo = "CARGO=$tmp/cargo";
    chomp(my $apxs = qx{sh -c "command -v apxs"});
    make({}, $cargo, 'build');
    my $usual = calls();
    like $usual, qr/^build --release APXS=unset APR_CONFIG=unset PERL=unset$/, 'make calls cargo once, with nothing but its own words';
    for my $way ([ {}, 'APXS=apxs' ], [ { APXS => 'apxs' } ], [ { APXS => $apxs } ], [ {}, "APXS=$apxs" ], [ { PERL => 'perl', APR_CONFIG => 'apr-1-config' } ]) {
        my ($env, @words) = @$way;
        make($env, $cargo, @words, 'build');
        is calls(), $usual, join ' ', map({ "$_=$env->{$_}" } sort keys %$env), 'make', @words, 'is the same build';
    }
    my (undef, $serve) = make({}, $cargo, '-n', 'serve');
    unlike $serve =~ s/^\S*DEPS=.*\n//mgr, qr/cargo.*APXS|APXS.*cargo/, 'make serve tells cargo nothing of apxs';
    make({}, $cargo, 'APXS=/bin/true', 'build');
    like calls(), qr{APXS=/bin/true }, 'another httpd is another build';
};

subtest 'no cargo, or an old one' => sub {
    my ($status, $text) = make({ HOME => $tmp }, "CARGO=$tmp/none", 'build');
    is $status, 2, 'without cargo make fails';
    my @lines = grep { !/^make: \*\*\*/ } split /\n/, $text;
    is scalar @lines, 1, 'with one line' or diag $text;
    like $lines[0], qr{none not found; Rust [\d.]+ or newer is needed .*sh\.rustup\.rs \| sh -s -- -y --profile minimal -c clippy -c rustfmt;}, 'that says how to get Rust';
    (undef, $text) = make({ FAKE_VERSION => '1.63.0', PATH => '/usr/bin:/bin' }, "CARGO=$tmp/cargo", 'build');
    like $text, qr{cargo is 1\.63\.0; Rust [\d.]+ or newer is needed: .*rustup}, 'one that is too old is told apart';
    is calls(), '', 'and not used';
};

subtest 'no clippy' => sub {
    my ($status, $text) = make({ FAKE_LACKS => 'clippy' }, "CARGO=$tmp/cargo", 'lint');
    is $status, 2, 'without clippy make lint fails';
    like $text, qr{^make lint: clippy or rustfmt is not there: rustup component add clippy rustfmt$}m, 'and says how to get it';
    is calls(), '', 'before anything else';
    for (['1.95.0', ' -- -D warnings'], ['1.99.1', '']) {
        my ($version, $deny) = @$_;
        ($status, $text) = make({ FAKE_VERSION => $version }, "CARGO=$tmp/cargo", 'lint');
        is $status, 0, "make lint with cargo $version" or diag $text;
        like calls(), qr/^clippy --workspace --all-targets$deny APXS/m, $deny ? 'fails for a warning' : 'shows warnings and goes on';
    }
};

subtest 'serve on a port that is none' => sub {
    my %asked = (
        'PORT=abc'   => qr{PORT=abc is not a port: a number from 1 to 65535 is},
        'PORT=0'     => qr{PORT=0 is not a port},
        'PORT=70000' => qr{PORT=70000 is not a port},
        'PORT=8080x' => qr{PORT=8080x is not a port},
        'MPM=nope'   => qr{MPM=nope is not an MPM: event, worker and prefork are},
        $> ? ('PORT=80' => qr{port 80 on 127\.0\.0\.1 cannot be had \(.+\); choose another}) : (),
    );
    for my $word (sort keys %asked) {
        my ($status, $text) = make({}, "CARGO=$tmp/cargo", 'serve', $word);
        is $status, 2, "make serve $word fails";
        my @lines = grep { !/^make: \*\*\*/ } split /\n/, $text;
        is scalar @lines, 1, 'with one line' or diag $text;
        like $lines[0], qr/^make serve: $asked{$word}/, 'that says why';
    }
    my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die;
    my (undef, $text) = make({}, "CARGO=$tmp/cargo", 'serve', 'PORT=' . $taken->sockport);
    like $text, qr{^make serve: port \d+ on 127\.0\.0\.1 cannot be had \(Address already in use\); choose another: make serve PORT=8081$}m, 'nor does it on one that is taken';
};

subtest 'install by a user who may not' => sub {
    plan skip_all => 'needs root, to be another user' if $>;
    my $user = getpwnam 'nobody' or plan skip_all => 'there is no user nobody';
    mkdir "$tmp/locked";
    for my $action ('install', 'uninstall') {
        my $text = `setpriv --reuid=$user --clear-groups env SO=$tmp/target/release/libmod_interp.so DESTDIR=$tmp/locked sh $top/apache-conf/install $action 2>&1`;
        plan skip_all => 'nobody cannot read this folder' if $text =~ /setpriv|can't open/i;
        isnt $?, 0, "make $action fails";
        is $text, "make $action: $tmp/locked may be written by root only: sudo make $action\n", 'and says what to do, in one line';
    }
};

subtest 'install and uninstall' => sub {
    my $root    = "$tmp/root";
    my $modules = $root . TestHttpd::libexecdir();
    my $conf    = "$root/etc/apache2/mods-available";
    my @no      = ('CARGO=false', "DESTDIR=$root", "CARGO_TARGET_DIR=$tmp/target");

    my ($status, $text) = make({}, 'CARGO=false', "DESTDIR=$root", "CARGO_TARGET_DIR=$tmp/empty", 'install');
    is $status, 2, 'with nothing built make install fails';
    like $text, qr{^make install: there is no \Q$tmp\E/empty/release/libmod_interp\.so to install: run make first}, 'and says so';
    ok !-e $root, 'nothing was made';

    ($status, $text) = make({}, @no, 'install');
    is $status, 0, 'make install needs no cargo' or diag $text;
    ok -s "$modules/mod_interp.so" && -e "$modules/mod_interp/lib/Apache2/RequestRec.pm", 'the module and its library are there';
    is sprintf('%o', (stat "$modules/mod_interp.so")[2] & 0777), '644', 'readable for all';
    like slurp("$conf/mod_interp_perl.load"), qr{^LoadModule perl_module \S+/mod_interp\.so$}m, 'the .load file of Perl';
    my $lua = TestHttpd::Lua::has_lua();
    is !!-e "$conf/mod_interp_lua.load", !!$lua, $lua ? 'and of Lua' : 'none of Lua, which is not built in';
    like $text, qr{^installed \Q$modules\E/mod_interp\.so; now: mod_interp-check; sudo a2dismod perl}m, 'it says what comes next';

    chomp(my $sbin = $root . qx{apxs -q SBINDIR});
    ok -x "$sbin/mod_interp-check", 'the checker is there, where httpd is';
    my $site = "$tmp/site.conf";
    spew($site, "LoadModule mpm_event_module @{[ TestHttpd::libexecdir() ]}/mod_mpm_event.so\nLoadModule perl_module /nowhere/mod_perl.so\n");
    like qx{'$sbin/mod_interp-check' --module '$modules/mod_interp.so' -f '$site'}, qr{^\Q$site\E:2: change: LoadModule perl_module /nowhere/}m, 'and reads a configuration';
    like slurp("$sbin/mod_interp-check"), qr{^my \$SO = '\Q@{[ TestHttpd::libexecdir() ]}\E/mod_interp\.so';$}m, 'knowing where the module is installed';

    chomp(my $bin = $root . qx{apxs -q BINDIR});
    ok -x "$bin/modinterp", 'modinterp is where commands of all users are';

    my $httpd = TestHttpd::httpd();
    my $load  = join '', map { slurp($_) } glob "$conf/*.load $conf/*.conf";
    $load =~ s{(\s)/\S+/mod_interp\.so}{$1$modules/mod_interp.so}g;
    my ($ended, $said) = TestHttpd->config_test(config => $load, perl => 0);
    is $ended, 0, 'httpd takes the installed files' or diag $said;

    spew("$conf/mod_interp_perl.conf", "PerlInterpMax 7\n");
    ($status, $text) = make({}, @no, 'install');
    like $text, qr{^kept \Q$conf\E/mod_interp_perl\.conf, which was changed$}m, 'a .conf file that was changed is kept';
    is slurp("$conf/mod_interp_perl.conf"), "PerlInterpMax 7\n", 'as it was';

    mkdir "$root/etc/apache2/mods-enabled";
    symlink "../mods-available/mod_interp_perl.load", "$root/etc/apache2/mods-enabled/mod_interp_perl.load";
    spew("$conf/other.load", "#\n");
    ($status, $text) = make({}, @no, 'uninstall');
    is $status, 0, 'make uninstall' or diag $text;
    is join(' ', map { s{^\Q$root\E}{}r } grep { -e || -l } "$sbin/mod_interp-check", "$bin/modinterp", "$modules/mod_interp.so", "$modules/mod_interp", glob "$root/etc/apache2/*/*"),
        '/etc/apache2/mods-available/mod_interp_perl.conf /etc/apache2/mods-available/other.load',
        'leaves what is not its own, and what was changed';
    ($status, $text) = make({}, @no, 'uninstall');
    is $status, 0, 'once more is no error';
    like $text, qr{^make uninstall: nothing of mod_interp is in}m, 'and said';
};

# By the script itself: make would be stopped together with it by the terminal.
subtest 'serve' => sub {
    plan skip_all => 'needs DBI and DBD::SQLite' unless eval { require DBD::SQLite; 1 };
    plan skip_all => 'needs Net::Server' unless eval { require Net::Server; 1 };
    plan skip_all => 'the demo has both languages' unless TestHttpd::Lua::has_lua();
    my $port = TestHttpd::free_port();
    mkdir "$tmp/serve";
    chmod 0755, "$tmp/serve";
    for my $signal ('INT', 'TERM') {
        my $pid = fork;
        die "fork: $!" unless defined $pid;
        if (!$pid) {
            setpgrp;
            open STDOUT, '>', "$tmp/said" or die;
            open STDERR, '>&', \*STDOUT;
            $SIG{INT} = $SIG{TERM} = 'DEFAULT';
            no warnings "exec";
            exec 'env', "TMPDIR=$tmp/serve", "PORT=$port", 'MPM=event', "MOD_INTERP_SO=" . TestHttpd::module_so(), 'MAKEFLAGS=',
                'make', '-C', $top, '--no-print-directory', 'serve';
            POSIX::_exit(127);
        }
        my $client = bless { port => $port, stopped => 1, owner => 0 }, "TestHttpd";
        ok wait_until(sub { ($client->get('/hello') || {})->{status} == 200 }), 'make serve serves' or diag slurp("$tmp/said");
        ok wait_until(sub { slurp("$tmp/said") =~ m{"GET /hello HTTP/1\.1" 200 } }), 'and shows a line for each request';
        ok -d (glob "$tmp/serve/mod_interp.*")[0], 'from a folder of its own';
        for my $language ('Perl', 'Lua') {
            my ($echo) = slurp("$tmp/said") =~ /nc 127\.0\.0\.1 (\d+) \($language\)/ or fail "no port of the echo server in $language";
            my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $echo // 0, Timeout => 20);
            like scalar(<$socket>), qr/^Say something/, "with an echo server in $language";
        }
        # The terminal's Ctrl-C is for the whole group.
        kill $signal eq 'INT' ? (INT => -$pid) : (TERM => $pid);
        waitpid $pid, 0;
        ok wait_until(sub { !kill 0, -$pid }), "SIG$signal ends all of it" or kill KILL => -$pid;
        is join(' ', glob "$tmp/serve/*"), '', 'and the folder is gone';
    }
};

done_testing;
