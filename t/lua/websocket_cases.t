# What RFC 6455 says a server does with each kind of frame, right or wrong: a table in the order of the well-known suite of cases
# (framing, pings, reserved bits, opcodes, fragments, UTF-8, close, limits) against a script that sends each message back.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

plan skip_all => 'mod_lua reads frames as they come' unless ours;

my %files = ('htdocs/echo.lua' => <<'L', 'htdocs/peek.lua' => <<'P', 'htdocs/kinds.lua' => <<'K');
function handle(r)
  if not r:wsupgrade() then r.status = 400 r:puts("no upgrade") return apache2.OK end
  local parts = {}
  while true do
    local piece, last, kind = r:wsread()
    if not piece then return apache2.DONE end
    parts[#parts + 1] = piece
    if last then r:wswrite(table.concat(parts), false, kind) parts = {} end
  end
end
L
function handle(r)
  r:wsupgrade()
  while not r:wspeek() do r.usleep(1000) end
  local line = r:wsread()
  r:wswrite(line and "read " .. line or "nothing")
  return apache2.DONE
end
P
function handle(r)
  r:wsupgrade()
  r:wswrite("a") r:wswrite("\255") r:wswrite("b", false, "binary") r:wswrite("c", nil, "text")
  r:wswrite(select(2, pcall(r.wswrite, r, "d", false, "other")):match("kind.*") or "?")
  r:wsclose()
  return apache2.DONE
end
K

# A frame's bytes: its first byte, its payload, how its length is written, whether it is masked.
sub f {
    my ($first, $payload, %opt) = @_;
    my $n    = defined $opt{length} ? $opt{length} : length $payload;
    my $form = defined $opt{form}   ? $opt{form}   : $n < 126 ? 7 : $n < 65536 ? 16 : 64;
    my $mask = exists $opt{mask} ? $opt{mask} : "\x11\xa2\x33\xf4";
    my $bit  = defined $mask ? 0x80 : 0;
    my $head = pack('C', $first) . ($form == 7 ? pack('C', $bit | $n) : $form == 16 ? pack('Cn', $bit | 126, $n) : pack('CNN', $bit | 127, $n >> 32, $n & 0xffffffff));
    return $head . $payload unless defined $mask;
    return $head . $mask . ("$payload" ^ substr($mask x (1 + length($payload) / 4), 0, length $payload));
}
sub text   { return f(0x81, @_) }
sub binary { return f(0x82, @_) }
sub code   { my ($code, $reason) = @_; return f(0x88, pack('n', $code) . ($reason // '')) }

my $euro = "\xe2\x82\xac";
my $long = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";      # a Greek word
my $any  = join '', map { chr } 0 .. 255;
# name, what is sent (array: in so many packets), what comes back; `close N` ends the connection by that, `eof` too.
my @cases = (
    (map { ["text of $_ bytes", text('*' x $_), 'text ' . '*' x $_] } 0, 1, 125, 126, 127, 128, 65535, 65536),
    (map { ["binary of $_ bytes", binary("\xfe" x $_), 'binary ' . "\xfe" x $_] } 0, 1, 125, 126, 127, 128, 65535, 65536),
    ['a binary message that could be text', binary('abc'), 'binary abc'],
    ['text byte by byte', [split //, text('chopped ' x 20)], 'text ' . 'chopped ' x 20],
    ['a length that is longer than it need be', text('abc', form => 64), 'text abc'],
    ['a mask of zeros', text('abc', mask => "\0\0\0\0"), 'text abc'],

    ['ping', f(0x89, ''), 'pong '],
    ['ping with text', f(0x89, 'Hello'), 'pong Hello'],
    ['ping with any bytes', f(0x89, substr $any, 131), 'pong ' . substr $any, 131],
    ['ping of 125 bytes', f(0x89, "\xfe" x 125), 'pong ' . "\xfe" x 125],
    ['ping of 126 bytes', f(0x89, "\xfe" x 126), 'close 1002'],
    ['ping of 126 bytes with a long length', f(0x89, 'a', form => 16), 'close 1002'],
    ['pongs that nobody asked for', f(0x8a, '') . f(0x8a, 'a') . text('b'), 'text b'],
    ['ten pings', join('', map { f(0x89, "p$_") } 1 .. 10), map { "pong p$_" } 1 .. 10],

    (map { [sprintf('reserved bits %d', $_ >> 4), text('a') . f(0x81 | $_, 'b') . text('c'), 'text a', 'close 1002'] } 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70),
    ['a reserved bit in a ping', f(0x99, ''), 'close 1002'],
    ['a reserved bit in a close', f(0xf8, ''), 'close 1002'],
    ['a reserved bit in a continuation', f(0x01, 'a') . f(0xa0, 'b'), 'close 1002'],
    (map { ["opcode $_", text('a') . f(0x80 | $_, 'b') . f(0x89, ''), 'text a', 'close 1002'] } 3 .. 7, 11 .. 15),

    (map { my ($what, $first) = @$_; ["$what without a mask", f($first, 'ab', mask => undef), 'close 1002'] }
        ['text', 0x81], ['binary', 0x82], ['ping', 0x89], ['pong', 0x8a]),
    ['a close without a mask', f(0x88, pack('n', 1000), mask => undef), 'close 1002'],
    ['a continuation without a mask', f(0x01, 'a') . f(0x80, 'b', mask => undef), 'close 1002'],
    ['an empty frame without a mask', f(0x81, '', mask => undef), 'close 1002'],

    (map { my ($what, $first) = @$_; ["a $what in fragments", f($first, 'a'), 'close 1002'] } ['ping', 0x09], ['pong', 0x0a], ['close', 0x08]),
    ['two fragments', f(0x01, 'fragment1') . f(0x80, 'fragment2'), 'text fragment1fragment2'],
    ['two fragments in packets of bytes', [split //, f(0x01, 'one') . f(0x80, 'two')], 'text onetwo'],
    ['fragments that are empty', f(0x01, '') . f(0x00, '') . f(0x80, ''), 'text '],
    ['a message between empty fragments', f(0x02, '') . f(0x00, 'middle') . f(0x80, ''), 'binary middle'],
    ['a ping between fragments', f(0x01, 'a') . f(0x89, 'p') . f(0x80, 'b'), 'pong p', 'text ab'],
    ['many pings between fragments', join('', f(0x01, 'a'), (map { f(0x00, $_) . f(0x89, "p$_") } 1 .. 4), f(0x80, 'b')), (map { "pong p$_" } 1 .. 4), 'text a1234b'],
    ['a continuation of nothing', f(0x80, 'a') . text('b'), 'close 1002'],
    ['a continuation of nothing that is not the last', f(0x00, 'a') . text('b'), 'close 1002'],
    ['a continuation behind a whole message', f(0x01, 'a') . f(0x80, 'b') . f(0x00, 'c'), 'text ab', 'close 1002'],
    ['text within text', f(0x01, 'a') . text('b'), 'close 1002'],
    ['binary within text', f(0x01, 'a') . f(0x82, 'b'), 'close 1002'],

    ['text', text("Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-UTF-8!!"), "text Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-UTF-8!!"],
    ['a character in fragments', f(0x01, "\xe2") . f(0x00, "\x82") . f(0x80, "\xac"), "text $euro"],
    ['each byte a fragment', join('', f(0x01, ''), (map { f(0x00, $_) } split //, $long), f(0x80, '')), "text $long"],
    ['a ping within a character', f(0x01, "\xe2") . f(0x89, "\xff") . f(0x80, "\x82\xac"), "pong \xff", "text $euro"],
    (map { [sprintf('the characters beside U+%04X', $_->[0]), text($_->[1]), "text $_->[1]"] } [0, "\0"], [0x7f, "\x7f\xc2\x80"], [0x7ff, "\xdf\xbf\xe0\xa0\x80"],
        [0xd7ff, "\xed\x9f\xbf\xee\x80\x80"], [0xfffd, "\xef\xbf\xbd"], [0xffff, "\xef\xbf\xbe\xef\xbf\xbf\xf0\x90\x80\x80"], [0x10ffff, "\xf4\x8f\xbf\xbf"]),
    (map { ["no UTF-8: $_->[0]", text("ab$_->[1]"), 'close 1007'], ["no UTF-8 in the second fragment: $_->[0]", f(0x01, 'ab') . f(0x80, $_->[1]), 'close 1007'] }
        ['a byte that none has', "\xff"], ['a byte that continues nothing', "\x80"], ['a character that ends early', "\xe2\x82"],
        ['a character cut by another', "\xe2\x82a"], ['written too long', "\xc0\xaf"], ['written too long, three bytes', "\xe0\x9f\xbf"], ['written too long, four bytes', "\xf0\x8f\xbf\xbf"],
        ['a surrogate', "\xed\xa0\x80"], ['a pair of surrogates', "\xed\xa0\xbd\xed\xb8\x80"], ['beyond U+10FFFF', "\xf4\x90\x80\x80"], ['five bytes', "\xf8\x88\x80\x80\x80"]),
    ['no UTF-8 is known before its message ends', f(0x01, "ab\xff"), 'close 1007'],
    ['and before its frame ends', [substr text("ab\xff" . 'c' x 1000), 0, 20], 'close 1007'],
    ['and in a character that began in the fragment before', f(0x01, "\xf4") . substr(f(0x00, "\x90" . 'c' x 100), 0, 10), 'close 1007'],
    ['binary may be no UTF-8', binary("ab\xff") . f(0x02, "\xe2") . f(0x80, 'x'), "binary ab\xff", "binary \xe2x"],
    ['text behind binary begins anew', f(0x02, "\xe2") . f(0x80, "\x82") . text($euro), "binary \xe2\x82", "text $euro"],

    ['a close', code(1000), 'close 1000'],
    ['a close of nothing', f(0x88, ''), 'close'],
    ['a close with a reason', code(1000, 'done'), 'close 1000'],
    ['a close with a reason of 123 bytes', code(1000, '*' x 123), 'close 1000'],
    ['a close with a reason of 124 bytes', code(1000, '*' x 124), 'close 1002'],
    ['a close of one byte', f(0x88, 'a'), 'close 1002'],
    ['a close with a reason that is no text', code(1000, "\xce\xba\xff"), 'close 1007'],
    ['a close within a message', f(0x01, 'a') . code(1000), 'close 1000'],
    ['data behind a close', code(1000) . text('late') . f(0x89, 'late'), 'close 1000'],
    ['two closes', code(1000) . code(1001), 'close 1000'],
    (map { ["a close of $_", code($_), "close $_"] } 1001 .. 1003, 1007 .. 1014, 3000, 3999, 4000, 4999),
    (map { ["a close of $_", code($_), 'close 1002'] } 0, 1, 999, 1004 .. 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535),

    ['a length with its high bit', f(0x82, '', length => 1 << 63, form => 64), 'close 1002'],
    ['a length of all bits', "\x82\xff" . "\xff" x 8 . 'mask', 'close 1002'],
    ['more than may be', f(0x82, '', length => (16 << 20) + 1, form => 64), 'close 1009'],
    ['far more than may be', f(0x82, '', length => 1 << 62, form => 64), 'close 1009'],
    ['many messages at once', join('', map { text("m$_") } 1 .. 200), map { "text m$_" } 1 .. 200],
);

my @handshakes = (
    [101, 'as clients ask'],
    [101, 'other words in other cases', Upgrade => 'other, WebSocket', Connection => 'keep-alive, UPGRADE'],
    [400, 'no Upgrade', Upgrade => undef],
    [400, 'an Upgrade to something else', Upgrade => 'h2c'],
    [400, 'no Connection', Connection => undef],
    [400, 'a Connection without upgrade', Connection => 'keep-alive'],
    [400, 'no key', 'Sec-WebSocket-Key' => undef],
    [400, 'a key of other length', 'Sec-WebSocket-Key' => 'abc='],
    [400, 'another version', 'Sec-WebSocket-Version' => 8],
    [400, 'no version', 'Sec-WebSocket-Version' => undef],
);

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, files => \%files, config => "Timeout 10\n");
    for my $case (@cases) {
        my ($name, $sent, @expected) = @$case;
        push @expected, 'eof' if $expected[-1] =~ /^close/;
        my $ws = TestHttpd::WebSocket->connect($s, '/echo.lua');
        $ws->raw($_) for ref $sent ? @$sent : $sent;
        my @got = map { $ws->next } @expected;
        my $same = "@got" eq "@expected";
        ok $same, $name or diag 'got ' . join ', ', map { substr($_, 0, 80) } @got;
        close $ws->{socket};
    }
    for my $case (@handshakes) {
        my ($status, $name, %headers) = @$case;
        my $ws = TestHttpd::WebSocket->connect($s, '/echo.lua', %headers);
        is $ws->{status}, $status, "$name: $status";
        is $ws->{headers}{'sec-websocket-version'}, 13, '  and ours is told' if $name eq 'another version';
    }
    is $s->request('POST', '/echo.lua', { Upgrade => 'websocket', Connection => 'Upgrade', 'Sec-WebSocket-Key' => 'A' x 22 . '==', 'Sec-WebSocket-Version' => 13 }, '')->{status}, 400, 'a POST: 400';
    for my $case (['an unmasked frame', f(0x81, 'a', mask => undef), 'close 1002'], ['an unmasked ping', f(0x89, 'a', mask => undef), 'close 1002'],
        ['no text', text("\xff"), 'close 1007'], ['text', text('a'), 'text read a'], ['a ping and text', f(0x89, '') . text('a'), 'pong ', 'text read a']) {
        my ($name, $sent, @expected) = @$case;
        my $ws = TestHttpd::WebSocket->connect($s, '/peek.lua');
        $ws->raw($sent);
        is_deeply [map { $ws->next } @expected], \@expected, "wspeek: $name";
    }
    my $ws = TestHttpd::WebSocket->connect($s, '/kinds.lua');
    is_deeply [map { $ws->next } 1 .. 5], ['text a', "binary \xff", 'binary b', 'text c', 'text kind of a message is "text" or "binary"'], 'wswrite sends text as text, or what it is told';
});

done_testing;
