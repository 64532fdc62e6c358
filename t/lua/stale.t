# What a script keeps of a request or connection beyond its life raises: it never shows another's, and never crashes.
# The next request often has the same address, as httpd uses the memory again.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'mod_lua then reads memory that is given back') unless ours;

my $SCRIPT = <<'L';
kept = {}
local function say(r, ...) r:puts((tostring(select(1, ...))), " ", (tostring(select(2, ...))):match("([^:]*)$"), "\n") end
function keep(r)
  r.notes.secret = r.args
  kept.r = r
  kept.request = { r = r }
  kept.headers, kept.notes, kept.out = r.headers_in, r.notes, r.headers_out
  kept.puts, kept.field = r.puts, function() return r.uri end
  kept.wrapped = coroutine.wrap(function() while true do coroutine.yield(r.uri) end end)
  kept.wrapped()
  kept.connection, kept.server = r.connection, r.server
  kept.iterator, kept.state, kept.first = pairs(r.headers_in)
  r:puts("kept")
  return apache2.OK
end
local WAYS = {
  field = function(r) return kept.r.uri end,
  args = function(r) return kept.r.args end,
  method = function(r) return kept.r:puts("into another's answer") end,
  taken_method = function(r) return kept.puts(kept.r, "into another's answer") end,
  assign = function(r) kept.r.status = 404 end,
  table_in_a_table = function(r) return kept.request.r.uri end,
  closure = function(r) return kept.field() end,
  coroutine = function(r) return kept.wrapped() end,
  header = function(r) return kept.headers["X-Secret"] end,
  header_pairs = function(r) for k, v in pairs(kept.headers) do if k == "X-Secret" then return v end end return "none" end,
  header_next = function(r) return kept.iterator(kept.state, kept.first) end,
  note = function(r) return kept.notes.secret end,
  set_note = function(r) kept.notes.secret = "changed" end,
  set_header = function(r) kept.out["X-Other"] = "1" end,
  as_argument = function(r) return tostring(kept.r) end,
  escape = function(r) return kept.r:escape("a b") end,
  parse = function(r) return kept.r:parseargs() end,
  body = function(r) return kept.r:requestbody() end,
  notes_of = function(r) return kept.r.notes.secret end,
  equal = function(r) return kept.r == r and "same" or "other" end,
}
function use(r)
  local way = WAYS[r.args]
  if kept.r == nil then r:puts("nothing kept") return apache2.OK end
  say(r, pcall(way, r))
  return apache2.OK
end
function own(r)
  kept.own = kept.own or r
  r:puts(r.uri, " ", r.headers_in["X-Secret"] or "none", " ", tostring(kept.own == r))
  return apache2.OK
end
function hook(r) kept.hooked = r r.notes.mine = "of " .. r.uri return apache2.DECLINED end
function same(r) r:puts(kept.hooked == r and "the same object" or "another object", " ", (pcall(function() return kept.hooked.uri end)) and "alive" or "gone", " ", r.notes.mine) return apache2.OK end
function log_it(r) local f = io.open("@var@/trace", "a") f:write("log ", tostring((pcall(function() return r.uri end))), " ", r.uri, "\n") f:close() return apache2.OK end
function keep_db(r)
  local db, why = r:dbacquire("mod_dbd")
  if not db then r:puts("no database: ", tostring(why)) return apache2.OK end
  kept.db = db
  kept.result = db:select(r, "SELECT 1")
  kept.statement = db:prepare(r, "SELECT 2")
  r:puts("kept")
  return apache2.OK
end
local DB = {
  query = function(r) return kept.db:query(r, "SELECT 1") end,
  select = function(r) return kept.db:select(r, "SELECT 1") end,
  active = function(r) return tostring(kept.db:active(r)) end,
  close = function(r) return tostring(kept.db:close()) end,
  rows = function(r) return kept.result(-1) end,
  statement = function(r) return kept.statement:select() end,
}
function use_db(r) say(r, pcall(DB[r.args], r)) return apache2.OK end
local function trace(...) local f = io.open("@var@/trace", "a") f:write(table.concat({ ... }, " "), "\n") f:close() end
function cleanup(r)
  local mine, uri, headers, args = r, r.uri, r.headers_in, r.args
  kept.r = r
  r.pool:cleanup_register(function()
    local alive, what = pcall(function() return mine.uri .. " " .. (headers["X-Secret"] or "none") end)
    trace("cleanup", args, tostring(alive), (tostring(what):match("([^:]*)$")))
  end)
  r:puts("registered")
  return apache2.OK
end
function finalizer(r)
  setmetatable({}, { __gc = function() local ok = pcall(function() return r.uri end) gone = (gone or 0) + (ok and 0 or 1) end })
  r:puts(tostring(gone or 0))
  return apache2.OK
end
function collect(r) collectgarbage() collectgarbage() r:puts(tostring(gone or 0)) return apache2.OK end
L
my @WAYS = $SCRIPT =~ /^  (\w+) = function\(r\)/mg;
my %DB = map { $_ => 1 } qw(query select active close rows statement);
# What is no use of a gone request.
my %FINE = (equal => qr/^true other$/, as_argument => qr/^(?:true|false) /);
my $CONF = <<'C';
LuaScope server 1 1
LuaInterpStart 1
LuaInterpMax 1
LuaInterpMaxSpare 1
DBDriver sqlite3
DBDParams "@var@/stale.db"
LuaHookFixups stale.lua hook
<Location /file.txt>
    LuaHookLog stale.lua log_it
</Location>
C
$CONF .= "LuaMapHandler ^/$_\$ stale.lua $_\n" for qw(keep use own same keep_db use_db cleanup finalizer collect);
my @load = have_httpd_module('dbd') ? (load => ['dbd']) : ();
$CONF =~ s/^DBD.*\n//mg unless @load;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $one = $mpm eq 'event' ? "ServerLimit 1\nStartServers 1\nThreadsPerChild 4\nThreadLimit 4\nMaxRequestWorkers 4\nMinSpareThreads 1\nMaxSpareThreads 4\n"
        : "ServerLimit 1\nStartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n";
    my $s = TestHttpd::Lua->start(mpm => $mpm, @load, config => $one . $CONF, scripts => { 'stale.lua' => $SCRIPT }, files => { 'htdocs/file.txt' => 'text' });
    $s->expect_log(qr/AH00484|AH00161|AH00286/);        # few workers are meant
    for my $way (grep { !$DB{$_} } @WAYS) {
        is $s->request('GET', '/keep?first', { 'X-Secret' => 'of the first' })->{content}, 'kept', "$way: kept";
        my $got = $s->request('GET', "/use?$way", { 'X-Secret' => 'of the second' })->{content};
        if ($FINE{$way}) { like $got, $FINE{$way}, "$way: fine" }
        else             { like $got, qr/^false .*request is gone/, "$way: raises" }
        unlike $got, qr/of the (?:first|second)|into another|\bfirst\b/, "$way: nothing of a request is seen";
    }
    my @own = map { $s->request('GET', '/own', { 'X-Secret' => $_ })->{content} } 1 .. 3;
    is $own[0], '/own 1 true', 'the first';
    is $own[$_], '/own ' . ($_ + 1) . ' false', 'the next one sees its own' for 1, 2;
    like $s->get('/same')->{content}, qr/alive of \/same$/, 'a request that a hook kept is alive in the handler of the same one';
    $s->get('/file.txt');
    $s->wait_for_trace(qr/^log true \/file\.txt/m, 20);
    like $s->get('/use?field')->{content}, qr/^false .*request is gone/, 'after a request whose log hook ran';

    # A cleanup of its pool is the last that sees a request.
    for my $n (1 .. 3) {
        is $s->request('GET', "/cleanup?$n", { 'X-Secret' => "of $n" })->{content}, 'registered', 'a cleanup';
        $s->get('/own');
        my @lines = $s->wait_for_trace(qr/^cleanup $n/m, 20);
        like join("\n", @lines), qr/^cleanup $n (?:true \/cleanup of $n|false .*request is gone)$/m, '  sees its own request, or that it is gone' or diag "@lines";
        like $s->get('/use?field')->{content}, qr/^false .*request is gone/, '  which then is gone';
    }

    $s->get('/finalizer') for 1 .. 20;
    # LuaJIT's tables have no finalizers.
    cmp_ok $s->get('/collect')->{content}, '>=', 19, 'a finalizer that runs later finds its request gone' unless jit;

  SKIP: {
        skip 'no mod_dbd', 1 unless @load;
        my $kept = $s->get('/keep_db')->{content};
        skip $kept, 1 unless $kept eq 'kept';
        for my $way (sort keys %DB) {
            is $s->get('/keep_db')->{content}, 'kept', "database, $way: kept";
            like $s->get("/use_db?$way")->{content}, qr/^(?:false .*|true (?:false|nil|[^:]*closed[^:]*|[^:]*not open[^:]*))$/, "database, $way: is closed";
        }
    }
    is $s->get('/own')->{status}, 200, 'it serves on';
});

done_testing;
