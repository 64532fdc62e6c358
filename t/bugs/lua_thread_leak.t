# In LuaScope thread 66 to 110 bytes were lost with each request.
use lib 't/lib';
use TestHttpd::Lua;

my $EACH = soak(10_000, 50_000);
my $s = TestHttpd::Lua->start(mpm => 'event', scripts => { 'h.lua' => 'function handle(r) r:puts("page") return apache2.OK end function hook(r) return apache2.DECLINED end' }, config => <<'C');
ServerLimit 1
StartServers 1
ThreadLimit 2
ThreadsPerChild 2
MaxSpareThreads 2
MinSpareThreads 1
MaxRequestWorkers 2
MaxKeepAliveRequests 0
LuaScope thread
LuaMapHandler ^/page$ h.lua
LuaHookFixups h.lua hook
C
$s->expect_log(qr/AH00484/);        # few workers are meant
my ($pid) = $s->child_pids;

# Requests on one connection, a hundred in each packet.
sub ask {
    my ($n) = @_;
    my $socket = $s->socket;
    my $pages  = 0;
    for (1 .. $n / 100) {
        syswrite $socket, "GET /page HTTP/1.1\r\nHost: x\r\n\r\n" x 100;
        my ($got, $seen) = ('', 0);
        while ($seen < 100 && sysread $socket, $got, 65536, length $got) { $seen = () = $got =~ /page(?!\S)|page(?=HTTP)/g }
        $pages += $seen;
    }
    return $pages;
}
is ask(5000), 5000, 'warm';
my @memory = $s->private_memory($pid);
for my $turn (1 .. 4) {
    is ask($EACH), $EACH, "turn $turn: all are answered";
    push @memory, $s->private_memory($pid);
}
my $per = ($memory[-1] - $memory[1]) / (3 * $EACH);
cmp_ok $per, '<', 10, sprintf 'memory grows by %.1f bytes for each request', $per unless $ENV{T_PRELOAD};    # a sanitizer keeps what is freed

done_testing;
