package TestHttpd::Redis;

# A Redis or Valkey server for one test, on a port of loopback, ended with the object. `missing` says why there can be none. The program is
# the installed one (redis-server, valkey-server); else Debian's package is fetched by apt-get and unpacked, once, below target/: installing it
# would start a server. Nothing is written to disk.

use strict;
use warnings;

use Cwd ();
use File::Path ();
use File::Temp ();
use IO::Socket::INET ();
use POSIX ();
use TestHttpd ();

my @PACKAGES = qw(redis-server redis-tools liblzf1 libjemalloc2 libatomic1);
my ($program, $libraries, $looked);

sub look {
    return if $looked++;
    for my $name (qw(redis-server valkey-server)) {
        ($program) = grep { -x } map { "$_/$name" } split(/:/, $ENV{PATH}), '/usr/sbin';
        return if $program;
    }
    my $top = ($ENV{CARGO_TARGET_DIR} || TestHttpd::top() . '/target') . '/packages';
    my $dir = "$top/redis";
    if (!-d $dir) {
        File::Path::make_path($top);
        my $new = File::Temp::tempdir('redis.XXXXXX', DIR => $top);
        system("cd '$new' && apt-get download -qq @PACKAGES >/dev/null 2>&1 && for deb in ./*.deb; do dpkg -x \$deb . || exit 1; done && rm -f ./*.deb");
        # Another test may have been quicker.
        -x "$new/usr/bin/redis-server" && chmod(0755, $new) && rename($new, $dir) or File::Path::remove_tree($new);
    }
    # Which program it is says the name of the link.
    $program   = Cwd::abs_path($dir) . '/usr/bin/redis-server' if -x "$dir/usr/bin/redis-server";
    $libraries = join ':', map { Cwd::abs_path($_) } glob "$dir/usr/lib/*-linux-gnu";
}

# Why none can be started, or nothing.
sub missing {
    look();
    return $program ? undef : 'there is no Redis (redis-server), and its package cannot be had';
}

# Starts one with these options of its command line; `port` is that of an earlier one, or free.
sub start {
    my ($class, %o) = @_;
    look();
    my $self = bless { owner => $$, dir => File::Temp::tempdir('mod_interp_redis.XXXXXX', TMPDIR => 1, CLEANUP => 1), options => $o{options} || [] }, $class;
    $self->{port} = $o{port} || do { my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!; $s->sockport };
    $self->run;
    return $self;
}

sub port { $_[0]{port} }

sub run {
    my ($self) = @_;
    my $plain_port = (grep { $_ eq '--tls-port' } @{ $self->{options} }) ? 0 : $self->{port};
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$self->{dir}/log";
        open STDERR, '>&', \*STDOUT;
        local $ENV{LD_LIBRARY_PATH} = $libraries if $libraries;
        exec { $program } $program, '--port', $plain_port, '--bind', '127.0.0.1', '--save', '', '--dir', $self->{dir}, map { s/\@port\@/$self->{port}/r } @{ $self->{options} } or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $is_there = TestHttpd::wait_until(sub { TestHttpd::slurp("$self->{dir}/log") =~ /eady to accept connections/ || waitpid($pid, POSIX::WNOHANG()) }, 20);
    die 'redis: ' . TestHttpd::slurp("$self->{dir}/log") unless $is_there && kill 0, $pid;
}

# Ends it, or with KILL, STOP or CONT does that.
sub signal { my ($self, $signal) = @_; kill $signal, $self->{pid}; waitpid delete $self->{pid}, 0 if $signal =~ /^(?:KILL|TERM)$/; return }

# What redis-benchmark has a second over so many connections; undef where it is not there.
sub benchmark {
    my ($self, $clients, $what, $n) = @_;
    my $of = $program =~ s/[^\/]+\z/redis-benchmark/r;
    return unless -x $of;
    local $ENV{LD_LIBRARY_PATH} = $libraries if $libraries;
    return `'$of' -h 127.0.0.1 -p $self->{port} -c $clients -n $n -t $what -q 2>/dev/null` =~ /(\d+)[.\d]* requests per second/ ? $1 : undef;
}

# A command's answer, as it comes.
sub ask {
    my ($self, @words) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5) or die $!;
    print $s '*' . @words . "\r\n", map { '$' . length($_) . "\r\n$_\r\n" } @words;
    shutdown $s, 1;
    local $/;
    return scalar <$s>;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    return unless $self->{pid} && $self->{owner} == $$;
    kill CONT => $self->{pid};
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
