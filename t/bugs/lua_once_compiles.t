# In LuaScope once, the default, every request made a state and compiled the script: 980,000 instructions for the shortest.
# Here a script of a megabyte, of which little runs, is asked for again and again.
use lib 't/lib';
use TestHttpd::Lua;
use POSIX ();

my $LONG = "function handle(r) r:puts('short') return apache2.OK end\n" . join('', map { "function never$_(a, b)\n" . "  local x = { a + b, 'text' .. a, b * 2 }\n" x 100 . "  return x\nend\n" } 1 .. 250);

# CPU seconds of the server's children.
sub cpu {
    my ($s) = @_;
    my $ticks = 0;
    for my $pid ($s->child_pids) {
        my @f = split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //sr;
        $ticks += $f[11] + $f[12];
    }
    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, files => { 'htdocs/long.lua' => $LONG, 'htdocs/short.lua' => "function handle(r) r:puts('short') return apache2.OK end\n" },
        config => $mpm eq 'prefork' ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nServerLimit 1\nMaxRequestWorkers 1\n" : "ServerLimit 1\n");
    $s->expect_log(qr/AH00161/);        # one worker is meant
    my $ask = sub { my ($path, $n) = @_; my $before = cpu($s); is $s->get($path)->{content}, 'short', $path for 1 .. $n; cpu($s) - $before };
    $ask->('/long.lua', 20);            # each state loads it once
    my $seconds = $ask->('/long.lua', 40);
    cmp_ok $seconds, '<', 0.8, "40 requests take $seconds s: nothing is compiled";       # which would be some 3 s
});

done_testing;
