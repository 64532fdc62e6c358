# WebSockets: r:wsupgrade, wsread, wswrite, wspeek, wsping, wsclose, with a client that shows every frame.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;
use Digest::MD5 ();

my %FILES = (
    'htdocs/echo.lua' => <<'L',
function handle(r)
  if not r:wsupgrade() then r.status = 400 r:puts("no upgrade") return apache2.OK end
  while true do
    local line, last = r:wsread()
    if not line then break end
    if line == "bye" then break end
    if line == "ping" then r:wswrite("pong " .. tostring(r:wsping()))
    else r:wswrite((last and "" or "part ") .. line) end
  end
  r:wsclose()
  return apache2.DONE
end
L
    'htdocs/length.lua' => <<'L',
function handle(r)
  r:wsupgrade()
  while true do
    local line = r:wsread()
    if not line then break end
    r:wswrite(("%d %s"):format(#line, r:md5(line)))
  end
  r:wsclose()
  return apache2.DONE
end
L
    'htdocs/sends.lua' => <<'L',
function handle(r)
  r:wsupgrade()
  for _, n in ipairs{0, 1, 125, 126, 65534, 65535, 65536, 200000} do r:wswrite(("x"):rep(n)) end
  r:wswrite("\137\1!", true)
  r:wsclose()
  return apache2.DONE
end
L
    'htdocs/peek.lua' => <<'L',
function handle(r)
  r:wsupgrade()
  r:wswrite(tostring(r:wspeek()))
  while not r:wspeek() do r.usleep(1000) end
  r:wswrite("something is there")
  r:wswrite("it is " .. r:wsread())
  r:wsclose()
  return apache2.DONE
end
L
    'htdocs/greet.lua' => <<'L',
function handle(r)
  r.headers_out["Sec-WebSocket-Protocol"] = "chat"
  r:wsupgrade()
  r:wswrite("hello")
  r:wsclose()
  return apache2.DONE
end
L
    'htdocs/returns.lua' => 'function handle(r) r:wsupgrade() r:wswrite("last words") return apache2.OK end',
    'htdocs/errs.lua'    => 'function handle(r) r:wsupgrade() r:wswrite("last words") error("socket script broke") end',
    'htdocs/plain.txt'   => 'plain',
);
my ($PIECES, $CONTROL, $CLOSE) = ('a frame that arrives in pieces is taken for the end', 'control frames reach the script or are lost', 'no close frame is sent');

# name, script, code with the socket, reason why mod_lua fails
my @CASES = (
    ['text', 'echo', sub { $_->send_frame(text => 'hello'); is $_->next, 'text hello', 'text comes back' }],
    ['several messages', 'echo', sub { for my $i (1 .. 50) { $_->send_frame(text => "m$i") } is join(' ', map { $_->next } ($_) x 50), join(' ', map { "text m$_" } 1 .. 50), 'several messages in their order' }],
    ['lengths', 'length', sub {
        my $ws = $_;
        for my $n (1, 125, 126, 127, 1000, 8000) { $ws->send_frame(text => 'y' x $n); like $ws->next, qr/^text $n /, "$n bytes in one frame" }
    }],
    ['binary', 'length', sub { $_->send_frame(binary => "\0\1\xff" x 100); is $_->next, 'text 300 ' . Digest::MD5::md5_hex("\0\1\xff" x 100), 'a binary message has its bytes' }],
    ['utf-8', 'echo', sub { $_->send_frame(text => "\xc3\xa4"); is $_->next, "text \xc3\xa4", 'text is bytes for the script' }],
    ['a frame in pieces', 'echo', sub { $_->send_frame(text => 'in pieces', pieces => 3); is $_->next, 'text in pieces', 'a frame in pieces arrives whole' }, $PIECES],
    ['byte by byte', 'echo', sub { $_->send_frame(text => 'z' x 200, pieces => 1); is $_->next, 'text ' . 'z' x 200, 'byte by byte, with a long length' }, $PIECES],
    ['1 MB in many pieces', 'length', sub { my $m = join '', map { chr($_ % 251) } 0 .. 999_999; $_->send_frame(binary => $m, pieces => 40_000); is $_->next(20), 'text 1000000 ' . Digest::MD5::md5_hex($m), 'a message of 1 MB in many pieces' }, $PIECES],
    ['1 MB at once', 'length', sub { my $m = 'q' x 1_048_576; $_->send_frame(text => $m); is $_->next(20), 'text 1048576 ' . Digest::MD5::md5_hex($m), 'a message of 1 MB' }, $PIECES],
    ['two frames in one packet', 'echo', sub { $_->raw(TestHttpd::WebSocket::frame(text => 'one') . TestHttpd::WebSocket::frame(text => 'two')); is $_->next . ' ' . $_->next, 'text one text two', 'two frames in one packet' }],
    ['a frame with the request', 'echo', sub { $_->send_frame(text => 'early'); is $_->next, 'text early', 'a frame right behind the request' }],
    ['an empty message', 'length', sub { $_->send_frame(text => ''); is $_->next, 'text 0 ' . Digest::MD5::md5_hex(''), 'an empty message is a message' }, 'an empty message reads as nil'],
    ['a message in fragments', 'echo', sub {
        my $ws = $_;
        $ws->send_frame(text => 'one ', fin => 0); $ws->send_frame(continue => 'two ', fin => 0); $ws->send_frame(continue => 'three');
        my $got = $ws->next;
        $got .= ' ' . $ws->next . ' ' . $ws->next if $got =~ /part/;
        like $got, qr/^text (?:one two three|part one  text part two  text three)$/, 'a message in fragments, whole or one by one';
    }],
    ['ping', 'echo', sub { $_->send_frame(ping => 'are you there'); is $_->next, 'pong are you there', 'a ping is answered with its payload'; $_->send_frame(text => 'then'); is $_->next, 'text then', 'and the script does not see it' }, $CONTROL],
    ['an empty ping', 'echo', sub { $_->send_frame(ping => ''); is $_->next, 'pong ', 'an empty ping is answered' }, $CONTROL],
    ['ping between fragments', 'length', sub { my $ws = $_; $ws->send_frame(text => 'ab', fin => 0); $ws->send_frame(ping => 'p'); $ws->send_frame(continue => 'cd'); like join(' ', map { $ws->next } 1 .. 2), qr/pong p/, 'a ping between fragments is answered' }, $CONTROL],
    ['an unasked pong', 'echo', sub { $_->send_frame(pong => 'x'); $_->send_frame(text => 'after'); is $_->next, 'text after', 'a pong that nobody asked for is passed over' }, $CONTROL],
    ['wsping', 'echo', sub { my $ws = $_; $ws->send_frame(text => 'ping'); is $ws->next, 'ping ', 'wsping sends a ping'; $ws->send_frame(pong => ''); is $ws->next, 'text pong true', 'and waits for the answer' }],
    ['close by the client', 'echo', sub { $_->send_frame(close => pack('n', 1000) . 'done'); is $_->next, 'close 1000', 'a close is answered by a close'; is $_->next, 'eof', 'and the connection ends' }, $CLOSE],
    ['an empty close', 'echo', sub { $_->send_frame(close => ''); like $_->next, qr/^close/, 'an empty close is answered'; is $_->next, 'eof', 'and the connection ends' }, $CLOSE],
    ['close by the script', 'echo', sub { $_->send_frame(text => 'bye'); like $_->next, qr/^close/, 'wsclose sends a close frame'; is $_->next, 'eof', 'and the connection ends' }, $CLOSE],
    ['the client is gone', 'echo', sub { close $_->{socket}; pass 'a client that is gone' }],
    ['what the script sends', 'sends', sub {
        my $ws = $_;
        is_deeply [ map { my ($kind, $payload) = $ws->read_frame; "$kind " . length($payload // '') } 1 .. 8 ], [ map { "text $_" } 0, 1, 125, 126, 65534, 65535, 65536, 200000 ], 'frames of any length';
        is $ws->next, 'ping !', 'wswrite with true writes the bytes as they are';
    }],
    ['wspeek', 'peek', sub { my $ws = $_; is $ws->next, 'text false', 'wspeek: nothing there'; $ws->send_frame(text => 'news'); is $ws->next, 'text something is there', 'then there is'; is $ws->next, 'text it is news', 'and it can be read' }, 'wspeek is true with nothing there'],
    ['other headers', 'greet', sub { is $_->{headers}{'sec-websocket-protocol'}, 'chat', 'headers of the script go out'; is $_->next, 'text hello', 'with what it writes at once' }],
    ['no transfer coding', 'greet', sub { is $_->{headers}{'transfer-encoding'}, undef, 'no Transfer-Encoding with a 101'; is $_->{headers}{'content-length'}, undef, 'nor a Content-Length' }, 'it says chunked'],
    ['no wsclose', 'returns', sub { is $_->next, 'text last words', 'a script that returns without wsclose'; like $_->next, qr/^(?:close.*|eof)$/, 'ends the connection' }, 'not always'],
    ['an error', 'errs', sub { is $_->next, 'text last words', 'a script with an error'; like $_->next, qr/^(?:close.*|eof)$/, 'ends the connection' }, 'the error page follows'],
);

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, files => \%FILES, config => "Timeout 10\n");
    $s->expect_log(qr/socket script broke/);
    for my $case (@CASES) {
        my ($name, $script, $code, $wrong) = @$case;
        my $ws = TestHttpd::WebSocket->connect($s, "/$script.lua");
        ok $ws->is_upgraded, "$name: upgraded" or next;
        local our $TODO = "mod_lua: $wrong" if $wrong && !ours;
        $code->() for $ws;
    }
    is $s->get('/echo.lua')->{content}, 'no upgrade', 'a request that is no upgrade';
    is $s->get('/plain.txt')->{content}, 'plain', 'the server goes on';
    my @got = $s->parallel(6, sub {
        my $ws = TestHttpd::WebSocket->connect($s, '/echo.lua');
        map { $ws->send_frame(text => "c$_[0] $_"); $ws->next eq "text c$_[0] $_" ? 0 : 1 } 1 .. 50;
    });
    is_deeply \@got, [ map { [ (0) x 50 ] } 1 .. 6 ], 'six at once, each with its own messages' unless $mpm eq 'prefork';
});

done_testing;
