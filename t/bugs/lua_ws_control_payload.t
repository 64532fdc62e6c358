# Payloads of ping and close frames reached the script as messages.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

my $SCRIPT = <<'L';
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
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s  = TestHttpd::Lua->start(mpm => $mpm, files => { 'htdocs/ws.lua' => $SCRIPT });
    my $ws = TestHttpd::WebSocket->connect($s, '/ws.lua');
    ok $ws->is_upgraded, 'upgraded';
    $ws->send_frame(ping => 'secret');
    $ws->send_frame(pong => 'unasked');
    $ws->send_frame(text => 'a');
    my @got = map { $ws->next } 1 .. 2;
    is join('|', grep { /^text/ } @got), 'text 1:a', 'the script sees the message only';
    $ws->send_frame(close => pack('n', 1000) . 'reason');
    unlike $ws->next, qr/^text/, 'nor what a close frame says';
});

done_testing;
