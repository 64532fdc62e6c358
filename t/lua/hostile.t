# Scripts that try to outlive their use: what is suspended, resurrected, hooked, half closed or out of memory when a use ends. Each has the
# answer it has in a state of its own, alone and all at once in two states; the state afterwards is as nobody has used it.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'a state of its own for each use, by copying: Lua 5.4') if jit || !ours;

# name => [what a handler does, what it answers (undef: 500)]
my %HOSTILE = (
    suspended   => ['local co = coroutine.create(function() local f = io.open(var .. "/suspended", "a") f:write("line\n") local g <close> = f coroutine.yield() end) coroutine.resume(co) kept = co', ''],
    suspended_many => ['kept = {} for i = 1, 3000 do local co = coroutine.wrap(function(...) local a, b = ... coroutine.yield(a) end) co(i, {}) kept[i] = co end', ''],
    suspended_deep => ['local function f(n) if n == 0 then coroutine.yield() end return f(n - 1) + 1 end kept = coroutine.create(f) coroutine.resume(kept, 1000)', ''],
    to_be_closed => ['local x <close> = setmetatable({}, { __close = function() io.open(var .. "/closed", "a"):write("line\n") end }) r:puts("x")', 'x'],
    closed_by_error => ['local x <close> = setmetatable({}, { __close = function() error("closing") end }) error("first")', undef],
    resurrects  => ['kept = nil setmetatable({}, { __gc = function(o) kept = o setmetatable(o, getmetatable(o)) end }) collectgarbage() collectgarbage() r:puts(type(kept))', 'table'],
    resurrects_r => ['setmetatable({ r }, { __gc = function(o) o[1]:puts("gc") end })', 'gc'],
    gc_opens    => ['kept = setmetatable({}, { __gc = function() io.open(var .. "/gc_opens", "a"):write("line\n") end })', ''],
    gc_errors   => ['for i = 1, 20 do setmetatable({}, { __gc = function() error("in gc") end }) end', ''],
    gc_loops    => ['kept = setmetatable({}, { __gc = function() for i = 1, 100000 do local t = { i } end collectgarbage() end })', ''],
    gc_yields   => ['setmetatable({}, { __gc = function() coroutine.yield() end })', ''],
    gc_exits    => ['setmetatable({}, { __gc = function() os.exit(3, true) end }) collectgarbage() r:puts("after")', qr/^(?:after)?$/],
    gc_memory   => ['setmetatable({}, { __gc = function() local t = {} while true do t[#t + 1] = ("x"):rep(1000000) .. #t end end }) r:puts("x")', 'x'],
    gc_makes_gc => ['local function gc(o) if #o < 5 then setmetatable({ table.unpack(o) , 1 }, { __gc = gc })[#o + 1] = 1 end end setmetatable({}, { __gc = gc })', ''],
    memory      => ['local t = {} r:puts(select(2, pcall(function() while true do t[#t + 1] = ("x"):rep(1000000) .. #t end end)))', qr/^not enough memory/],
    memory_tables => ['local t = {} r:puts(select(2, pcall(function() while true do t[#t + 1] = { {} } end end)))', qr/^not enough memory/],
    hook        => ['debug.sethook(function() error("hooked") end, "", 1000) setmetatable({}, { __gc = function() for i = 1, 5000 do end end })', ''],
    hook_in     => ['kept = coroutine.create(function() coroutine.yield() end) debug.sethook(kept, function() x = debug.traceback() end, "crl") coroutine.resume(kept)', ''],
    strings     => ['getmetatable("").__index = function(s, k) return r.uri end kept = setmetatable({}, { __gc = function() local x = ("x").y end }) r:puts(("a").b)', '/strings'],
    metatables  => ['for _, v in pairs({ 1, true, print, coroutine.create(print), r, r.notes }) do debug.setmetatable(v, { __gc = function() end, __index = function() return 1 end }) end debug.setmetatable(nil, {}) apache2.x = 1', ''],
    file_meta   => ['local m = getmetatable(io.stdout) m.__gc = function() error("x") end m.__index = nil m.__close = nil kept = io.open(var .. "/meta", "a")', ''],
    registry    => ['local reg = debug.getregistry() for k in pairs(reg) do if type(k) == "string" then reg[k] = nil end end', qr//],
    registry_all => ['local reg = debug.getregistry() for k in pairs(reg) do reg[k] = nil end', qr//],
    collector   => ['collectgarbage("stop") for i = 1, 2000 do local s = ("x"):rep(i) end collectgarbage("generational") kept = setmetatable({}, { __gc = print })', ''],
    incremental => ['collectgarbage("incremental", 10, 400, 1) for i = 1, 20000 do local t = { {} } end collectgarbage("step") r:puts(collectgarbage("isrunning") and "on" or "off")', 'on'],
    weak        => ['kept = setmetatable({}, { __mode = "k" }) for i = 1, 2000 do local k = {} kept[k] = setmetatable({ k }, { __gc = function() end }) end collectgarbage() r:puts(type(next(kept)))', qr/^(?:nil|table)$/],
    big         => ['local s = ("x"):rep(30000000) local t = s .. "y" r:puts(#t)', '30000001'],
    lines       => ['for l in io.lines("/etc/passwd") do r:puts("x") break end for l in io.open("/etc/passwd"):lines(1) do break end', 'x'],
    pipes       => ['kept = io.popen("sleep 0.02; echo x") io.popen("cat > /dev/null", "w"):write("x") io.popen("exit 3")', ''],
    pipes_error => ['local p = io.popen("cat >> " .. var .. "/piped", "w") p:write("line\n") error({ p })', undef],
    io_default  => ['io.output(io.popen("cat > /dev/null", "w")) io.write("x") io.input("/etc/passwd") io.read() io.stdout:close() io.stderr:setvbuf("full", 10)', qr//],
    tmpfiles    => ['for i = 1, 30 do local f = io.tmpfile() f:write(("x"):rep(10000)) f:seek("set") end', ''],
    exits       => ['r:puts("x") coroutine.wrap(function() table.sort({ 3, 2, 1 }, function() ("x"):gsub(".", function() os.exit(0, true) end) end) end)()', 'x'],
    exits_closing => ['r:puts("x") local x <close> = setmetatable({}, { __close = function() os.exit(1, true) end }) pcall(function() local y <close> = x os.exit(2, true) end)', 'x'],
    tostring_errors => ['error(setmetatable({}, { __tostring = function() error("no text") end, __name = {} }))', undef],
    tostring_number => ['error(setmetatable({}, { __tostring = function() return 5 end }))', undef],
    tostring_deep => ['local function f() return f() .. "x" end error(setmetatable({}, { __tostring = f }))', undef],
    error_big   => ['error(("x"):rep(1000000))', undef],
    error_nil   => ['error()', undef],
    deep_pcall  => ['local function f(n) return pcall(f, n + 1) end r:puts(type(f(1)))', 'boolean'],
    deep_gsub   => ['local function f() return (("x"):gsub(".", f)) end r:puts(tostring(pcall(f)))', qr/^false/],
    deep_meta   => ['local t = {} for i = 1, 1000 do t = setmetatable({}, { __index = function(_, k) return t[k] end }) end local function f() return t.x end r:puts(tostring(pcall(f)))', qr/^(?:false|true)/],
    deep_text   => ['r:puts(tostring(load(("("):rep(5000) .. "1" .. (")"):rep(5000))))', 'nil'],
    deep_coroutines => ['local function f(n) local co = coroutine.wrap(f) return co(n + 1) end r:puts(tostring(pcall(f, 1)))', qr/^false/],
    deep_match  => ['r:puts(tostring(pcall(string.match, ("a"):rep(300000), ("a?"):rep(300000) .. "b")))', qr/^false/],
    overflow_gc => ['for i = 1, 100 do setmetatable({}, { __gc = function() end }) end local function f() local t = setmetatable({}, { __gc = function() end }) return 1 + f() end r:puts(tostring(pcall(f)))', qr/^false/],
    dumps       => ['local s = string.dump(function() return string.upper("x") end) r:puts(tostring(load(s, "x", "b"))) string = nil', 'nil'],
    upvalues    => ['local i = 1 while debug.setupvalue(r.puts, i, nil) do i = i + 1 end for k, v in pairs(string) do debug.setupvalue(v, 1, {}) end', qr//],
    module      => ['local c = require("cjson") kept = c.new() package.loaded.cjson = nil r:puts(require("cjson").encode({ 1 }))', '[1]'],
    lpeg        => ['local l = require("lpeg") kept = l.P("x") ^ 1 * l.Cmt(l.P(1), function() error("matched") end) pcall(l.match, kept, "xxy")', ''],
);
my $has = sub { my ($name) = @_; scalar grep { -e "$_/$name.so" } glob '/usr/lib/*/lua/5.4 /usr/local/lib/lua/5.4' };
delete $HOSTILE{module} unless $has->('cjson');
delete $HOSTILE{lpeg}   unless $has->('lpeg');
my $script = qq(local var = "\@var\@"\n) . join '', map { "function $_(r) do $HOSTILE{$_}[0] end return apache2.OK end\n" } sort keys %HOSTILE;
$script .= <<'L';
function see(r)
  local wrong = {}
  local function see(what, ok) if not ok then wrong[#wrong + 1] = what end end
  see("kept", kept == nil)
  see("hook", not debug.gethook())
  see("nil", not pcall(function() return none.x end))
  see("numbers", not debug.getmetatable(1) and not debug.getmetatable(print) and not debug.getmetatable(true))
  see("strings", ("x"):upper() == "X" and rawget(getmetatable(""), "__index") == string)
  see("r", r.uri == "/see" and apache2.x == nil)
  see("collector", collectgarbage("isrunning"))
  see("registry", debug.getregistry()._LOADED == package.loaded and debug.getregistry()["FILE*"])
  local f <close> = io.open("/etc/passwd")
  see("files", f:read("l") and io.type(io.output()) == "file" and io.output() == io.stdout)
  see("loaded", package.loaded.cjson == nil)
  see("debug", debug.getupvalue(string.upper, 1) == nil)
  r:puts(table.concat(wrong, " "))
  return apache2.OK
end
L
my @NAMES = sort keys %HOSTILE;

# What is wrong with an answer.
sub wrong {
    my ($name, $got) = @_;
    my $want = $HOSTILE{$name}[1];
    return "$name: $got->{status}, not 500" if !defined $want && $got->{status} != 500;
    return "$name: $got->{status}, not 200: $got->{content}" if defined $want && !ref $want && $got->{status} != 200;
    return "$name: '" . substr($got->{content}, 0, 80) . "', not '$want'" if defined $want && (ref $want ? $got->{content} !~ $want : $got->{content} ne $want);
    return;
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'a.lua' => $script }, config => <<'C' . ($mpm eq 'event' ? "LuaInterpStart 2\nLuaInterpMax 2\n" : ''));
@one_child@
LuaInterpMaxMemory 80M
LuaMapHandler ^/(\w+)$ a.lua $1
LogLevel lua:crit
C
    my ($child) = $s->child_pids;
    my @wrong;
    for my $name (@NAMES) {
        push @wrong, wrong($name, $s->get("/$name"));
        my $seen = $s->get('/see');
        push @wrong, "after $name: $seen->{status} $seen->{content}" if $seen->{status} != 200 || $seen->{content} ne '';
        my ($now) = $s->child_pids;
        if ($now ne $child) { push @wrong, "$name has ended the process"; $child = $now }
    }
    is_deeply \@wrong, [], 'each has its answer, and nobody sees afterwards what it did';
    my $open = $s->descriptors($child);
    my @got = $s->parallel(4, sub {
        my ($i) = @_;
        my @wrong;
        for my $n (1 .. soak(1, 50)) {
            for my $name (@NAMES[grep { ($_ + $i) % 4 == 0 } 0 .. $#NAMES]) {
                push @wrong, wrong($name, $s->get("/$name"));
                push @wrong, "beside $name: $_" for grep { $_ ne '' } $s->get('/see')->{content};
            }
        }
        return @wrong;
    });
    is_deeply [map { ref $_ ? @$_ : $_ } @got], [], 'nor when all run at once';
    is "@{[$s->child_pids]}", $child, 'the process goes on';
    ok wait_until(sub { $s->descriptors($child) <= $open + 1 }), 'no descriptor is left';
    my $zombies = grep { (eval { TestHttpd::slurp($_) } || '') =~ /\) Z $child / } glob '/proc/[0-9]*/stat';
    is $zombies, 0, 'nor a zombie';
    my $lines = sub { my $file = $s->root . "/var/$_[0]"; -e $file ? scalar(() = TestHttpd::slurp($file) =~ /^line$/mg) : 0 };
    is_deeply [map { $lines->($_) } qw(suspended closed gc_opens piped)], [(1 + soak(1, 50)) x 4], 'what they wrote is there';
    $s->stop;
});

done_testing;
