# The 101 of a WebSocket upgrade said Transfer-Encoding: chunked.
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
    is $ws->{headers}{$_}, undef, "no $_" for qw(transfer-encoding content-length);
    is lc $ws->{headers}{upgrade}, 'websocket', 'Upgrade';
    like $ws->{headers}{connection}, qr/^upgrade$/i, 'Connection';
    $ws->send_frame(text => 'a');
    is $ws->next, 'text 1:a', 'frames follow at once';
});

done_testing;
