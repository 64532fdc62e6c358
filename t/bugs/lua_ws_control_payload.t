# Payloads of ping and close frames reached the script as messages.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my (undef, $ws) = TestHttpd::WebSocket->start_lengths(mpm => $mpm);
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
