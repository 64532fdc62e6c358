# No WebSocket close frame was sent, neither by r:wsclose nor in answer to one.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my ($s, $ws) = TestHttpd::WebSocket->start_lengths(mpm => $mpm);
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
