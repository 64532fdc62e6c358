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

our @EXPORT = qw(tls tls_load tls_files);

my $tls;
sub tls      { $tls //= TestHttpd::have_httpd_module('ssl') && eval { require IO::Socket::SSL; require IO::Socket::SSL::Utils; 1 } ? 1 : 0 }
sub tls_load { tls() ? qw(socache_shmcb ssl) : () }

# A certificate, as the file tls.pem.
sub tls_files {
    return unless tls();
    my ($cert, $key) = IO::Socket::SSL::Utils::CERT_create(CA => 0, subject => { commonName => 'net.example.com' }, purpose => 'server');
    return ('tls.pem' => IO::Socket::SSL::Utils::PEM_cert2string($cert) . IO::Socket::SSL::Utils::PEM_key2string($key));
}

sub TestHttpd::net {
    my ($s, $name) = @_;
    my $port   = $s->port($name);
    my $socket = $name =~ /^tls/ ? IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $port, SSL_verify_mode => 0, Timeout => 20) : $s->socket($port);
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
sub send   { my ($self, $text) = @_; local $SIG{PIPE} = 'IGNORE'; print { $self->{socket} } $text; $self->{socket}->flush; return }
sub say    { my ($self, $text) = @_; return $self->send("$text\r\n") }
sub say_to { my ($self, $text) = @_; $self->say($text); return $self->answer }
sub rest   { my ($self) = @_; 1 while $self->_more; return split /\r?\n/, $self->{had} }

# TLS begins on a connection that was plain. False if it did not.
sub start_tls { my ($self) = @_; return IO::Socket::SSL->start_SSL($self->{socket}, SSL_verify_mode => 0, Timeout => 20) }

# No more comes from this end.
sub done_sending {
    my ($self) = @_;
    my $socket = $self->{socket};
    return shutdown $socket, SHUT_WR unless $socket->isa('IO::Socket::SSL');
    Net::SSLeay::shutdown($socket->_get_ssl_object);
    return;
}

# The client vanishes.
sub reset {
    my ($self) = @_;
    my $socket = delete $self->{socket};
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
    return $socket->isa('IO::Socket::SSL') ? $socket->close(SSL_no_shutdown => 1) : close $socket;
}

1;
