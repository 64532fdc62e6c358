# An empty WebSocket message was read as nil, which is the end.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my (undef, $ws) = TestHttpd::WebSocket->start_lengths(mpm => $mpm);
    ok $ws->is_upgraded, 'upgraded';
    $ws->send_frame(text => '');
    is $ws->next, 'text 0:', 'an empty text';
    $ws->send_frame(binary => '');
    is $ws->next, 'text 0:', 'an empty binary message';
    $ws->send_frame(text => 'a');
    is $ws->next, 'text 1:a', 'and it goes on';
});

done_testing;
