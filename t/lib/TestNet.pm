package TestNet;

# A client for servers whose protocol is lines, plain or under TLS.
#
#   my $c = $s->net('smtp');        # a port by the name that the configuration gives it; of `tls...` it is TLS
#   $c->answer                      # a line, without its end; '' when the server has closed
#   $c->say_to('HELO x')            # the answer to a line
#   $c->rest                        # all lines up to the end

use strict;
use warnings;
use Exporter 'import';
use Socket qw(SOL_SOCKET SO_LINGER SHUT_WR);
use TestHttpd ();
use Time::HiRes ();

our @EXPORT = qw(tls tls_load tls_files at_once);

my $tls;
sub tls      { $tls //= TestHttpd::have_httpd_module('ssl') && eval { require IO::Socket::SSL; require IO::Socket::SSL::Utils; 1 } ? 1 : 0 }
sub tls_load { tls() ? qw(socache_shmcb ssl) : () }

# What all clients have together: to make it takes longer than to shake hands.
my $context;
sub context { return SSL_reuse_ctx => $context //= IO::Socket::SSL::SSL_Context->new(SSL_verify_mode => 0, SSL_server => 0) }

# A certificate, as the file tls.pem.
sub tls_files {
    return unless tls();
    my ($cert, $key) = IO::Socket::SSL::Utils::CERT_create(CA => 0, subject => { commonName => 'net.example.com' }, purpose => 'server');
    return ('tls.pem' => IO::Socket::SSL::Utils::PEM_cert2string($cert) . IO::Socket::SSL::Utils::PEM_key2string($key));
}

sub TestHttpd::net {
    my ($s, $name) = @_;
    my $port   = $s->port($name);
    my $socket = $name =~ /^tls/ ? IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $port, context(), Timeout => 20) : $s->socket($port);
    return bless { socket => $socket, had => '' }, __PACKAGE__;
}

sub _more {
    my ($self) = @_;
    local $SIG{ALRM} = sub { die 'no answer at line ', join(' ', map { (caller $_)[2] } 1 .. 4), "\n" };
    alarm 20;
    my $n = sysread $self->{socket}, $self->{had}, 65536, length $self->{had};
    alarm 0;
    return $n;
}

sub answer {
    my ($self) = @_;
    while ($self->{had} !~ /\n/) { $self->_more or last }
    return $self->{had} =~ s/\A(.*?)\r?\n//s ? $1 : delete($self->{had}) . ($self->{had} = '');
}
# The first bytes of an answer, and no more.
sub some   { my ($self) = @_; return $self->{had} ne '' || $self->_more }
sub send   { my ($self, $text) = @_; local $SIG{PIPE} = 'IGNORE'; print { $self->{socket} } $text; $self->{socket}->flush; return }
sub say    { my ($self, $text) = @_; return $self->send("$text\r\n") }
sub say_to { my ($self, $text) = @_; $self->say($text); return $self->answer }
sub rest   { my ($self) = @_; 1 while $self->_more; return split /\r?\n/, $self->{had} }

# TLS begins on a connection that was plain. False if it did not.
sub start_tls { my ($self) = @_; return IO::Socket::SSL->start_SSL($self->{socket}, context(), Timeout => 20) }

# No more comes from this end.
sub done_sending {
    my ($self) = @_;
    my $socket = $self->{socket};
    return shutdown $socket, SHUT_WR unless $socket->isa('IO::Socket::SSL');
    Net::SSLeay::shutdown($socket->_get_ssl_object);
    return;
}

# So many connections at the same time, none of which waits for another: each says the text, and what it is told until the server closes is in the
# list. A connection that fails has undef.
sub at_once {
    my ($s, $name, $n, $text) = @_;
    my $port = $s->port($name);
    my $tls  = $name =~ /^tls/;
    my $end  = time + 120;
    my @all  = map {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Blocking => 0) or die "connect: $!";
        { socket => $socket, to_say => ref $text ? $text->($_) : $text, said => '' }
    } 0 .. $n - 1;
    while (my @open = grep { $_->{socket} } @all) {
        my ($in, $out) = ('', '');
        for (@open) {
            my $fd = fileno $_->{socket};
            vec($in, $fd, 1) = 1;
            vec($out, $fd, 1) = 1 if $_->{wants_write} // ($_->{to_say} ne '' && (!$tls || !$_->{begun}));
        }
        select $in, $out, undef, 1;
        for (grep { my $fd = fileno $_->{socket}; vec($in, $fd, 1) || vec($out, $fd, 1) } @open) { _step($_, $tls) }
        last if time > $end;
    }
    return map { $_->{failed} || $_->{socket} ? undef : $_->{said} } @all;
}

# Does what can be done on one of them without waiting.
sub _step {
    my ($c, $tls) = @_;
    my $waits = sub {
        return $c->{wants_write} = undef, 1 if $!{EAGAIN} && !$tls;
        return 0 unless $tls && ($IO::Socket::SSL::SSL_ERROR == IO::Socket::SSL::SSL_WANT_READ() || $IO::Socket::SSL::SSL_ERROR == IO::Socket::SSL::SSL_WANT_WRITE());
        $c->{wants_write} = $IO::Socket::SSL::SSL_ERROR == IO::Socket::SSL::SSL_WANT_WRITE() ? 1 : 0;
        return 1;
    };
    my $over = sub { $c->{failed} = $_[0]; $c->{socket} = undef };
    if ($tls && !$c->{shaken}) {
        $c->{begun}++ or IO::Socket::SSL->start_SSL($c->{socket}, SSL_startHandshake => 0, context());
        $c->{socket}->connect_SSL or return $waits->() || $over->('handshake');
        $c->{shaken} = 1;
    }
    if ($c->{to_say} ne '') {
        my $n = syswrite $c->{socket}, $c->{to_say};
        return $waits->() || $over->('write') unless $n;
        substr $c->{to_say}, 0, $n, '';
        $c->{wants_write} = undef;
    }
    while (1) {
        my $n = sysread $c->{socket}, $c->{said}, 65536, length $c->{said};
        next if $n;
        return defined $n ? $over->(undef) : $waits->() || $over->('read');
    }
}

# The client vanishes.
sub reset {
    my ($self) = @_;
    my $socket = delete $self->{socket};
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
    return $socket->isa('IO::Socket::SSL') ? $socket->close(SSL_no_shutdown => 1) : close $socket;
}

1;
