# LuaScope server with a script that does not compile ended the child process.
use lib 't/lib';
use TestHttpd::Lua;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'broken.lua' => "function handle(r)\n  local = 1\nend\n", 'raises.lua' => "error('while loading')\n", 'good.lua' => 'function handle(r) r:puts("good") return apache2.OK end' },
        config => "LuaScope server 1 2\nLuaMapHandler ^/(broken|raises|good|none)\$ \$1.lua\n<Location /hook>\n    LuaHookFixups broken.lua handle\n</Location>\n");
    $s->expect_log(qr/\[(?:lua|perl|interp):(?:error|crit)\]/);
    for my $turn (1, 2) {
        is $s->get("/$_")->{status}, ours && $_ eq 'none' ? 404 : 500, "$_, turn $turn" for qw(broken raises none hook);
        is $s->get('/good')->{content}, 'good', 'a script that compiles is served beside it';
    }
    $s->log_like(qr/broken\.lua:2:/, 'the log says where');
    $s->log_like(qr/raises\.lua:1: while loading/, 'also when it raises while it is loaded');
});

done_testing;
