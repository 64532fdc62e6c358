# What a script can do to its interpreter and to its process: memory, the stack, errors of every kind, yields, bad bytecode, exit.
# Each is an error of that request, the interpreter is usable or replaced, and the process serves on.
use lib 't/lib';
use TestHttpd::Lua;

my $SCRIPT = <<'L';
require "apache2"
function fine(r) r:puts("fine") return apache2.OK end
function die_text(r) error("what went wrong") end
function die_traced(r) local function inner() error("traced") end local function outer() inner() return 1 end return outer() end
function die_table(r) error({}) end
function die_nil(r) error(nil) end
function die_plain(r) error("no place", 0) end
function die_object(r) error(setmetatable({}, { __tostring = function() return "as text" end })) end
function die_in_tostring(r) error(setmetatable({}, { __tostring = function() error("again") end })) end
function die_in_gc(r) setmetatable({}, { __gc = function() error("in gc") end }) collectgarbage() r:puts("fine") return apache2.OK end
function die_with_request(r) error(r) end
function die_in_sort(r) local t = {} for i = 1, 50 do t[i] = i end table.sort(t, function() error("in sort") end) end
function die_in_gsub(r) return (("x"):gsub("x", function() error("in gsub") end)) end
function die_in_field(r) r.content_type = {} end
function die_in_coroutine(r) coroutine.wrap(function() error("in coroutine") end)() end
function die_after_output(r) r:puts("some") r:flush() error("after output") end
function deep(r) local function f(n) return 1 + f(n + 1) end return f(1) end
function deep_c(r) local s = string.rep("(", 300) return ("x"):find(s) end
function deep_pcall(r) local function f() return pcall(f) end r:puts(tostring(f())) return apache2.OK end
function deep_meta(r) local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) return s[k .. "x"] end return t.a end
function deep_coroutine(r) local function f() return coroutine.wrap(f)() end return f() end
function slow_pattern(r) r:puts(tostring(("a"):rep(28):find(("a?"):rep(20) .. ("a"):rep(20)))) return apache2.OK end
function yields(r) coroutine.yield(1) end
function yields_in_pcall(r) r:puts(tostring((pcall(coroutine.yield)))) return apache2.OK end
function yields_in_sort(r) local co = coroutine.wrap(function() table.sort({ 3, 2, 1 }, function() coroutine.yield() end) end) co() end
function yields_in_gsub(r) local co = coroutine.wrap(function() return (("x"):gsub("x", coroutine.yield)) end) co() end
function yields_request(r) local co = coroutine.wrap(function() coroutine.yield(r) end) r:puts(co() == r and "same" or "other") return apache2.OK end
function left_open(r) kept = coroutine.wrap(function() while true do coroutine.yield(r) end end) kept() r:puts("fine") return apache2.OK end
function bytecode(r) local f, why = load(string.dump(function() end), "x", "b") r:puts(tostring(f), " ", why or "none") return apache2.OK end
function bytecode_any(r) local f, why = load(string.dump(function() end)) r:puts(tostring(f), " ", (why or "none"):match("^[%w ]+")) return apache2.OK end
function bytecode_file(r)
  local name = "@var@/bytecode"
  local f = io.open(name, "wb") f:write(string.dump(function() end)) f:close()
  r:puts(tostring((loadfile(name))), " ", tostring((pcall(dofile, name))))
  return apache2.OK
end
function exits(r) r:puts("before") os.exit(3) end
function exits_in_pcall(r) r:puts("before") pcall(os.exit, 3) r:puts("after") return apache2.OK end
function exits_in_coroutine(r) r:puts("before") coroutine.wrap(function() os.exit(true) end)() r:puts("after") return apache2.OK end
function closes(r) r:puts("before") os.exit(true, true) end
function gets_registry(r) local g = debug.getregistry() r:puts(type(g)) return apache2.OK end
function no_string(r) local m = getmetatable("") local i = m.__index m.__index = nil local ok = pcall(function() return ("x"):upper() end) m.__index = i r:puts(tostring(ok)) return apache2.OK end
function huge(r) return string.rep("x", 2 ^ 40) end
function table_grows(r) local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end
function string_doubles(r) local s = "x" while true do s = s .. s end end
function caught(r) local ok, why = pcall(function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end) r:puts(tostring(ok), " ", why) return apache2.OK end
function in_coroutine(r) coroutine.wrap(function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end)() end
function in_gsub(r) return (("x"):rep(1e6):gsub(".", ("y"):rep(100))) end
function keeps(r) store = store or {} while true do store[#store + 1] = ("x"):rep(1000) .. #store end end
function kept_size(r) r:puts(tostring(#(store or {}))) return apache2.OK end
function filter_fails(r) coroutine.yield() error("in the filter") end
function filter_eats(r) coroutine.yield() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end
function hook(r) if r.args == "hook" then error("in the hook") end if r.args == "eats" then local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end return apache2.DECLINED end
L

my $memory = 'not enough memory \(LuaInterpMaxMemory\)';
# function, status, content, what the log says
my @ROWS = (
    ['die_text', 500, undef, qr/what went wrong/],
    ['die_traced', 500, undef, qr/in (?:upvalue|local) 'inner'/],
    ['die_table', 500, undef, qr/\(error object is a table value\)/],
    ['die_nil', 500, undef, qr/\(error object is a nil value\)/],
    ['die_plain', 500, undef, qr/no place/],
    ['die_object', 500, undef, qr/as text/],
    ['die_in_tostring', 500, undef, qr/\(error object is a table value\)/],
    ['die_in_gc', 200, 'fine'],
    ['die_with_request', 500, undef, qr/Apache2::RequestRec|error object is a userdata value/],
    ['die_in_sort', 500, undef, qr/in sort/],
    ['die_in_gsub', 500, undef, qr/in gsub/],
    ['die_in_field', 500, undef, qr/bad value for field 'content_type' \(string expected, got table\)/],
    ['die_in_coroutine', 500, undef, qr/in coroutine/],
    ['die_after_output', 200, qr/^some/, qr/after output/],
    ['deep', 500, undef, qr/stack overflow/],
    ['deep_c', 500, undef, qr/too many captures|pattern too complex|unfinished capture/],
    ['deep_pcall', 200, qr/^true|^false/],
    ['deep_meta', 500, undef, qr/overflow/],
    ['deep_coroutine', 500, undef, qr/(?:\S*faults\.lua:\d+: ){20}/],        # each level puts its place before: the end is beyond a line of the log
    ['slow_pattern', 200, qr/^1/],
    ['yields', 500, undef, qr/attempt to yield/],
    ['yields_in_pcall', 200, 'false'],
    ['yields_in_sort', 500, undef, qr/attempt to yield across a C-call boundary/],
    ['yields_in_gsub', 500, undef, qr/attempt to yield across a C-call boundary/],
    ['yields_request', 200, 'same'],
    ['left_open', 200, 'fine'],
    ['bytecode', 200, 'nil precompiled chunks are refused'],
    ['bytecode_any', 200, 'nil attempt to load a binary chunk '],
    ['bytecode_file', 200, 'nil false'],
    ['exits', 200, 'before'],
    ['exits_in_pcall', 200, 'before'],
    ['exits_in_coroutine', 200, 'before'],
    ['closes', 200, 'before'],
    ['gets_registry', 200, 'table'],
    ['no_string', 200, 'false'],
    ['huge', 500, undef, qr/$memory|resulting string too large/],
    ['table_grows', 500, undef, qr/$memory/],
    ['string_doubles', 500, undef, qr/$memory|string length overflow/],
    ['caught', 200, qr/^false .*not enough memory/],
    ['in_coroutine', 500, undef, qr/$memory/],
    ['in_gsub', 500, undef, qr/$memory/],
);
# What LuaJIT cannot keep: calls within coroutines have no limit, and tables have no finalizers. It makes no text that nobody uses (huge), and
# words some things otherwise.
if (jit) {
    @ROWS = grep { $_->[0] !~ /^(?:deep_coroutine|die_in_gc|huge)$/ } @ROWS;
    my %other = (yields_in_sort => qr/attempt to yield across C-call boundary/, yields_in_gsub => qr/attempt to yield across C-call boundary/, die_traced => qr/in function 'inner'/);
    for my $row (@ROWS) {
        $row->[3] = $other{ $row->[0] } if $other{ $row->[0] };
        $row->[2] = 'nil attempt to load chunk with wrong mode' if $row->[0] eq 'bytecode_any';
    }
}
my $CONF = join '', map { "LuaMapHandler ^/$_->[0]\$ faults.lua $_->[0]\n" } @ROWS;
$CONF .= <<'C';
LuaInterpMaxMemory 64M
LuaInterpStart 1
LuaInterpMax 2
LuaMapHandler ^/fine$ faults.lua fine
LuaMapHandler ^/keeps$ faults.lua keeps
LuaMapHandler ^/kept_size$ faults.lua kept_size
<Location /once>
    LuaScope once
    LuaMapHandler ^/once/keeps$ faults.lua keeps
</Location>
LuaOutputFilter fails faults.lua filter_fails
LuaOutputFilter eats faults.lua filter_eats
<Location /filter_fails.txt>
    SetOutputFilter fails
</Location>
<Location /filter_eats.txt>
    SetOutputFilter eats
</Location>
<Location /hooked.txt>
    LuaHookFixups faults.lua hook
</Location>
LuaScope thread
C

plan(skip_all => 'mod_lua has no limit, and its processes end by some of these') unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, scripts => { 'faults.lua' => $SCRIPT },
        files => { map { ("htdocs/$_.txt" => 'text') } qw(filter_fails filter_eats hooked) });
    my %pids = map { $_ => 1 } $s->child_pids;
    for my $row (@ROWS) {
        my ($path, $status, $content, $log) = @$row;
        $s->mark_log;
        my $answer = eval { $s->get("/$path") } || { status => "none: $@", content => '' };
        is $answer->{status}, $status, "$path: status" or diag $s->log_since;
        if (ref $content)        { like $answer->{content}, $content, "$path: content" }
        elsif (defined $content) { is $answer->{content}, $content, "$path: content" }
        else                     { unlike $answer->{content}, qr/traceback|faults\.lua/, "$path: the client learns nothing of it" }
        $s->expect_log(qr/\btraced\b/);
        $s->log_like($log, "$path: log") if $log;
        is $s->get('/fine')->{content}, 'fine', "$path: the next one is served";
    }

    is_deeply [sort keys %pids], [sort $s->child_pids], 'all by the same processes';

    # What it keeps does not go away with an error: the interpreter is replaced.
    for my $path ('/keeps', '/once/keeps') {
        for (1 .. 4) {
            $s->mark_log;
            is $s->get($path)->{status}, 500, "$path: too much kept";
            $s->log_like(qr/$memory/, "$path: log");
        }
        # With one interpreter for the process, another process takes the place of this one.
        my $sizes = '';
        ok wait_until(sub { ($sizes = join ' ', map { $s->get('/kept_size')->{content} } 1 .. 6) eq '0 0 0 0 0 0' }, 10), "$path: others have the memory again" or diag $sizes;
    }

    $s->mark_log;
    unlike $s->raw("GET /filter_fails.txt HTTP/1.0\r\n\r\n"), qr/^HTTP\/1\.\d 200.*text$/s, 'a filter that fails';
    $s->log_like(qr/in the filter/, '  log');
    $s->mark_log;
    unlike $s->raw("GET /filter_eats.txt HTTP/1.0\r\n\r\n"), qr/^HTTP\/1\.\d 200.*text$/s, 'a filter that takes too much';
    $s->log_like(qr/$memory/, '  log');
    $s->mark_log;
    is $s->get('/hooked.txt?eats')->{status}, 500, 'a hook that takes too much';
    $s->log_like(qr/$memory/, '  log');
    $s->mark_log;
    is $s->get('/hooked.txt?hook')->{status}, 500, 'a hook that fails';
    $s->log_like(qr/in the hook/, '  log');
    is $s->get('/hooked.txt')->{content}, 'text', 'and then not';
    is $s->get('/fine')->{content}, 'fine', 'the last one is served';
    is_deeply [sort keys %pids], [sort $s->child_pids], 'by the same processes' if $s->is_threaded;
});

done_testing;
