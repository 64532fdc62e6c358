# Classic mistakes in Lua: the log says what was meant and what to write.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_lua gives no hints' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'page.lua' => <<'L' }, config => <<'C');
function text(r) return "Hello" end
function nothing(r) r:puts("x") end
function one(r) return 1 end
L
LogLevel warn lua:info
<Location /text>
    SetHandler lua
    LuaResponseHandler page.lua:text
</Location>
<Location /nothing>
    SetHandler lua
    LuaResponseHandler page.lua:nothing
</Location>
<Location /one>
    SetHandler lua
    LuaResponseHandler page.lua:one
</Location>
<Location /none>
    LuaResponseHandler page.lua:nothing
</Location>
<Location /wrong>
    SetHandler lua_script
</Location>
C
    $s->expect_log(qr/AH00524/);
    my $said = sub { my ($path, $re, $name) = @_; $s->mark_log; my $r = $s->get($path); $s->log_like($re, $name); $r };
    $s->log_like(qr/\[lua:warn\] .*SetHandler lua_script \(\S+:\d+\): no module has a handler of this name: write lua-script/, 'a word that is almost ours');
    $said->('/text', qr/LuaResponseHandler page\.lua:text, \S+: returned no number, which counts as OK: return apache2\.OK \(0\), apache2\.DECLINED/, 'text');
    $said->('/one', qr/LuaResponseHandler page\.lua:one, \S+: returned 1, which is no status: return apache2\.OK/, 'a number that is no status');
    $s->mark_log;
    is $s->get('/nothing')->{content}, 'x', 'nothing is OK';
    $s->log_unlike(qr/returned/, 'and no mistake');
    $said->('/none/x', qr/\[lua:info\] .*LuaResponseHandler page\.lua:nothing, \S+: not asked for \/none\/x, since there is no SetHandler here: add SetHandler lua$/m, 'a handler that no SetHandler reaches');
});

done_testing;
