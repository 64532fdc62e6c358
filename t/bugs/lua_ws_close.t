# No WebSocket close frame was sent, neither by r:wsclose nor in answer to one.
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
    $ws->send_frame(text => 'bye');
    like $ws->next, qr/^close/, 'by wsclose';
    is $ws->next, 'eof', 'then the connection ends';
    my $other = TestHttpd::WebSocket->connect($s, '/ws.lua');
    $other->send_frame(close => pack 'n', 1001);
    like $other->next, qr/^close/, 'in answer to one';
    is $other->next, 'eof', 'then the connection ends';
});

done_testing;
