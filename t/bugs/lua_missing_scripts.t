# LuaMapHandler to a script that is not there was 500, though the name may come from the address; docs say 404. What is there but
# cannot be used, and a hook's script that is missing, stays an error of the server.
use lib 't/lib';
use TestHttpd::Lua;

my %scripts = ('here.lua' => 'function handle(r) r:puts("here") return apache2.OK end', 'folder.lua/x' => '', 'locked.lua' => 'function handle(r) return apache2.OK end',
    'syntax.lua' => 'function handle(r', 'bare.lua' => '', 'calls.lua' => 'function handle(r) dofile("/not/there.lua") end');
my @ROWS = (
    ['a script that is there', '/m/here', 200],
    ['one that is not', '/m/nothing', 404, qr{cannot open \S+/lua/nothing\.lua: No such file}],
    ['in a folder that is not', '/folder/nothing', 404],
    ['below a file', '/below/nothing', 404],
    ['a folder', '/m/folder', 404, qr/is a directory/],
    ['a name that is too long', '/m/' . 'x' x 300, 404],
    ['a name that the line has', '/fixed', 404],
    ['of LuaCodeCache never', '/never/nothing', 404],
    ['of LuaCodeCache forever', '/forever/nothing', 404],
    ['of LuaScope server', '/server/nothing', 404],
    ['of LuaScope request', '/request/nothing', 404],
    ['one that may not be read', '/m/locked', 500, qr/Permission denied/, locked => 1],
    ['one that does not compile', '/m/syntax', 500, qr/syntax\.lua/],
    ['one without the function', '/m/bare', 500, qr/no function 'handle'/],
    ['a file that the script itself misses', '/m/calls', 500, qr{/not/there\.lua}],
    ['SetHandler lua-script, not there', '/script/none.lua', 404],
    ['SetHandler lua-script, a folder', '/script/dir', 404],
    ['a hook\'s script is not there', '/hook', 500, qr/LuaHookFixups/],
    ['LuaResponseHandler\'s file is not there', '/handlers', 500, qr/LuaResponseHandler/],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    # mod_lua has no handlers of this kind
    my $handlers = ours() ? "<Location /handlers>\nSetHandler lua\nLuaResponseHandler none.lua\n</Location>\n" : '';
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, files => { 'htdocs/script/dir/x' => '' }, config => $handlers . <<'C');
LuaMapHandler ^/m/(\w+)$ $1.lua
LuaMapHandler ^/folder/(\w+)$ none/$1.lua
LuaMapHandler ^/below/(\w+)$ here.lua/$1.lua
LuaMapHandler ^/fixed$ none.lua
<Location /never>
    LuaCodeCache never
    LuaMapHandler ^/never/(\w+)$ $1.lua
</Location>
<Location /forever>
    LuaCodeCache forever
    LuaMapHandler ^/forever/(\w+)$ $1.lua
</Location>
<Location /server>
    LuaScope server
    LuaMapHandler ^/server/(\w+)$ $1.lua
</Location>
<Location /request>
    LuaScope request
    LuaMapHandler ^/request/(\w+)$ $1.lua
</Location>
<Location /script>
    SetHandler lua-script
    DirectorySlash Off
</Location>
<Location /hook>
    LuaHookFixups none.lua f
</Location>
C
    chmod 0, $s->root . '/lua/locked.lua';
    my $may_read_all = $> != 0 ? 0 : !TestHttpd::child_user();
    for (@ROWS) {
        my ($name, $path, $status, $log, %opt) = @$_;
        next if !ours() && $status != 200 && $path !~ m{^/script};
        next if $opt{locked} && $may_read_all;
        $s->mark_log;
        is $s->get($path)->{status}, $status, $name;
        $s->log_like($log, '  and the log says it') if $log;
        $s->expect_log(qr/cannot open|AH01482|AH02330/);
    }
    TestHttpd::spew($s->root . '/lua/nothing.lua', $scripts{'here.lua'});
    is $s->get('/m/nothing')->{content}, 'here', 'once it is there, it runs';
    unlink $s->root . '/lua/nothing.lua';
    is $s->get('/m/nothing')->{status}, 404, 'and once it is gone, it is gone' if ours();
});

done_testing;
