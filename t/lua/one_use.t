# One use, one state: what a script leaves in its Lua, another one does not see, in no scope and in no virtual host; what it opened is
# closed before the answer ends, or when the state that keeps it is put back.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'LuaJIT: t/lua/one_use.t needs Lua 5.4') if jit;

# What a script does, and what another sees then.
my @LEFT = (
    ['globals',            'left = 1 _G.other = 2',                                                 'tostring(left) .. tostring(other)'],
    ['_G',                 'setmetatable(_G, { __index = function() return 7 end }) _G = 5',        'tostring(unknown) .. type(_G)'],
    ['string',             'string.upper = nil string.mine = 1',                                    '("x"):upper() .. tostring(string.mine)'],
    ['a wrapped function', 'local plain = string.format string.format = function(...) return "<" .. plain(...) .. ">" end', 'string.format("%s", "x")'],
    ['os and math',        'os.time = function() return 0 end math.pi = 3',                         'tostring(os.time() > 0 and math.pi > 3.1)'],
    ['apache2',            'apache2.OK = 500 apache2.mine = 1',                                     'apache2.OK .. tostring(apache2.mine)'],
    ['package.loaded',     'package.loaded.basket = { owner = "the other client" }',                'tostring(package.loaded.basket)'],
    ['package.preload',    'package.preload.settings = function() return {} end',                   'tostring((pcall(require, "settings")))'],
    ['package.searchers',  'table.insert(package.searchers, 2, function() end)',                    '#package.searchers'],
    ['package.path',       'package.path = "/nowhere/?.lua"',                                       'tostring(package.path:find("/nowhere", 1, true))'],
    ['types',              'debug.setmetatable(nil, { __index = function() end }) debug.setmetatable(1, { __index = { x = 1 } })', 'tostring((pcall(function() return none.x end))) .. tostring((pcall(function() return (1).x end)))'],
    ['strings',            'getmetatable("").__index = function() return "caught" end',             '("y"):upper()'],
    ['r',                  'getmetatable(r).__index = function() return "caught" end',              'r.method'],
    ['a hook',             'debug.sethook(function() hooked = true end, "l")',                      'tostring(hooked) .. tostring((debug.gethook()))'],
    ['the registry',       'debug.getregistry().mine = 1',                                          'tostring(debug.getregistry().mine)'],
    ['default files',      'io.output("/dev/null") io.close() io.input("/dev/null") io.close(io.input())', 'tostring((pcall(io.write, ""))) .. io.type(io.input())'],
    ['the collector',      'collectgarbage("stop") collectgarbage("generational")',                 'tostring(collectgarbage("isrunning"))'],
    ['an upvalue',         'debug.setupvalue(helper, 1, 99)',                                       'helper()'],
    ['start-up code',      'count() count()',                                                       'count()'],
    ['a module',           'require("shared").n = 100',                                             'require("shared").n'],
    ['an error',           'error({})',                                                             '"fine"'],
    ['the stack',          'local function f() return 1 + f() end pcall(f)',                        '"fine"'],
    ['os.exit',            'coroutine.wrap(function() pcall(os.exit, 3) end)()',                    '"fine"'],
);
my (%scripts, @fresh);
$scripts{'leave.lua'} = join '', map { "function t$_(r) $LEFT[$_][1] r:puts('left') return apache2.OK end\n" } 0 .. $#LEFT;
$scripts{'see.lua'}   = join '', map { "function t$_(r) r:puts($LEFT[$_][2]) return apache2.OK end\n" } 0 .. $#LEFT;
$scripts{'shared.lua'} = "return { n = 0 }\n";
$scripts{'start.lua'} = "local n, counted = 5, 0\nfunction helper() return n end\nfunction count() counted = counted + 1 return counted end\n";
$scripts{'opens.lua'} = <<'L';
function file(r) f = io.open(r.args, "a") f:write("line\n") r:puts("ok") return apache2.OK end
function failing(r) f = io.open(r.args, "a") f:write("line\n") error("after the write") end
function pipe(r) io.popen("cat >> " .. r.args, "w"):write("line\n") r:puts("ok") return apache2.OK end
function output(r) io.output(io.open(r.args, "a")) io.write("line\n") r:puts("ok") return apache2.OK end
function final(r) local where = r.args t = setmetatable({}, { __gc = function() local g = io.open(where, "a") g:write("line\n") g:close() end }) r:puts("ok") return apache2.OK end
function hook(r) if r.args then io.open(r.args .. ".hook", "a"):write("line\n") end return apache2.DECLINED end
function log(r) if r.args then io.open(r.args .. ".log", "a"):write("line\n") end return apache2.DECLINED end
function filter(r) local f = io.open(r.args, "a") coroutine.yield() while bucket do f:write("line\n") coroutine.yield(bucket) end end
function through(r) r:puts("ok") return apache2.OK end
L
$scripts{'notes.lua'} = <<'L';
function hook(r) r:pnotes("list", { 1, 2, deep = { "x" } }) r:pnotes("n", 5) mine = 1 return apache2.DECLINED end
function handle(r)
  local t = r:pnotes("list")
  r:puts(#t, t.deep[1], r:pnotes("n"), tostring(mine), tostring(t == r:pnotes("list")))
  r:pnotes("n", 6)
  r:push_handlers("PerlCleanupHandler", function() end)
  return apache2.OK
end
function log(r) io.open(r.args, "a"):write(r:pnotes("n"), "\n") return apache2.DECLINED end
L
my @SCOPES = qw(once request conn thread server);
my $conf = <<'C';
LuaRequire start.lua
LuaMapHandler ^/\w+/(leave|see|opens)/(\w+)$ $1.lua $2
LuaMapHandler ^/notes$ notes.lua
LuaOutputFilter opener opens.lua filter
<Location /notes>
    LuaHookFixups notes.lua hook
    LuaHookLog notes.lua log
</Location>
<LocationMatch "^/\w+/opens/">
    LuaHookFixups opens.lua hook
    LuaHookLog opens.lua log
</LocationMatch>
<LocationMatch "^/\w+/opens/through">
    SetOutputFilter opener
</LocationMatch>
Listen 127.0.0.1:@port:host@
<VirtualHost 127.0.0.1:@port:host@>
    ServerName other
</VirtualHost>
C
$conf .= "<Location /$_/>\nLuaScope $_\n</Location>\n" for @SCOPES;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, config => "\@one_child\@\nLuaInterpStart 1\nLuaInterpMax 1\n$conf");
    $s->expect_log(qr/error object is a table|after the write/);
    $s->expect_log(qr/leave\.lua:\d+: /);     # where its own state is left to it
    my $elsewhere = sub {
        my $socket = $s->socket($s->port('host'));
        print {$socket} "GET $_[0] HTTP/1.0\r\n\r\n";
        return (split /\r\n\r\n/, do { local $/; <$socket> }, 2)[1];
    };
    my @fresh = map { $s->get("/once/see/t$_")->{content} } 0 .. $#LEFT;
    for my $scope (@SCOPES) {
        my @wrong;
        for my $i (0 .. $#LEFT) {
            $s->get("/$scope/leave/t$i") for 1, 2;
            # In `thread` and `server` what start-up code counts is the state's own.
            my $own = $LEFT[$i][0] eq 'start-up code' && $scope =~ /thread|server/;
            my @seen = ($s->get("/once/see/t$i")->{content}, $elsewhere->("/once/see/t$i"), $own ? () : $s->get("/$scope/see/t$i")->{content});
            push @wrong, "$LEFT[$i][0]: @seen, not $fresh[$i]" if grep { $_ ne $fresh[$i] } @seen;
        }
        is_deeply \@wrong, [], "$scope: what a script leaves, no other sees, nor a virtual host";
    }
    is_deeply [map { $s->get('/thread/see/t18')->{content} } 1, 2], [1, 2], 'thread: what start-up code made goes on';

    for my $scope (@SCOPES) {
        my @wrong;
        for my $way (qw(file failing pipe output final through)) {
            next if $scope =~ /thread|server/;
            my $path = $s->root . "/var" . "/$scope-$way";
            $s->get("/$scope/opens/$way?$path");
            
            my $written = TestHttpd::wait_until(sub { my $got = -e $path ? TestHttpd::slurp($path) : ''; $got eq "line\n" }, 5);
            push @wrong, "$way: " . (-e $path ? TestHttpd::slurp($path) : 'no file') unless $written;
            push @wrong, "$way: the hook's file" unless TestHttpd::wait_until(sub { -e "$path.hook" && TestHttpd::slurp("$path.hook") eq "line\n" }, 5);
            push @wrong, "$way: the log hook's file" unless TestHttpd::wait_until(sub { -e "$path.log" && TestHttpd::slurp("$path.log") eq "line\n" }, 5);
        }
        is_deeply \@wrong, [], "$scope: what was written is there, though nothing was closed";
    }
    my $trace = $s->root . "/var" . '/notes';
    is $s->get("/notes?$trace")->{content}, '2x5niltrue', 'pnotes: the next use of the request has what the first has kept, and no more of it';
    ok TestHttpd::wait_until(sub { -e $trace && TestHttpd::slurp($trace) eq "6\n" }, 5), '  and the log hook what was kept last';

    my ($child) = $s->get('/once/see/t0') && children($s);
    my $open = sub { my @all = glob "/proc/$child/fd/*"; scalar @all };
    my $before = $open->();
    $s->get("/once/opens/file?" . $s->root . "/var" . '/many') for 1 .. 30;
    cmp_ok $open->(), '<=', $before + 3, 'no descriptor is left';
    $s->stop;
});

sub children {
    my ($s) = @_;
    my $pid = $s->{pid};
    opendir my $d, '/proc' or return;
    my @all = grep { /^\d+$/ } readdir $d;
    return grep { my $stat = eval { TestHttpd::slurp("/proc/$_/stat") } || ''; $stat =~ /\) \S $pid / } @all;
}

done_testing;
