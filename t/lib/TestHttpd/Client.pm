package TestHttpd::Client;

# Talking to the server under test: plain requests, keep-alive, bytes on a socket, HTTP/2, many clients at once.
# Answers are hashes: status, reason, content (bytes), headers (lower case; several values as an array).

use strict;
use warnings;

use HTTP::Tiny ();
use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Storable ();
use Time::HiRes qw(time);

# get(path, header => value, ...) on a connection of its own; a Host header chooses the virtual host. No redirect is
# followed.
sub get  { my ($s, $path, %headers) = @_; $s->request('GET',  $path, \%headers) }
sub head { my ($s, $path, %headers) = @_; $s->request('HEAD', $path, \%headers) }

# post(path, content, header => value, ...)
sub post { my ($s, $path, $content, %headers) = @_; $s->request('POST', $path, \%headers, $content) }

sub request {
    my ($s, $method, $path, $headers, $content) = @_;
    return send_with(agent(0), $method, $s->url($path), $headers, $content);
}

# An object with get, head, post and request that keeps its connection.
sub client { my ($s) = @_; bless { s => $s, http => agent(1) }, 'TestHttpd::Client::KeepAlive' }

sub agent {
    my ($keep_alive) = @_;
    HTTP::Tiny->new(keep_alive => $keep_alive, max_redirect => 0, timeout => $TestHttpd::DEADLINE, agent => 't', proxy => undef, http_proxy => undef);
}

sub send_with {
    my ($http, $method, $url, $headers, $content) = @_;
    my %options = (headers => { %{ $headers || {} } });
    # HTTP::Tiny makes the Host line from the address; which server it talks to is told apart.
    if (my ($name) = grep { lc eq 'host' } keys %{ $options{headers} }) {
        my $host = delete $options{headers}{$name};
        $url =~ s{//127\.0\.0\.1:}{//$host:};
        $options{peer} = '127.0.0.1';
    }
    $options{content} = $content if defined $content;
    $options{headers}{'Content-Type'} = 'application/x-www-form-urlencoded'
        if defined $content && !grep { lc eq 'content-type' } keys %{ $options{headers} };
    return $http->request($method, $url, \%options);
}

# A connected socket.
sub socket {
    my ($s, $port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port || $s->port, Timeout => 10)
        or die "no connection to port " . ($port || $s->port) . ": $!\n";
    $socket->autoflush(1);
    binmode $socket;
    return $socket;
}

# Sends the bytes as they are, reads until the server closes (or the seconds passed) and returns what came.
sub raw {
    my ($s, $bytes, $seconds) = @_;
    my $socket = $s->socket;
    print {$socket} $bytes;
    return read_all($socket, $seconds);
}

sub read_all {
    my ($socket, $seconds) = @_;
    my $end    = time + ($seconds || 10);
    my $select = IO::Select->new($socket);
    my $got    = '';
    while ((my $left = $end - time) > 0) {
        next unless $select->can_read($left);
        my $n = sysread $socket, $got, 65536, length $got;
        last if !$n;
    }
    return $got;
}

# The same over HTTP/2 with prior knowledge (load => ['http2'], `Protocols h2c http/1.1`); further arguments go to curl.
sub h2 {
    my ($s, $path, @args) = @_;
    my ($header, $pid) = ("$s->{root}/var/h2.$$");
    $pid = open my $out, '-|', 'curl', '-sS', '--http2-prior-knowledge', '--max-time', 30, '-D', $header, @args, $s->url($path);
    return { status => 599, content => "curl: $!", headers => {} } unless $pid;
    binmode $out;
    my $content = do { local $/; <$out> };
    close $out;
    my %answer = (status => 599, content => $content, headers => {}, exit => $? >> 8);
    for my $line (split /\r?\n/, TestHttpd::slurp($header)) {
        if ($line =~ m{^HTTP/2 (\d+)}) { $answer{status} = $1; $answer{headers} = {}; next }
        my ($name, $value) = split /:\s*/, $line, 2;
        $answer{headers}{ lc $name } = $value if defined $value;
    }
    unlink $header;
    return \%answer;
}

sub have_h2 {
    return 0 unless TestHttpd::have_httpd_module('http2');
    return scalar `curl -V 2>/dev/null` =~ /\bHTTP2\b/;
}

# Forks n clients, each running the code with its number (0 ..); returns what each returned, as array references,
# or a string with the error of one that died.
sub parallel {
    my ($s, $n, $code) = @_;
    my @running;
    for my $i (0 .. $n - 1) {
        pipe my $read, my $write or die "pipe: $!";
        my $pid = fork;
        die "fork: $!" unless defined $pid;
        if (!$pid) {
            close $read;
            close $_->[1] for @running;
            my @got = eval { $code->($i) };
            binmode $write;
            print {$write} Storable::freeze($@ ? { died => "$@" } : { got => \@got });
            close $write;
            POSIX::_exit(0);
        }
        close $write;
        push @running, [$pid, $read];
    }
    my @results;
    for my $client (@running) {
        my ($pid, $read) = @$client;
        binmode $read;
        my $bytes = do { local $/; <$read> };
        waitpid $pid, 0;
        my $answer = length($bytes || '') ? Storable::thaw($bytes) : { died => "client ended with $?" };
        push @results, exists $answer->{died} ? $answer->{died} : $answer->{got};
    }
    return @results;
}

# Starts the code in a process of its own and returns its pid; end it with kill and waitpid.
sub background {
    my ($s, $code) = @_;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    return $pid if $pid;
    eval { $code->(); 1 } or print STDERR $@;
    POSIX::_exit($@ ? 1 : 0);
}

package TestHttpd::Client::KeepAlive;

our @ISA = ('TestHttpd::Client');

sub request {
    my ($self, $method, $path, $headers, $content) = @_;
    return TestHttpd::Client::send_with($self->{http}, $method, $self->{s}->url($path), $headers, $content);
}

1;
