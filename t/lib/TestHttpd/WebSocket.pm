package TestHttpd::WebSocket;

# A WebSocket client (RFC 6455) that shows what is on the wire: one frame at a time, whole or in pieces.

use strict;
use warnings;

use IO::Select ();
use MIME::Base64 qw(encode_base64);
use Digest::SHA qw(sha1);
use Time::HiRes qw(sleep time);
use TestHttpd::Lua ();

our %OPCODE = (continue => 0, text => 1, binary => 2, close => 8, ping => 9, pong => 10);
my %NAME = reverse %OPCODE;

# Asks for an upgrade; `status` and `headers` say what came, `is_upgraded` whether it is one.
sub connect {
    my ($class, $s, $path, %headers) = @_;
    my $key  = encode_base64(join('', map { chr int rand 256 } 1 .. 16), '');
    my $self = bless { socket => $s->socket, buffer => '', accept => encode_base64(sha1("${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"), '') }, $class;
    my %all  = (Host => '127.0.0.1', Upgrade => 'websocket', Connection => 'Upgrade', 'Sec-WebSocket-Key' => $key, 'Sec-WebSocket-Version' => 13, %headers);
    $self->raw("GET $path HTTP/1.1\r\n" . join('', map { "$_: $all{$_}\r\n" } grep { defined $all{$_} } sort keys %all) . "\r\n");
    $self->fill(1) or last while $self->{buffer} !~ /\r\n\r\n/ && !$self->{closed};
    $self->{buffer} =~ s/^(.*?\r\n)\r\n//s or return $self;
    my ($line, @lines) = split /\r\n/, $1;
    $self->{status}  = (split ' ', $line)[1];
    $self->{headers} = { map { my ($n, $v) = split /:\s*/, $_, 2; (lc $n => $v) } @lines };
    return $self;
}

# A server whose /ws.lua answers each message with its length and beginning, until one is "bye"; and a connection to it.
sub start_lengths {
    my ($class, %opt) = @_;
    my $script = <<'L';
function handle(r)
  r:wsupgrade()
  while true do
    local line = r:wsread()
    if not line then break end
    if line == "bye" then break end
    r:wswrite(("%d:%s"):format(#line, line:sub(1, 20)))
  end
  r:wsclose()
  return apache2.DONE
end
L
    my $s = TestHttpd::Lua->start(%opt, files => { 'htdocs/ws.lua' => $script });
    return ($s, $class->connect($s, '/ws.lua'));
}

sub is_upgraded { ($_[0]{status} || 0) == 101 && ($_[0]{headers}{'sec-websocket-accept'} || '') eq $_[0]{accept} }

sub raw {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes;
        return 0 unless $n;
        substr $bytes, 0, $n, '';
    }
    return 1;
}

# The bytes of a frame; fin and mask unless told otherwise.
sub frame {
    my ($kind, $payload, %opt) = @_;
    my $fin  = defined $opt{fin} ? $opt{fin} : 1;
    my $mask = defined $opt{mask} ? $opt{mask} : 1;
    my $n    = length $payload;
    my $head = pack 'C', ($fin ? 0x80 : 0) | $OPCODE{$kind};
    $head .= $n < 126 ? pack('C', $n | ($mask ? 0x80 : 0)) : $n < 65536 ? pack('Cn', 126 | ($mask ? 0x80 : 0), $n) : pack('CNN', 127 | ($mask ? 0x80 : 0), 0, $n);
    return $head . $payload unless $mask;
    my $key = join '', map { chr int rand 256 } 1 .. 4;
    return $head . $key . ($payload ^ substr($key x (1 + $n / 4), 0, $n));
}

# send_frame('text', $payload, fin => 0, mask => 0, pieces => $bytes): with pieces a pause stands between every so many bytes.
sub send_frame {
    my ($self, $kind, $payload, %opt) = @_;
    my $bytes = frame($kind, $payload, %opt);
    return $self->raw($bytes) unless $opt{pieces};
    while (length $bytes) {
        $self->raw(substr $bytes, 0, $opt{pieces}, '') or return 0;
        sleep 0.002;
    }
    return 1;
}

# Reads more; false at the end or when nothing came in the seconds.
sub fill {
    my ($self, $seconds) = @_;
    return 0 if $self->{closed} || !IO::Select->new($self->{socket})->can_read($seconds);
    return 1 if sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
    $self->{closed} = 1;
    return 0;
}

# The next frame as (kind, payload, fin); ('eof') when the server closed, ('half a frame') when it did within one, and
# ('nothing') when none came in time.
sub read_frame {
    my ($self, $seconds) = @_;
    my $end = time + ($seconds || 5);
    while (1) {
        my $b = $self->{buffer};
        if (length $b >= 2) {
            my ($first, $second) = unpack 'CC', $b;
            my ($n, $at) = ($second & 0x7f, 2);
            if    ($n == 126) { ($n, $at) = (length $b >= 4 ? unpack('x2n', $b) : 1 << 40, 4) }
            elsif ($n == 127) { ($n, $at) = (length $b >= 10 ? unpack('x6N', $b) : 1 << 40, 10) }
            if (length $b >= $at + $n) {
                substr $self->{buffer}, 0, $at + $n, '';
                return ($NAME{ $first & 15 } || 'unknown', substr($b, $at, $n), $first >> 7);
            }
        }
        my $left = $end - time;
        return 'nothing' if $left <= 0;
        $self->fill($left) || $self->{closed} && return length $self->{buffer} ? 'half a frame' : 'eof';
    }
}

# The next frame as one word for a test: "text hello", "close 1000", "eof".
sub next {
    my ($self, $seconds) = @_;
    my ($kind, $payload) = $self->read_frame($seconds);
    return $kind unless defined $payload;
    return 'close' . (length $payload >= 2 ? ' ' . unpack 'n', $payload : '') if $kind eq 'close';
    return "$kind $payload";
}

1;
