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

our $VERSION = '0.1.0';

# By what lines of the configuration say of the program: the object; in an interpreter that has served, that it has begun.
my (%server, %begun);

# The line whose program is being loaded, and its name for messages.
our ($loading, $program);

# Processes that the program has forked here and nobody has waited for.
my %forked;

# The object whose connection is served.
our $serving;

# What httpd has directives of its own for, or does not do here.
my %INSTEAD = (
    user      => 'User', group => 'Group', chroot => 'ChrootDir', pid_file => 'PidFile', background => '', setsid => '',
    log_file  => 'ErrorLog', log_level => undef, listen => 'ListenBacklog', serialize => 'Mutex', lock_file => 'Mutex',
    max_servers  => 'PerlInterpMax', min_servers => 'PerlInterpStart', min_spare_servers => 'PerlInterpMinSpare',
    max_spare_servers => 'PerlInterpMaxSpare', max_requests => 'PerlInterpMaxRequests', check_for_dead => '', check_for_waiting => '',
    leave_children_open_on_hup => '', sig_passthrough => '', check_for_dequeue => 'PerlJob', max_dequeue => 'PerlJob',
);

# Keys that would have httpd's parent become another process, or open what httpd has.
my @DROPPED = qw(background setsid pid_file user group chroot lock_file serialize sig_passthrough);

my $is_threaded = Apache2::MPM->is_threaded;

{
    no warnings qw(redefine once);
    *Net::Server::run          = \&_registered;
    *Net::Server::server_close = \&_closed;
    *CORE::GLOBAL::fork        = \&_fork;
}

# Called at the start for each line, in the parent of the interpreters that will serve.
sub load {
    my ($key, $what, $is_file, $sub, @words) = @_;
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
    eval 'END { ModInterp::NetServer::_finish($key) } 1' or die $@;     # behind all of the program's, so that it runs before these
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
    _tell_unused($p);
    delete @$p{@DROPPED};
    $p->{log_file} = undef;                                             # STDERR, which is httpd's error log
    $self->post_configure;
    $self->post_configure_hook;
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

sub _tell_unused {
    my ($p) = @_;
    my @unused = grep { defined $p->{$_} && !(ref $p->{$_} eq 'ARRAY' && !@{ $p->{$_} }) && defined $INSTEAD{$_} } sort keys %INSTEAD;
    return unless @unused;
    warn "PerlNetServer $program: not used here: " . join(', ', map { $INSTEAD{$_} ? "$_ (httpd has $INSTEAD{$_})" : $_ } @unused) . "\n";
}

# Serves one connection, whose socket is this descriptor.
sub serve {
    my ($key, $fd, $proto, @ends) = @_;
    my $self = $server{$key} or die "the program was not loaded\n";
    my $p    = $self->{server};
    local $serving = $self;
    my $turn = ModInterp::NetServer::Turn->begin;
    if (!$begun{$key}++) {
        @$p{qw(ppid connected requests)} = (getppid, 0, 0);
        delete $p->{children};
        srand;
        $self->child_init_hook unless $self->isa('Net::Server::Fork');  # that one calls it for each connection itself
    }
    $SIG{PIPE} = 'IGNORE' unless $is_threaded;
    local @$p{qw(client connected done)} = (ModInterp::NetServer::Client->new($fd, $proto, @ends), 1, undef);
    delete $p->{client} unless defined $p->{client};
    $self->run_client_connection;
    return 0;
}

# An interpreter that has served ends.
sub _finish {
    my ($key) = @_;
    my $self = $server{$key};
    return unless delete $begun{$key} && $self && !$self->isa('Net::Server::Fork');
    $self->child_finish_hook;
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

sub begin {
    (undef, $signals) = ModInterp::turn(1);
    return bless [$$], shift;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->[0] != $$;
    local ($@, $!, $?);
    my ($touched, $now) = ModInterp::turn(0);
    for my $pid (keys %forked) { delete $forked{$pid} if waitpid $pid, POSIX::WNOHANG }
    return unless $is_threaded;
    my %used = (chdir => $touched & 1, umask => $touched & 2, 'a handler in %SIG' => $now != $signals);
    for my $what (grep { $used{$_} && !$told{$_}++ } sort keys %used) {
        warn "PerlNetServer: $what of a program is the process's, in which other threads serve: a program that needs it is for prefork\n";
    }
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
