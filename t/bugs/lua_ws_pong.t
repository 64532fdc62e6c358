# A WebSocket ping was not answered by a pong.
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
    $ws->send_frame(ping => '');
    is $ws->next, 'pong ', 'an empty ping';
    $ws->send_frame(ping => 'z' x 125);
    is $ws->next, 'pong ' . 'z' x 125, 'the longest ping: its payload comes back';
    $ws->send_frame(text => 'a');
    is $ws->next, 'text 1:a', 'then a message';
});

done_testing;
