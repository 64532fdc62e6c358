# One use, one state: what a script leaves in its Lua, another one does not see, in no scope and in no virtual host; what it opened is
# closed before the answer ends, or when the state that keeps it is put back.
use lib 't/lib';
use TestHttpd::Lua;
use IO::Socket::INET ();

# What a script does, and what another sees then. The rows of `same` change nothing that can be seen; the other ones the script itself does
# see, as long as it has the state.
my @LEFT = (
    ['globals',            'left = 1 _G.other = 2',                                                 'tostring(left) .. tostring(other)'],
    ['_G',                 'setmetatable(_G, { __index = function() return 7 end }) _G = 5',        'tostring(unknown) .. type(_G)'],
    ['string',             'string.upper = nil string.mine = 1',                                    'tostring(string.upper) .. tostring(string.mine)', qr/nil1/],
    ['a wrapped function', 'local plain = string.format string.format = function(...) return "<" .. plain(...) .. ">" end', 'string.format("%s", "x")'],
    ['table',              'table.concat = nil table[1] = 5',                                       'tostring(table.concat) .. tostring(table[1])', qr/nil5/],
    ['math',               'math.pi = 3 math.floor = nil',                                          'math.pi .. tostring(math.floor)', qr/3nil/],
    ['os',                 'os.time = function() return 0 end',                                     'tostring(os.time() > 0)'],
    ['io',                 'io.open = nil io.mine = 1',                                             'tostring(io.open) .. tostring(io.mine)', qr/nil1/],
    ['coroutine',          'coroutine.wrap = nil',                                                  'type(coroutine.wrap)'],
    ['debug',              'debug.traceback = nil',                                                 'type(debug.traceback)'],
    ['apache2',            'apache2.OK = 500 apache2.mine = 1',                                     'apache2.OK .. tostring(apache2.mine)'],
    ['bit32',              'bit32.band = nil',                                                      'type(bit32.band)'],
    ['package.loaded',     'package.loaded.basket = { owner = "the other client" }',                'tostring(package.loaded.basket ~= nil)'],
    ['package.preload',    'package.preload.settings = function() return {} end',                   'tostring((pcall(require, "settings")))'],
    ['package.searchers',  'table.insert(package.searchers or package.loaders, 2, function() end)', '#(package.searchers or package.loaders)'],
    ['package.path',       'package.path = "/nowhere/?.lua"',                                       'tostring(package.path:find("/nowhere", 1, true))'],
    ['package.cpath',      'package.cpath = "/nowhere/?.so"',                                       'tostring(package.cpath:find("/nowhere", 1, true))'],
    ['the type nil',       'debug.setmetatable(nil, { __index = function() end })',                 'tostring((pcall(function() return none.x end)))'],
    ['numbers',            'debug.setmetatable(1, { __index = { x = 1 } })',                        'tostring((pcall(function() return (1).x end)))'],
    ['booleans',           'debug.setmetatable(true, { __index = { x = 1 } })',                     'tostring((pcall(function() return (true).x end)))'],
    ['functions',          'debug.setmetatable(print, { __index = { x = 1 } })',                    'tostring((pcall(function() return print.x end)))'],
    ['threads',            'debug.setmetatable(coroutine.create(print), { __len = print })',        'type(debug.getmetatable(coroutine.create(print)))'],
    ['strings',            'getmetatable("").__index = function() return "caught" end',             'tostring(("y").upper)', qr/caught/],
    ['files',              'getmetatable(io.stdout).mine = 1',                                      'tostring(getmetatable(io.stdout).mine)'],
    ['r',                  'getmetatable(r).mine = 1',                                              'tostring(getmetatable(r).mine)'],
    ['a hook',             'debug.sethook(function() hooked = true end, "l")',                      'tostring((debug.gethook()) ~= nil)'],
    ['the registry',       'debug.getregistry().mine = 1',                                          'tostring(debug.getregistry().mine)'],
    ['the default output', 'io.output("/dev/null") io.close()',                                     'tostring((pcall(io.write, "")))'],
    ['the default input',  'io.input("/dev/null") io.close(io.input())',                            'io.type(io.input())'],
    ['an upvalue',         'debug.setupvalue(helper, 1, 99)',                                       'helper()'],
    ['start-up code',      'count() count()',                                                       'count()'],
    ['a module',           'require("shared").n = 100',                                             'require("shared").n'],
    ['the locale',         'os.setlocale("C.UTF-8", "ctype")',                                      'os.setlocale(nil, "ctype")'],
    ['the collector',      'collectgarbage("setpause", 1000)',                                      '(function() local pause = collectgarbage("setpause", 200) collectgarbage("setpause", pause) return pause end)()'],
    ['an error',           'pcall(error, {})',                                                      '"fine"', 'same'],
    ['the stack',          'local function f() return 1 + f() end pcall(f)',                        '"fine"', 'same'],
    ['os.exit',            'coroutine.wrap(function() pcall(os.exit, 0) end)()',                    '"fine"', 'same'],
);
push @LEFT, (
    ['utf8',                'utf8.char = nil',                                                      'type(utf8.char)'],
    ['the stopped collector', 'collectgarbage("stop")',                                             'tostring(collectgarbage("isrunning"))', 'same'],
    ['warnings',            'warn("@on")',                                                          '(warn("of " .. r.uri) or "fine")', 'same'],
) unless jit;
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
function keep(r) r:pnotes("f", function() return 7 end) r:pnotes("deep", { { print } }) r:pnotes("n", 5) return apache2.DECLINED end
function read(r)
  local _, why = pcall(r.pnotes, r, "f")
  local _, deep = pcall(r.pnotes, r, "deep")
  local _, all = pcall(r.pnotes, r)
  local f = type(why) == "function" and why() or why
  r:puts(tostring(f), "\n", type(deep) == "table" and type(deep[1][1]) or tostring(deep), "\n", type(all) == "table" and type(all.f) or tostring(all), "\n", r:pnotes("n"))
  return apache2.OK
end
function handle(r)
  local t = r:pnotes("list")
  r:puts(#t, t.deep[1], r:pnotes("n"), tostring(mine), tostring(t == r:pnotes("list")))
  r:pnotes("n", 6)
  r:push_handlers("PerlCleanupHandler", function() end)
  return apache2.OK
end
function log(r) io.open(r.args, "a"):write(r:pnotes("n"), "\n") return apache2.DECLINED end
L
# A script that leaves something in a hook, and sees what is there when it answers.
for my $i (0 .. $#LEFT) {
    $scripts{"both_$i.lua"} = "function hook(r) if r.args == 'leave' then $LEFT[$i][1] end return apache2.DECLINED end\n"
        . "local DONE = apache2.OK function handle(r) r:puts($LEFT[$i][2]) return DONE end\n";
}
# What modules in C open, and nobody closes.
$scripts{'handles.lua'} = <<'L';
function insert(r)
  local db = require("luasql.sqlite3").sqlite3():connect(r.args)
  db:setautocommit(false)
  db:execute("create table if not exists t (n)")
  local done, why = db:execute("insert into t values (1)")
  r:puts(done and "ok" or why)
  return apache2.OK
end
function socket(r) local s = require("socket").tcp() s:connect("127.0.0.1", tonumber(r.args)) s:send("sent") r:puts("ok") return apache2.OK end
L
my @SCOPES = qw(once request conn thread server);
my $conf = <<'C';
LuaRequire start.lua
LuaMapHandler ^/\w+/(leave|see|opens)/(\w+)$ $1.lua $2
LuaMapHandler ^/\w+/both/(\d+)$ both_$1.lua
LuaMapHandler ^/\w+/(insert|socket)$ handles.lua $1
LuaMapHandler ^/notes$ notes.lua
LuaMapHandler ^/\w+/function$ notes.lua read
<LocationMatch "/function$">
    LuaHookFixups notes.lua keep
</LocationMatch>
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
$conf .= "<LocationMatch /both/$_\$>\nLuaHookFixups both_$_.lua hook\n</LocationMatch>\n" for 0 .. $#LEFT;
$conf .= "<Location /$_/>\nLuaScope $_\n</Location>\n" for @SCOPES;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, config => "\@one_child\@\nLuaInterpStart 1\nLuaInterpMax 1\n$conf");
    $s->expect_log(qr/error object is a table|after the write/);
    $s->expect_log(qr/(?:leave|both_\d+)\.lua:\d+: /);     # where its own state is left to it
    $s->expect_log(qr/^Lua warning: /m);
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
    # Who sees it else: the script's handler after its hook in one request, its next request on the connection, its next on another one.
    my %sees = (once => [], request => [0], conn => [0, 1], thread => [0, 1, 2], server => [0, 1, 2]);
    for my $scope (@SCOPES) {
        my @wrong;
        for my $i (0 .. $#LEFT) {
            my ($name, undef, undef, $own) = @{ $LEFT[$i] };
            my $client = $s->client;
            my @seen = map { $client->get("/$scope/both/$i$_")->{content} } '?leave', '';
            undef $client;      # prefork's one child serves one connection at a time
            push @seen, $s->get("/$scope/both/$i")->{content};
            my %is_seen = map { $_ => 1 } @{ $sees{$scope} };
            for my $who (0 .. 2) {
                my $is_fresh = $seen[$who] eq $fresh[$i];
                $is_fresh = $seen[$who] !~ $own if ref $own;
                push @wrong, "$name: $seen[$who] seen by " . ('its handler', 'the next request', 'another connection')[$who]
                    if $name ne 'start-up code' && ($is_seen{$who} && ($own || '') ne 'same' ? $is_fresh : !$is_fresh);
            }
        }
        is_deeply \@wrong, [], "$scope: the script itself sees it as long as it has the state";
    }
    my @warnings = TestHttpd::slurp($s->root . '/error_log') =~ /^Lua warning: of \/(\w+\/\w+)/mg;
    is join(' ', grep { /^once|see$/ } @warnings), '', 'warnings are written where they are switched on alone';
    cmp_ok scalar(@warnings), '>', 5, '  but there' unless jit;
    my ($counts) = grep { $LEFT[$_][0] eq 'start-up code' } 0 .. $#LEFT;
    is_deeply [map { $s->get("/thread/see/t$counts")->{content} } 1, 2], [1, 2], 'thread: what start-up code made goes on';

    for my $scope (@SCOPES) {
        my @wrong;
        for my $way (qw(file failing pipe output through), jit ? () : 'final') {
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
    my $has = sub { my ($name) = @_; scalar grep { -e } map { "$_/$name" } glob '/usr/lib/*/lua/' . (jit ? '5.1' : '5.4') };
    for my $scope (qw(once request conn)) {
        SKIP: {
            skip 'lua-sql-sqlite3 is not installed', 1 unless $has->('luasql/sqlite3.so');
            my $said = sub { $s->get("/$scope/insert?" . $s->root . '/var/db')->{content} };
            $said->();
            ok wait_until(sub { $said->() eq 'ok' }, 5), "$scope: a database left open in a transaction is not locked for the next" or diag $said->();
        }
        SKIP: {
            skip 'lua-socket is not installed', 1 unless $has->('socket/core.so');
            my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', Proto => 'tcp');
            $s->get("/$scope/socket?" . $listener->sockport);
            my $socket = $listener->accept;
            is eval { local $SIG{ALRM} = sub { die "left open\n" }; alarm 5; my $all = do { local $/; <$socket> }; alarm 0; $all } || $@, 'sent', "$scope: a socket left open is closed";
        }
    }
    my $trace = $s->root . "/var" . '/notes';
    is $s->get("/notes?$trace")->{content}, '2x5niltrue', 'pnotes: the next use of the request has what the first has kept, and no more of it';
    ok TestHttpd::wait_until(sub { -e $trace && TestHttpd::slurp($trace) eq "6\n" }, 5), '  and the log hook what was kept last';

    my $only = 'has a function or an object of a module, which lives only in the use of a script that has kept it';
    like $s->get('/once/function')->{content}, qr/^pnotes: 'f' \Q$only\E.*\npnotes: 'deep' \Q$only\E.*\npnotes: a value of them \Q$only\E.*\n5$/, 'pnotes: a function is an error in another use, which says so; others are read';
    is $s->get('/request/function')->{content}, "7\nfunction\nfunction\n5", '  and is read in a state that the request has';

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
