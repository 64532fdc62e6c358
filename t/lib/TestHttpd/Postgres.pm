package TestHttpd::Postgres;

# A PostgreSQL server for one test: a fresh cluster in a scratch folder, on a unix socket that anybody may use, ended with
# the object. `missing` says why there can be none. It needs the programs initdb and postgres, of any version (Debian:
# postgresql; apache-conf/deps sees to it that installing them starts no server), and when root runs the test a user
# postgres or nobody. A server that runs already is left alone.

use strict;
use warnings;

use File::Path ();
use File::Temp ();
use POSIX ();
use TestHttpd ();

sub programs { (sort { ($b =~ /(\d+)/)[0] <=> ($a =~ /(\d+)/)[0] } glob '/usr/lib/postgresql/*/bin')[0] || (grep { -x "$_/initdb" } split /:/, $ENV{PATH})[0] }

# Why none can be started, or nothing.
sub missing {
    my $bin = programs();
    return 'PostgreSQL is not installed (postgresql)' unless $bin && -x "$bin/initdb" && -x "$bin/postgres";
    return 'no user that is not root' unless $> || account();
    return;
}

# The user to run it as when the test is root's: PostgreSQL refuses root.
sub account { (grep { defined getpwnam $_ } qw(postgres nobody))[0] }

sub start {
    my ($class) = @_;
    my $dir = File::Temp::tempdir('mod_interp_pg.XXXXXX', TMPDIR => 1, CLEANUP => 0);
    my $self = bless { dir => $dir, bin => programs(), owner => $$ }, $class;
    chmod 0755, $dir;
    chown +(getpwnam account())[2, 3], $dir unless $>;
    my $log = "$dir/log";
    waitpid $self->run($log, 'initdb', '-D', "$dir/data", '-A', 'trust', '-U', 'tester', '--no-sync', '-E', 'UTF8', '--locale', 'C'), 0;
    die "initdb: " . TestHttpd::slurp($log) if $?;
    $self->{pid} = $self->run($log, 'postgres', '-D', "$dir/data", '-k', $dir, '-c', 'listen_addresses=', '-F');
    TestHttpd::wait_until(sub { TestHttpd::slurp($log) =~ /ready to accept connections/ || waitpid($self->{pid}, POSIX::WNOHANG()) }, 60);
    die 'postgres: ' . TestHttpd::slurp($log) unless -S "$dir/.s.PGSQL.5432";
    return $self;
}

# The string that APR's driver and DBDParams take.
sub params { "host=$_[0]{dir} user=tester dbname=postgres" }

# Starts a program as the account, its output in the file.
sub run {
    my ($self, $log, $program, @arguments) = @_;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    return $pid if $pid;
    if (!$>) {
        my ($uid, $gid) = (getpwnam account())[2, 3];
        $) = "$gid $gid";
        $( = $gid;
        ($<, $>) = ($uid, $uid);
    }
    chdir $self->{dir};
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $log;
    open STDERR, '>&', \*STDOUT;
    exec "$self->{bin}/$program", @arguments or POSIX::_exit(127);
}

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    local ($?, $!);
    kill QUIT => $self->{pid};
    waitpid delete $self->{pid}, 0;
    File::Path::remove_tree($self->{dir});
}

sub DESTROY { $_[0]->stop }

1;
