# Awkward scripts, all kinds at once: no process ends, every line is written, none sees what another has left, descriptors and memory stay.
use lib 't/lib';
use TestHttpd::Lua;
use Time::HiRes qw(time);

plan(skip_all => 'a state of its own for each use, by copying: Lua 5.4') if jit || !ours;

my $SECONDS = soak(4, 900);
my $SCRIPT = <<'L';
local var = "@var@"
function line(r) local f = io.open(var .. "/lines", "a") f:write("line\n") r:puts("ok") return apache2.OK end
function pipe(r) r:puts(io.popen("echo hi"):read("a")) return apache2.OK end
function gc(r) x = setmetatable({}, { __gc = function() local f = io.open(var .. "/final", "a") f:write("x\n") f:close() end }) r:puts("ok") return apache2.OK end
function rec(r) local function f() return 1 + f() end r:puts(tostring(pcall(f))) return apache2.OK end
function err(r) error({}) end
function coerr(r) coroutine.wrap(function() error("x") end)() end
function exits(r) r:puts("x") for i = 1, 10 do pcall(os.exit, 3) end end
function long(r) local s = ("x"):rep(5000000) r:puts(#s) return apache2.OK end
function tables(r) local t = {} for i = 1, 100000 do t[i] = { i } end collectgarbage() r:puts(#t) return apache2.OK end
function strings(r) for i = 1, 5000 do local s = "string" .. i .. r.useragent_ip end r:puts("ok") return apache2.OK end
function libs(r) string.upper = nil debug.setmetatable(nil, { __index = function() end }) package.loaded.x = {} _G = nil r:puts("ok") return apache2.OK end
function hooks(r) debug.sethook(function() n = 1 end, "l") debug.setupvalue(require, 1, nil) r:puts("ok") return apache2.OK end
function json(r) local c = require("cjson") r:puts(c.encode({ 1, 2, ("x"):rep(3000) })) return apache2.OK end
function notes(r) r:pnotes("a", { 1, { 2 } }) r:puts(r:pnotes("a")[2][1]) return apache2.OK end
function see(r) r:puts(tostring(string.upper ~= nil and package.loaded.x == nil and not pcall(function() return none.x end) and _G ~= nil and debug.gethook() == nil)) return apache2.OK end
L
my @KINDS = qw(line pipe gc rec err coerr exits long tables strings libs hooks json notes see);
my %CONF = (
    event   => "ServerLimit 1\nStartServers 1\nThreadLimit 16\nThreadsPerChild 16\nMaxRequestWorkers 16\n",
    prefork => "StartServers 4\nMinSpareServers 4\nMaxSpareServers 4\nServerLimit 4\nMaxRequestWorkers 4\n",
);

sub children {
    my ($s) = @_;
    my $pid = $s->pid;
    return sort map { m{(\d+)} } grep { (eval { TestHttpd::slurp("$_/stat") } || '') =~ /\) \S $pid / } glob '/proc/[0-9]*';
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'a.lua' => $SCRIPT }, config => "LuaMapHandler ^/(\\w+)\$ a.lua \$1\nMaxKeepAliveRequests 0\n$CONF{$mpm}");
    $s->expect_log(qr/a\.lua|stack traceback|error object|cjson|\[C\]: in/);
    $s->get("/$_") for @KINDS;
    my @before = children($s);
    my $end = time + $SECONDS;
    my @got = map { ref $_->[0] ? @$_ : $_ } $s->parallel(2 * @KINDS, sub {
        my $kind = $KINDS[$$ % @KINDS];
        my ($lines, @wrong) = (0);
        while (time < $end) {
            my $got = $s->get("/$kind");
            $lines++ if $kind eq 'line' && $got->{status} == 200;
            push @wrong, $got->{content} if $kind eq 'see' && $got->{status} == 200 && $got->{content} ne 'true';
        }
        return [$lines, @wrong];
    });
    my ($lines, @wrong) = (1);
    for my $got (@got) { $lines += shift @$got; push @wrong, @$got }
    is_deeply \@wrong, [], 'no script sees what another has left';
    is scalar(() = TestHttpd::slurp($s->root . '/var/lines') =~ /line/g), $lines, 'every line is written';
    my @after = children($s);
    is "@after", "@before", 'no process has ended';
    for my $child (@after) {
        cmp_ok scalar(() = glob "/proc/$child/fd/*"), '<', 30, "few descriptors in $child";
        my ($rss) = TestHttpd::slurp("/proc/$child/status") =~ /VmRSS:\s+(\d+)/;
        cmp_ok $rss, '<', 150_000, "  and little memory ($rss kB)";
    }
    $s->stop;
});

done_testing;
