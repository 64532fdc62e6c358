# A WebSocket frame that arrived in pieces was taken for the end; a message of 1 MB mostly failed.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my (undef, $ws) = TestHttpd::WebSocket->start_lengths(mpm => $mpm);
    ok $ws->is_upgraded, 'upgraded';
    $ws->send_frame(text => 'in pieces', pieces => 2);
    is $ws->next, 'text 9:in pieces', 'a short frame in pieces';
    $ws->send_frame(text => 'x' x 1_048_576, pieces => 30_000);
    is $ws->next(20), 'text 1048576:' . 'x' x 20, '1 MB in many pieces';
    $ws->send_frame(text => 'y' x 1_048_576) for 1 .. 3;
    is $ws->next(20), 'text 1048576:' . 'y' x 20, '1 MB at once, several times' for 1 .. 3;
});

done_testing;
