# A WebSocket grew by 130 bytes with each message, which its connection's pool kept to its end.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

plan skip_all => 'what mod_lua needs is its own affair' unless ours;

for_each_mpm('event', sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'echo.lua' => <<'L' }, config => "StartServers 1\nServerLimit 1\nLuaMapHandler ^/echo\$ echo.lua\n");
function handle(r)
  if not r:wsupgrade() then return 400 end
  while true do
    local message, _, kind = r:wsread()
    if not message then return apache2.DONE end
    r:wswrite(message, false, kind)
  end
end
L
    my $ws = TestHttpd::WebSocket->connect($s, '/echo');
    my $memory = sub { my $n = 0; for my $pid ($s->child_pids) { $n += $1 if slurp("/proc/$pid/smaps_rollup") =~ /^Private_Dirty:\s+(\d+)/m } return $n };
    my $came = 0;
    my $run = sub { for (1 .. $_[0]) { $ws->send_frame(text => 'x'); $came++ if $ws->next eq 'text x' } };
    $run->(1000);
    my $before = $memory->();
    $run->(10_000);
    is $came, 11_000, 'each message comes back';
    cmp_ok $memory->() - $before, '<', 300, 'ten thousand of them leave nothing';
    $ws->send_frame(close => pack 'n', 1000);
    is $ws->next, 'close 1000', 'a close ends it';
});

done_testing;
