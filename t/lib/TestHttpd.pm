package TestHttpd;

# A real httpd per test file: its configuration and handlers stand in the .t beside what they should do.
# What it offers a test is described in docs/testing.md; this file leaves clients to TestHttpd::Client, the log to
# TestHttpd::Log, looking at processes to TestHttpd::Proc, and Lua to TestHttpd::Lua. Core modules of perl only.

use strict;
use warnings;

use Cwd ();
use Exporter ();
use File::Basename qw(basename dirname);
use File::Copy ();
use File::Path qw(make_path remove_tree);
use File::Temp ();
use IO::Socket::INET ();
use POSIX ();
use Test::More ();
use Time::HiRes qw(sleep time);

use TestHttpd::Client ();
use TestHttpd::Log    ();
use TestHttpd::Proc   ();

our @ISA = ('TestHttpd::Client', 'TestHttpd::Log', 'TestHttpd::Proc');

our @EXPORT = qw(for_each_mpm done_testing wait_until slurp spew have_httpd_module ours scratch_package soak snippets trace_module);

# Seconds within which a server must listen, stop and restart. Generous: the machine may be busy (Valgrind more so).
our $DEADLINE = $ENV{T_DEADLINE} || 60;

my $TOP = Cwd::abs_path(dirname(__FILE__) . '/../..');
my %live;       # servers not stopped yet, by pid
my %cache;      # answers of apxs
my $main_pid = $$;

# Takes in Test::More as well, whose done_testing gives way to ours (which stops what still runs, and looks at its log).
sub import {
    my $class = shift;
    my $to    = caller;
    strict->import;
    warnings->import;
    Test::More->export_to_level(1, $class, grep { $_ ne 'done_testing' } @Test::More::EXPORT);
    no strict 'refs';
    *{"${to}::$_"} = \&{"TestHttpd::$_"} for @EXPORT;
    Test::More::plan(skip_all => 'the module is built without Perl') unless has_perl();
}

# A module that is not built yet counts as one with Perl: what is missing is said where it is started.
sub has_perl { !ours() || !-e module_so() || slurp(module_so()) =~ /\0perl_module\0/ }

# ---------------------------------------------------------------------------------------------- functions for tests

# Runs the code once per MPM as a subtest named after it; T_MPM="event prefork" leaves the others out.
sub for_each_mpm {
    my $code = pop;
    my @mpms = wanted_mpms(@_);
    return Test::More::plan(skip_all => "T_MPM leaves none of: @_") if !@mpms && !Test::More->builder->current_test;
    for my $mpm (@mpms) {
        Test::More::subtest($mpm => sub {
            my %before = %live;
            $code->($mpm);
            stop_all(keys %before);
            Test::More::done_testing();
        });
    }
}

sub wanted_mpms {
    my @mpms = @_;
    return @mpms unless $ENV{T_MPM};
    my %wanted = map { $_ => 1 } split /[\s,]+/, $ENV{T_MPM};
    return grep { $wanted{$_} } @mpms;
}

sub done_testing {
    stop_all();
    Test::More::done_testing(@_);
}

# Calls the code until it returns something true, which is returned; false after the deadline (seconds).
sub wait_until {
    my ($code, $seconds) = @_;
    my $end = time + (defined $seconds ? $seconds : $DEADLINE);
    while (1) {
        my $got = $code->();
        return $got if $got;
        return $got if time > $end;
        sleep 0.02;
    }
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<:raw', $file or return '';
    local $/;
    my $text = <$fh>;
    return defined $text ? $text : '';
}

sub spew {
    my ($file, $text) = @_;
    make_path(dirname($file));
    open my $fh, '>:raw', $file or die "$file: $!";
    print {$fh} $text;
    close $fh or die "$file: $!";
}

# Whether httpd's mod_NAME.so lies where apxs says.
sub have_httpd_module { -e libexecdir() . "/mod_$_[0].so" }

# The module under test is ours, not another mod_perl given by MOD_INTERP_SO for comparison.
sub ours { basename(module_so()) ne 'mod_perl.so' }

# Perl text that makes subs of a test's pieces of code, for a module of the server: `$hash{name} = sub { code };` for each.
# `$before` stands at the beginning of each sub, such as 'my $r = shift;'.
sub snippets {
    my ($hash, $code, $before) = @_;
    return join '', map { "\$$hash\{'$_'} = sub { @{[$before // '']} $code->{$_} };\n" } sort keys %$code;
}

# A module for `modules`, T::Trace: its note(...) adds a line to a file that $s->trace reads, from any process and any
# phase. An object is written as its class.
sub trace_module {
    return 'T/Trace.pm' => <<'P';
package T::Trace;
use strict;
use warnings;
use Fcntl qw(O_WRONLY O_APPEND O_CREAT);
sub note {
    my $line = join ' ', map { !defined $_ ? 'undef' : ref $_ ? ref $_ : $_ } @_;
    sysopen my $fh, '@var@/trace', O_WRONLY | O_APPEND | O_CREAT, 0666 or die "trace: $!";
    syswrite $fh, "$line\n";
    close $fh;
}
1;
P
}

# How often a long test repeats: the first number, or the second under `make soak`.
sub soak { $ENV{SOAK} ? $_[1] : $_[0] }

# Unpacks Debian packages into a scratch folder without installing them, and returns the folder. They are
# fetched by apt-get; without a network the files of installed ones are copied. Undef if neither works.
sub scratch_package {
    my @packages = @_;
    my $dir = File::Temp::tempdir('mod_interp_pkg.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0755, $dir;
    system("(cd '$dir' && apt-get download -qq @packages && for deb in ./*.deb; do dpkg -x \$deb . || exit 1; done && rm -f ./*.deb) >/dev/null 2>&1");
    return $dir if -d "$dir/usr";
    my @files;
    for my $package (@packages) {
        my @its = grep { -f && !m{^/usr/share/(?:doc|man)/} } split /\n/, `dpkg -L '$package' 2>/dev/null`;
        return undef unless @its;
        push @files, @its;
    }
    for my $file (@files) {
        make_path("$dir/" . dirname($file));
        File::Copy::copy($file, "$dir/$file") or return undef;
    }
    return $dir;
}

# ------------------------------------------------------------------------------------------------- where things are

sub top { $TOP }

sub apxs {
    my ($what) = @_;
    return $cache{$what} if defined $cache{$what};
    my $apxs = $ENV{APXS} || 'apxs';
    chomp(my $answer = `$apxs -q $what 2>/dev/null`);
    die "$apxs -q $what gave nothing; it is in Debian's package apache2-dev\n" unless length $answer;
    return $cache{$what} = $answer;
}

sub libexecdir { $ENV{HTTPD_MODULES} || apxs('LIBEXECDIR') }
sub httpd      { $ENV{HTTPD} || apxs('SBINDIR') . '/' . apxs('PROGNAME') }

sub module_so {
    return $ENV{MOD_INTERP_SO} if $ENV{MOD_INTERP_SO};
    my $target = $ENV{CARGO_TARGET_DIR} || "$TOP/target";
    return "$target/release/libmod_interp.so";
}

# The command that is built together with the module.
sub modinterp { dirname(module_so()) . '/modinterp' }

sub child_user { (grep { defined getpwnam $_ } qw(www-data apache daemon nobody))[0] }

# A port below those that the kernel gives to clients: one of these may be in use again before httpd listens.
sub free_port {
    my $first = slurp('/proc/sys/net/ipv4/ip_local_port_range') =~ /^(\d+)/ ? $1 : 32768;
    for my $try (1 .. 50) {
        my $port = $first > 15000 ? 10000 + int rand($first - 10000) : 0;
        my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port, Proto => 'tcp') or next;
        return $socket->sockport;
    }
    die "no free port on 127.0.0.1: $!";
}

# ------------------------------------------------------------------------------------------------ start and stop

# start(mpm => 'event', config => '...', modules => {'My/H.pm' => '...'}, files => {'htdocs/a.txt' => '...'},
#       load => ['include'], env => {...}, switches => '-w', perl => 0, args => ['-X'], wrap => ['valgrind', ...])
# Dies, with the log shown, unless the server listens within the deadline.
sub start {
    my ($class, %opt) = @_;
    my $self = $class->prepare(%opt);
    for my $try (1 .. 5) {
        $self->write_conf;
        $self->spawn;
        my $state = $self->wait_ready;
        return $self if $state eq 'ready';
        delete $live{ $self->{pid} };
        my $clash = $self->log =~ /AH00072|could not bind/;
        $self->reap;
        if ($clash && $try < 5) {
            $self->{port}  = free_port();
            $self->{ports} = {};
            unlink $self->{errorlog}, "$self->{root}/stderr";
            next;
        }
        $self->{stopped} = 1;
        $self->show_log;
        die "httpd did not start ($state)\n";
    }
}

# As start, for a configuration that must be refused: returns ($exit_status, $everything_logged). A server that
# does listen is stopped, and the status is then undef.
sub start_fails {
    my ($class, %opt) = @_;
    my $self = $class->prepare(%opt);
    $self->write_conf;
    $self->spawn;
    my $state = $self->wait_ready;
    if ($state eq 'ready') {
        $self->terminate;
        $self->wait_ended;
    }
    $self->reap;
    delete $live{ $self->{pid} };
    $self->{stopped} = 1;
    return ($state eq 'ready' ? undef : $self->{status} >> 8 || ($self->{status} ? 255 : 0), $self->log);
}

# `httpd -t` on the same kind of configuration: returns ($exit_status, $output, $line), where $line is the number that
# the first line of the configuration given has in httpd.conf.
sub config_test {
    my ($class, %opt) = @_;
    return $class->run_httpd(%opt, args => ['-t', @{ $opt{args} || [] }]);
}

# `httpd` with other arguments that make it end by itself, such as -S; returns the same.
sub run_httpd {
    my ($class, %opt) = @_;
    my $self = $class->prepare(%opt);
    $self->write_conf;
    my @cmd = ($self->command, @{ $opt{args} || [] });
    my $pid = open my $out, '-|';
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        open STDIN, '<', '/dev/null';
        %ENV = $self->environment;
        exec @cmd or POSIX::_exit(127);
    }
    local $/;
    my $text = <$out>;
    close $out;
    my $status = $?;
    $self->{stopped} = 1;
    return ($status >> 8 || ($status ? 255 : 0), $text . $self->log, $self->conf_line(1));
}

# The folder, as `make serve` lays it out: modules/ (our .so, its lib), lib/ (handlers), htdocs/, var/ (writable), run/.
sub prepare {
    my ($class, %opt) = @_;
    my $root = File::Temp::tempdir('mod_interp_t.XXXXXX', TMPDIR => 1, CLEANUP => 0);
    chmod 0755, $root;
    my $self = bless {
        root => $root, mpm => $opt{mpm} || (wanted_mpms(qw(event prefork worker)))[0] || 'event', opt => \%opt, port => $opt{port} || free_port(),
        ports => {}, errorlog => "$root/error_log", expected => [], owner => $$,
        name => $opt{name} || join(' ', 'httpd', $opt{mpm} || ()),
    }, $class;
    make_path(map { "$root/$_" } qw(modules lib htdocs var run));
    $self->stage;
    if ($> == 0 && (my $user = child_user())) {
        chown +(getpwnam $user)[2, 3], "$root/var";
    }
    spew("$root/var/trace", '');
    chmod 0666, "$root/var/trace";
    my %files = %{ $opt{files} || {} };
    $files{"lib/$_"} = $opt{modules}{$_} for keys %{ $opt{modules} || {} };
    spew("$root/$_", $self->fill($files{$_})) for keys %files;
    return $self;
}

sub wants_perl { my $perl = $_[0]{opt}{perl}; return !defined $perl || $perl }

# Puts the module under test into the folder; TestHttpd::Lua has its own.
sub stage {
    my ($self) = @_;
    $self->stage_module if $self->wants_perl;
}

sub stage_module {
    my ($self) = @_;
    my $so = module_so();
    die "$so is missing: run make, or set MOD_INTERP_SO\n" unless -e $so;
    my $to = "$self->{root}/modules/" . (ours() ? 'mod_interp.so' : basename $so);
    File::Copy::copy($so, $to) or die "$so: $!";
    chmod 0644, $to;
    $self->{so} = $to;
    copy_tree("$TOP/lib", "$self->{root}/modules/mod_interp/lib") if ours();
}

# Builds a module from one C file against httpd, APR and perl: its .so and its name (mod_NAME.c).
sub build_c {
    my ($self, $source) = @_;
    my $name = basename($source) =~ /^mod_(\w+)\.c$/ ? $1 : die "$source is not called mod_NAME.c\n";
    my $so   = "$self->{root}/modules/mod_$name.so";
    return ($so, $name) if -e $so;
    my $flags = join ' ', '-I' . apxs('INCLUDEDIR'), `apr-1-config --cppflags --includes`, `$^X -MExtUtils::Embed -e ccopts`;
    $flags =~ s/\s+/ /g;
    my $out = `gcc -shared -fPIC -O1 -g -Wall -Werror=implicit-function-declaration -o '$so' '$TOP/$source' $flags 2>&1`;
    die "$source: $out" if $?;
    return ($so, $name);
}

sub copy_tree {
    my ($from, $to) = @_;
    make_path($to);
    opendir my $dh, $from or return;
    for my $name (grep { !/^\.\.?$/ } readdir $dh) {
        if (-d "$from/$name") { copy_tree("$from/$name", "$to/$name") }
        else                  { File::Copy::copy("$from/$name", "$to/$name") or die "$from/$name: $!" }
    }
}

# @root@, @port@, @lib@ (where modules => {...} lie), @var@, @so@, and @port:NAME@ for any further port.
# Under prefork the one child that answers all requests; goes with PerlInterpMax 1, which is for the other MPMs.
my $ONE_CHILD = <<'C' =~ s/\n\z//r;
<IfModule mpm_prefork_module>
    ServerLimit 1
    StartServers 1
    MinSpareServers 1
    MaxRequestWorkers 1
</IfModule>
C

sub fill {
    my ($self, $text) = @_;
    my %value = (
        root => $self->{root}, port => $self->{port}, lib => "$self->{root}/lib", var => "$self->{root}/var",
        so => $self->{so} || '', lua => "$self->{root}/lua", lua_so => $self->{lua_so} || '', mpm => $self->{mpm}, modules => libexecdir(), errorlog => $self->{errorlog},
        one_child => $ONE_CHILD,
    );
    $text =~ s/\@port:(\w+)\@/$self->{ports}{$1} ||= free_port()/ge;
    $text =~ s/\@(\w+)\@/exists $value{$1} ? $value{$1} : "\@$1\@"/ge;
    return $text;
}

sub write_conf {
    my ($self) = @_;
    my $opt  = $self->{opt};
    my $user = '';
    if ($> == 0 && (my $name = child_user())) {
        $user = "User $name\nGroup " . getgrgid((getpwnam $name)[3]);
    }
    my $conf = slurp("$TOP/apache-conf/httpd.conf.in");
    $conf =~ s/^\@user\@\n/$user\n/m;
    for my $module (@{ $opt->{load} || [] }) {
        $conf .= qq(LoadModule ${module}_module "\@modules\@/mod_$module.so"\n);
    }
    $conf .= $self->module_lines;
    if ($opt->{c_module}) {
        my ($so, $name) = $self->build_c($opt->{c_module});
        $conf .= qq(LoadModule ${name}_module "$so"\n);
    }
    $conf = $self->fill($conf);
    $self->{first_line} = 1 + ($conf =~ tr/\n//);
    spew("$self->{root}/httpd.conf", $conf . $self->fill($opt->{config} || ''));
}

# The lines that load the module under test.
sub module_lines {
    my ($self) = @_;
    my $opt = $self->{opt};
    return '' unless $self->wants_perl;
    my $lines = '';
    $lines .= qq(LoadModule perl_module "\@so\@"\n) unless $opt->{no_loadmodule};
    $lines .= qq(PerlSwitches "-I\@lib\@"\n) unless $opt->{no_loadmodule} || (defined $opt->{lib} && !$opt->{lib});
    $lines .= "PerlSwitches $opt->{switches}\n" if $opt->{switches};
    return $lines;
}

# Line N of the test's own configuration, as httpd counts it in its messages.
sub conf_line { $_[0]{first_line} + $_[1] - 1 }

sub command {
    my ($self) = @_;
    my @wrap = @{ $self->{opt}{wrap} || [ split ' ', $ENV{T_WRAP} || '' ] };
    return (@wrap, httpd(), '-d', $self->{root}, '-f', "$self->{root}/httpd.conf");
}

sub environment {
    my ($self) = @_;
    my %env = (PATH => $ENV{PATH} || '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL => 'C', TZ => 'UTC');
    for my $name (qw(LD_PRELOAD LD_LIBRARY_PATH ASAN_OPTIONS LSAN_OPTIONS RUST_BACKTRACE MALLOC_ARENA_MAX TMPDIR)) {
        $env{$name} = $ENV{$name} if defined $ENV{$name};
    }
    # For httpd alone: curl hangs in a preloaded libasan.
    $env{LD_PRELOAD} = $ENV{T_PRELOAD} if $ENV{T_PRELOAD};
    return (%env, %{ $self->{opt}{env} || {} });
}

# Starts httpd in a process group of its own, so that at the end nothing of it may be left. With daemon => 1 it detaches by
# itself: the process started here then ends, and wait_ready learns the daemon's pid from the pid file.
sub spawn {
    my ($self) = @_;
    my @mode = $self->{opt}{daemon} ? ('-k', 'start') : ('-DFOREGROUND');
    my @cmd = ($self->command, @mode, @{ $self->{opt}{args} || [] });
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        POSIX::setsid();
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', "$self->{root}/stderr";
        open STDERR, '>&', \*STDOUT;
        %ENV = $self->environment;
        chdir $self->{root};
        exec @cmd or POSIX::_exit(127);
    }
    $self->{pid}     = $pid;
    $self->{status}  = undef;
    $self->{daemon}  = 0;
    $live{$pid} = $self;
}

# Whether the process has ended; its wait status is taken in. A daemon is no child of ours: its status is not to be had, and
# counts as 0.
sub ended {
    my ($self) = @_;
    return 1 if defined $self->{status};
    if ($self->{daemon}) {
        return 0 if grep { $_->{pid} == $self->{pid} && $_->{state} ne 'Z' } TestHttpd::Proc::processes();
        $self->{status} = 0;
        return 1;
    }
    return 0 unless waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid};
    $self->{status} = $?;
    return 1;
}

# The process that httpd was started as has left: from now on the server is the one that the pid file names.
sub detach {
    my ($self) = @_;
    my $pid = wait_until(sub { slurp("$self->{root}/run/httpd.pid") =~ /^(\d+)\n/ && $1 }, 10) or return 0;
    delete $live{ $self->{pid} };
    @$self{qw(launcher pid status daemon)} = ($self->{pid}, $pid, undef, 1);
    $live{$pid} = $self;
    return 1;
}

# 'ready' once the port answers, else why not. Looks at the pid file too: another server may own the port.
sub wait_ready {
    my ($self) = @_;
    my $end = time + $DEADLINE;
    my $alone = grep { $_ eq '-X' } @{ $self->{opt}{args} || [] };      # as one process httpd does not say that it serves
    while (time < $end) {
        if ($self->ended) {
            next if $self->{opt}{daemon} && !$self->{daemon} && !$self->{status} && $self->detach;
            return 'it ended with status ' . ($self->{status} >> 8) . ($self->{status} & 127 ? ', signal ' . ($self->{status} & 127) : '');
        }
        next if $self->{opt}{daemon} && !$self->{daemon} && sleep 0.02;
        if (-s "$self->{root}/run/httpd.pid" && ($alone || $self->log =~ /AH00(?:489|163|292|094)/)) {
            my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5);
            return 'ready' if $socket;
        }
        sleep 0.02;
    }
    return 'the deadline passed';
}

# Ends the server and everything in its group; used when a start failed and when a stop did not come to an end.
sub reap {
    my ($self) = @_;
    return if defined $self->{status} && !$self->group_pids;
    kill KILL => $_ for $self->group_pids;
    wait_until(sub { $self->ended && !$self->group_pids }, 10);
}

# SIGTERM to the parent process. A test that ends its server by itself says this, whatever the server is about then: see calm.
sub terminate {
    my ($self) = @_;
    $self->calm;
    kill TERM => $self->{pid};
}

# Waits until no connection is about to be closed, or a while: connections that stay open are a test's own affair. A threaded httpd that
# ends or restarts at once (TERM, HUP) closes the sockets of its workers, also of one that is just giving its connection back, and crashes
# in that (apr_os_sock_get beside apr_allocator_destroy): of 120 servers without any module of ours 3 did.
sub calm {
    my ($self) = @_;
    return if !$self->is_threaded;
    wait_until(sub { !$self->connections }, 0.5);
    # The worker, behind its socket's end: on a busy machine it may be a while until it has the processor again. It has had it, if no
    # thread is at work twice, one moment after the other.
    my $calm = 0;
    wait_until(sub { $calm = $self->threads_at_work ? 0 : $calm + 1; $calm == 2 }, 2);
}

# Stops the server (SIGTERM to its parent process) and tests that it ended, left no process and no core behind, and
# that nothing unexpected stands in its log. Called by done_testing and at the end of each MPM where a test does not.
sub stop {
    my ($self) = @_;
    return if $self->{stopped} || $self->{owner} != $$;
    $self->{stopped} = 1;
    my $tb = Test::More->builder;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @wrong;
    my $started = time;
    $self->terminate;
    my $ended = wait_until(sub { $self->ended });
    $self->{stop_seconds} = time - $started;
    push @wrong, "httpd did not stop within $DEADLINE s" unless $ended;
    push @wrong, "httpd ended with wait status $self->{status}" if $ended && $self->{status};
    if ($ended && !wait_until(sub { !$self->group_pids }, 5)) {
        push @wrong, 'left behind: ' . join ', ', map { $self->describe_pid($_) } $self->group_pids;
    }
    $self->reap;
    delete $live{ $self->{pid} };
    push @wrong, "a core file: $_" for grep { -f } glob "$self->{root}/core* $self->{root}/*/core*";
    $tb->ok(!@wrong, "$self->{name} stops and leaves nothing behind") or $tb->diag(map { "$_\n" } @wrong);
    my @lines = $self->unexpected;
    $tb->ok(!@lines, "$self->{name} logged nothing unexpected") or $tb->diag(map { "unexpected: $_\n" } @lines);
    $self->show_log if !$tb->is_passing;
    $self->clean_up;
}

# A server that a test ended by itself: the exit status is taken in, stop then only looks at what is left.
sub wait_ended {
    my ($self, $seconds) = @_;
    return wait_until(sub { $self->ended }, $seconds);
}

# Stops what runs, except the servers with these pids.
sub stop_all {
    my %keep = map { $_ => 1 } @_;
    $_->stop for grep { $_->{owner} == $$ } map { $live{$_} } grep { !$keep{$_} } sort { $a <=> $b } keys %live;
}

# Forgets a server that has ended, without a word in the TAP: for loops that start many. Ask unexpected and group_pids first.
sub discard {
    my ($self) = @_;
    $self->{stopped} = 1;
    $self->reap;
    delete $live{ $self->{pid} };
    $self->clean_up;
}

sub clean_up {
    my ($self) = @_;
    if ($ENV{T_KEEP}) { Test::More::diag("kept: $self->{root}") }
    else              { remove_tree($self->{root}) }
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    return unless $self->{owner} == $$;
    if ($self->{stopped}) { $self->clean_up if -d $self->{root} }
}

# A test that died or was stopped: nothing may be left running.
for my $signal (qw(INT TERM HUP PIPE)) {
    $SIG{$signal} = sub { $$ == $main_pid ? exit 130 : POSIX::_exit(130) };
}
END {
    if ($$ == $main_pid) {
        my $status = $?;
        for my $self (values %live) {
            next unless $self->{owner} == $$;
            $self->{stopped} = 1;
            $self->show_log;
            $self->terminate;
            wait_until(sub { $self->ended }, 10);
            $self->reap;
            $self->clean_up;
        }
        $? = $status;
    }
}

# ------------------------------------------------------------------------------------------------------ restarts

# SIGHUP or SIGUSR1 to the parent; returns once the new configuration serves, dies after the deadline.
sub restart  { $_[0]->again('HUP') }
sub graceful { $_[0]->again('USR1') }

sub again {
    my ($self, $signal) = @_;
    $self->calm if $signal eq 'HUP';
    my $before = () = $self->log =~ /resuming normal operations/g;
    kill $signal => $self->{pid} or die "httpd is gone\n";
    wait_until(sub {
        my $now = () = $self->log =~ /resuming normal operations/g;
        $now > $before;
    }) or do { $self->show_log; die "httpd did not come back after SIG$signal\n" };
    wait_until(sub { $self->child_pids }, 10);
    return 1;
}

sub root { $_[0]{root} }
sub pid  { $_[0]{pid} }
sub mpm  { $_[0]{mpm} }
sub port { defined $_[1] ? $_[0]{ports}{ $_[1] } : $_[0]{port} }
sub is_threaded { $_[0]{mpm} ne 'prefork' }
sub url  { "http://127.0.0.1:$_[0]{port}$_[1]" }

1;
