# An empty WebSocket message was read as nil, which is the end.
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
    $ws->send_frame(text => '');
    is $ws->next, 'text 0:', 'an empty text';
    $ws->send_frame(binary => '');
    is $ws->next, 'text 0:', 'an empty binary message';
    $ws->send_frame(text => 'a');
    is $ws->next, 'text 1:a', 'and it goes on';
});

done_testing;
