# A WebSocket ping was not answered by a pong.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my (undef, $ws) = TestHttpd::WebSocket->start_lengths(mpm => $mpm);
    ok $ws->is_upgraded, 'upgraded';
    $ws->send_frame(ping => '');
    is $ws->next, 'pong ', 'an empty ping';
    $ws->send_frame(ping => 'z' x 125);
    is $ws->next, 'pong ' . 'z' x 125, 'the longest ping: its payload comes back';
    $ws->send_frame(text => 'a');
    is $ws->next, 'text 1:a', 'then a message';
});

done_testing;
