# The 101 of a WebSocket upgrade said Transfer-Encoding: chunked.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my (undef, $ws) = TestHttpd::WebSocket->start_lengths(mpm => $mpm);
    ok $ws->is_upgraded, 'upgraded';
    is $ws->{headers}{$_}, undef, "no $_" for qw(transfer-encoding content-length);
    is lc $ws->{headers}{upgrade}, 'websocket', 'Upgrade';
    like $ws->{headers}{connection}, qr/^upgrade$/i, 'Connection';
    $ws->send_frame(text => 'a');
    is $ws->next, 'text 1:a', 'frames follow at once';
});

done_testing;
