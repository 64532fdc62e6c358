package ModInterp::NetServer;

# What PerlNetServer does: a program for Net::Server, unchanged, serves connections that httpd has taken. Net::Server itself and its
# personalities are the real ones. One sub of theirs is another: run, with which a program begins to serve. There it binds ports and makes
# processes; here it configures the object, calls the hooks of the start, and notes the object, which then serves one connection after the
# other in whatever interpreter has it.

use strict;
use warnings;

use IO::Socket             ();
use Net::Server            ();
use Net::Server::Proto     ();
use Net::Server::Proto::TCP ();
use POSIX                  ();
use Symbol                 ();

use Apache2::MPM        ();
use Apache2::ServerUtil ();
use ModInterp::Jobs     ();

our $VERSION = '0.1.0';

# By what lines of the configuration say of the program: the object.
my %server;

# Programs of which there is a job here: lines that give the same one other words have one together.
my %has_job;

# The line whose program is being loaded, and its name for messages.
our ($loading, $program);

# Processes that the program has forked here and nobody has waited for.
my %forked;

# The object whose connection is served.
our $serving;

# What httpd has directives of its own for, or does not do here. log_level is used: it chooses what the program logs.
my %INSTEAD = (
    (map { ($_ => 'Listen') } qw(port host proto ipv)), listen => 'ListenBacklog',
    user => 'User', group => 'Group', chroot => 'ChrootDir', pid_file => 'PidFile', background => '', setsid => '',
    (map { ($_ => 'ErrorLog') } qw(log_file syslog_ident syslog_facility syslog_logsock syslog_logopt log4perl_conf log4perl_logger log4perl_poll)),
    serialize => 'Mutex', lock_file => 'Mutex',
    max_servers  => 'PerlClassInterpreters', min_servers => 'PerlInterpStart', min_spare_servers => 'PerlInterpMinSpare',
    max_spare_servers => 'PerlInterpMaxSpare', max_requests => 'PerlClassReload', check_for_dead => '', check_for_waiting => '',
    check_for_spawn => '', min_child_ttl => '', child_communication => '',
    leave_children_open_on_hup => '', sig_passthrough => '', check_for_dequeue => '', max_dequeue => '',
);

# Keys that would have httpd's parent become another process, or open what httpd has.
my @DROPPED = qw(background setsid pid_file user group chroot lock_file serialize sig_passthrough);

my $is_threaded = Apache2::MPM->is_threaded;

{
    no warnings qw(redefine once);
    *Net::Server::run          = \&_registered;
    *Net::Server::server_close = \&_closed;
    *Net::Server::run_dequeue  = \&_dequeue;
    *CORE::GLOBAL::fork        = \&_fork;
}

# Called at the start for each line, in the parent of the interpreters that will serve.
sub load {
    my ($key, $at, $what, $is_file, $sub, @words) = @_;
    return 1 if $server{$key};
    local ($loading, $program) = ($key, $what);
    local @ARGV = @words;
    delete local @ENV{qw(MOD_PERL MOD_PERL_API_VERSION)};               # CGI.pm looks when it is loaded; in a turn they are hidden as well
    if ($is_file) {
        my $file = $what =~ m{^/} ? $what : Apache2::ServerUtil::server_root() . "/$what";
        -f $file && -r _ or die "no such file: $file\n";
        local *0 = \(my $name = $file);
        _until_registered($key, sub { package main; do $file; die $@ || "$file: $!\n" if $@ || !defined $_[0] && $! && !-r $file; return });
        _until_registered($key, sub { no strict 'refs'; &{ $sub =~ /::/ ? $sub : "main::$sub" }(@ARGV) }) if defined $sub;
    }
    else {
        (my $file = "$what.pm") =~ s{::}{/}g;
        require $file;
        $sub = 'run' unless defined $sub;
        _until_registered($key, sub { $what->$sub });
    }
    my $self = $server{$key} or die "the program does not begin to serve when it is loaded: call=sub names the sub that calls Net::Server's run\n";
    _is_possible($self);
    _make_jobs($key, $at, $self);
    return 1;
}

# run does not return there, so that what stands behind it is no part of the program: it dies once it has noted the object.
sub _until_registered {
    my ($key, $code) = @_;
    return if $server{$key};
    my $done = eval { $code->(); 1 };
    return if $done || $server{$key};
    my $error = $@;
    die ref $error ? 'it ended with exit(' . (ModInterp::exit_status() || 0) . "), before it began to serve\n" : $error;
}

# Net::Server::run.
sub _registered {
    my $self = ref $_[0] ? shift : shift->new;
    my $p = $self->{server};
    defined $loading or die 'Net::Server->run: a program that PerlNetServer names is loaded by the server, once, when it starts: it cannot begin to serve here';
    $p->{_run_args} = [@_ == 1 ? %{ $_[0] } : @_];
    _is_possible($self);
    $self->_initialize;
    _is_possible($self);
    _tell_unused($self) if Apache2::ServerUtil::restart_count() > 1;    # the first start has two readings of the configuration
    delete @$p{@DROPPED};
    $p->{log_file} = undef;                                             # STDERR, which is httpd's error log
    $self->post_configure;
    $self->post_configure_hook;
    $self->restart_open_hook if Apache2::ServerUtil::restart_count() > 2;
    $self->post_bind_hook;
    $self->pre_loop_hook;
    $p->{requests} = 0;
    $p->{sock}   ||= [];
    $p->{children} = {};
    $server{$loading} = $self;
    die "registered\n";
}

sub _is_possible {
    my ($self) = @_;
    die "it is a Net::Server::Multiplex, which takes connections itself and serves all in one process: that cannot be had here\n" if $self->isa('Net::Server::Multiplex');
    my $p     = $self->{server};
    my @words = map { ref eq 'ARRAY' ? @$_ : $_ } grep { defined } @$p{qw(port ports proto)};
    my @udp   = grep { /\budp\b|unixdgram/i } map { ref eq 'HASH' ? values %$_ : $_ } grep { defined } @words;
    die "it wants datagrams ($udp[0]): httpd has connections alone\n" if @udp;
}

# Which keys do nothing here, though somebody has given them: in the object, on the command line, in the conf file.
sub _tell_unused {
    my ($self) = @_;
    my $p     = $self->{server};
    my $args  = $p->{_run_args};
    my @words = map { /^(?:--)?(\w+)(?:=|\z)/ ? $1 : () } @ARGV, grep { defined && !ref } @$args[map { 2 * $_ } 0 .. $#$args / 2];
    push @words, $p->{conf_file} && -r $p->{conf_file} ? map { /^\s*(?:--)?(\w+)\s*[=:\s]\s*\S/ ? $1 : () } do { open my $conf, '<', $p->{conf_file}; <$conf> } : ();
    my %given = map { ($_ => 1) } @words, grep { defined $p->{$_} && !(ref $p->{$_} eq 'ARRAY' && !@{ $p->{$_} }) } keys %$p;
    delete @given{qw(check_for_dequeue max_dequeue)} if _dequeues($self);
    my @unused = grep { $given{$_} } sort keys %INSTEAD;
    return unless @unused;
    my $text = join ', ', map { $INSTEAD{$_} ? "$_ (httpd has $INSTEAD{$_})" : $_ } @unused;
    warn "PerlNetServer $program: not used here: $text\n";
}

# Serves one connection, whose socket is this descriptor.
sub serve {
    my ($key, $fd, $proto, @ends) = @_;
    my $self = $server{$key} or die "the program was not loaded\n";
    my $p    = $self->{server};
    local $serving = $self;
    my $turn = ModInterp::NetServer::Turn->begin;
    if ($self->isa('Net::Server::Fork')) {                              # its hooks are about each connection
        $self->pre_accept_hook;
        $self->pre_fork_hook;
        $self->register_child($$, 'fork');
    }
    $SIG{PIPE} = 'IGNORE' unless $is_threaded;
    local @$p{qw(client connected done)} = (ModInterp::NetServer::Client->new($fd, $proto, @ends), 1, undef);
    delete $p->{client} unless defined $p->{client};
    $self->run_client_connection;
    return 0;
}

# What happens to the interpreters that serve; there it happens to workers. Those of a Net::Server::Fork serve one connection each.
sub life {
    my ($key, $what, $number) = @_;
    my $self = $server{$key} or return 0;
    my $p    = $self->{server};
    my $turn = ModInterp::NetServer::Turn->begin;
    my $pre  = $self->isa('Net::Server::PreForkSimple');
    my $fork = $self->isa('Net::Server::Fork');
    if ($what eq 'spawn' && $pre) {
        $self->run_n_children_hook($number);
        $self->pre_fork_hook for 1 .. $number;
    }
    elsif ($what eq 'begin') {
        @$p{qw(ppid connected requests)} = (getppid, 0, 0);
        delete $p->{children};
        srand;
        $self->register_child($$, $self->isa('Net::Server::PreFork') ? 'prefork' : 'preforksimple') if $pre;
        _begin_worker($self) unless $fork;
    }
    elsif ($what eq 'end') {
        $self->child_finish_hook unless $fork;
    }
    elsif ($what eq 'close') {
        $self->pre_server_close_hook;
        $self->post_child_cleanup_hook;
        $self->restart_close_hook if $number;
    }
    return 0;
}

sub _begin_worker {
    my ($self) = @_;
    return $self->child_init_hook unless $is_threaded;
    my ($directory, $umask) = (POSIX::getcwd(), umask);
    $self->child_init_hook;
    ModInterp::NetServer::Turn::warn_of(chdir => POSIX::getcwd() ne $directory, umask => umask != $umask);
    return;
}

# What the parent does there between its other tasks is here done by jobs, each a process of the server's.
sub _make_jobs {
    my ($key, $at, $self) = @_;
    my ($p, $name) = ($self->{server}, $program =~ s/::/./gr =~ s/[^\w.-]/-/gr =~ s/^-//r);
    return if $has_job{$name}++;
    _add_job($at, "dequeue-$name", $p->{check_for_dequeue} || 1, $p->{max_dequeue}, sub { $server{$key}->run_dequeue; 0 }) if _dequeues($self);
    _add_job($at, "idle-$name", 10, 1, sub { _idle($server{$key}) }) if _has_own($self, 'idle_loop_hook');
    return;
}

# Whether there is a queue to be looked at, and somebody who does it.
sub _dequeues {
    my ($self) = @_;
    my $p = $self->{server};
    return 0 if grep { !defined || !/^\d+\z/ } @$p{qw(check_for_dequeue max_dequeue)};
    return $p->{max_dequeue} && (_has_own($self, 'dequeue') || _has_own($self, 'run_dequeue'));
}

# Whether a method is not one of Net::Server's own.
sub _has_own {
    my ($self, $method) = @_;
    my $code = $self->can($method) or return 0;
    return !grep { my $stock = $_->can($method); $stock && $stock == $code } qw(Net::Server Net::Server::PreForkSimple Net::Server::PreFork Net::Server::Fork);
}

my $jobs = 0;

# The job's line is that of the program.
sub _add_job {
    my ($at, $name, $interval, $max, $code) = @_;
    my $sub = 'job_' . ++$jobs;
    { no strict 'refs'; *$sub = $code }
    my $line  = "$name interval=$interval max=$max handler=" . __PACKAGE__ . "::$sub";
    my $place = $at =~ /^([^"\n]+):(\d+)\z/ ? qq{#line $2 "$1"\n} : '';
    eval "${place}ModInterp::Jobs->add(\$line); 1" or die $@;
    return;
}

# Net::Server::run_dequeue: there in a process that it forks, here in that of the job.
sub _dequeue {
    my ($self) = @_;
    $self->pre_fork_hook('dequeue');
    $self->register_child($$, 'dequeue');
    local @SIG{qw(INT TERM QUIT HUP)} = (sub { $self->child_finish_hook('dequeue'); exit }) x 4;
    $self->child_init_hook('dequeue');
    $self->dequeue;
    $self->child_finish_hook('dequeue');
    return;
}

# A run that goes on until the server ends: what the hook keeps from one call to the next is there.
sub _idle {
    my ($self) = @_;
    $self->{server}{children} = {};
    while (1) {
        $self->idle_loop_hook($self->isa('Net::Server::PreFork') ? [] : ());
        select undef, undef, undef, 10;
    }
}

# Net::Server::server_close: there the end of the server or of a worker, here that of the connection.
sub _closed {
    my ($self, $status) = @_;
    if (!$serving) {
        die "it has called server_close, as for an error, before it began to serve\n";
    }
    $self->{server}{done} = 1;
    ModPerl::Util::exit($status || 0);
}

sub _fork () {
    my $pid = CORE::fork();
    $forked{$pid} = 1 if $pid && $serving;
    return $pid;
}

package ModInterp::NetServer::Turn;

# While it lives a connection is served: exit ends that and nothing more, whatever is around it, and exec is another process's. However the turn ends, what is
# left of it is looked after.

use strict;
use warnings;

my (%told, $signals);

# Tells what a program does that is not its own where there are threads, each once in an interpreter.
sub warn_of {
    my (%done) = @_;
    for my $what (grep { $done{$_} && !$told{$_}++ } sort keys %done) {
        my $whose = $what eq 'setlocale' ? 'is that of the thread, on which others run after it' : "is the process's, in which other threads serve";
        warn "PerlNetServer: $what of a program $whose: a program that needs it is for prefork\n";
    }
    return;
}

sub begin {
    (undef, $signals) = ModInterp::turn($is_threaded ? 2 : 1);
    return bless [$$], shift;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->[0] != $$;
    local ($@, $!, $?);
    my ($touched, $now) = ModInterp::turn(0);
    for my $pid (keys %forked) { delete $forked{$pid} if waitpid $pid, POSIX::WNOHANG }
    return unless $is_threaded;
    warn_of(chdir => $touched & 1, umask => $touched & 2, setlocale => $touched & 4, setuid => $touched & 8, 'a handler in %SIG' => $now != $signals);
}

package ModInterp::NetServer::Client;

# The handle of a connection, whose ends httpd knows: behind TLS the descriptor is not that of the client's socket.

use strict;
use warnings;

use Socket ();

our @ISA = 'Net::Server::Proto::TCP';

sub new {
    my ($class, $fd, $proto, @ends) = @_;
    my $self = bless Symbol::gensym(), $class;
    open $self, '+<&', $fd or die "cannot open the connection: $!\n";
    $self->autoflush(1);
    @{*$self}{qw(NS_host NS_port NS_ipv NS_proto)} = (@ends[2, 3], $ends[2] =~ /:/ ? 6 : 4, $proto);
    ${*$self}{mod_interp_ends} = \@ends;
    @{*$self}{qw(io_socket_domain io_socket_type io_socket_proto)} = ($self->sockdomain, Socket::SOCK_STREAM(), Socket::IPPROTO_TCP());
    return $self;
}

sub NS_proto { ${ *{ $_[0] } }{NS_proto} }

sub _end  { ${ *{ $_[0] } }{mod_interp_ends}[$_[1]] }
sub _addr { Socket::inet_pton($_[0] =~ /:/ ? Socket::AF_INET6() : Socket::AF_INET(), $_[0]) }
sub _name { my ($ip, $port) = @_; $ip =~ /:/ ? Socket::pack_sockaddr_in6($port, _addr($ip)) : Socket::pack_sockaddr_in($port, _addr($ip)) }

sub peerhost   { $_[0]->_end(0) }
sub peerport   { $_[0]->_end(1) }
sub sockhost   { $_[0]->_end(2) }
sub sockport   { $_[0]->_end(3) }
sub peeraddr   { _addr($_[0]->peerhost) }
sub sockaddr   { _addr($_[0]->sockhost) }
sub peername   { _name($_[0]->peerhost, $_[0]->peerport) }
sub sockname   { _name($_[0]->sockhost, $_[0]->sockport) }
sub sockdomain { $_[0]->sockhost =~ /:/ ? Socket::AF_INET6() : Socket::AF_INET() }
sub connected  { defined fileno $_[0] ? $_[0]->peername : undef }

sub peerhostname {
    my ($error, $name) = Socket::getnameinfo($_[0]->peername, Socket::NI_NAMEREQD(), Socket::NIx_NOSERV());
    return $error ? undef : $name;
}

1;
