# A recursion without end, with much garbage that has `__gc`. Lua collects garbage when a stack is full, and called each `__gc` on that
# very stack: each call overflowed as well, which took some ten milliseconds and left its object without the call. An interpreter with a
# few thousand closed files as garbage was held for a minute; LuaInterpMaxWait passed, and others were refused.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'mod_lua has the fault') unless ours;
plan(skip_all => 'LuaJIT has no __gc for tables, and stacks of 65,500 values') if TestHttpd::Lua::jit();

my $DEEP = <<'L';
local made, ended = 0, 0
-- More values than a full stack has room for.
local names = {}
for i = 1, 150 do names[i] = "v" .. i end
local ends = load("local done = ... return function() local " .. table.concat(names, ",") .. " done() end")(function() ended = ended + 1 end)
local function garbage(n)
  for _ = 1, n do setmetatable({}, { __gc = ends }) end
  made = made + n
end
function deep(n) return 1 + deep(n + 1) end
local said = {}
-- Which part of a collection meets the full stack depends on what there is: many sizes.
for i = 1, 14 do
  local live = {}
  for k = 1, i * 3000 do live[k] = {} end
  garbage(200)
  local ok, why
  if i % 2 == 0 then ok, why = pcall(deep, 1) else
    local co = coroutine.create(deep)
    ok, why = coroutine.resume(co, 1)
  end
  said[tostring(why):match("stack overflow") or tostring(why)] = true
end
for _ = 1, 3 do collectgarbage() end
said = next(said, next(said)) and "several" or next(said)
return said, made - ended
L

test_rows([
    ['each __gc is called', $DEEP, 'stack overflow|0'],
    ['a collector that the script has stopped stays so', q{
        collectgarbage("stop")
        local function deep(n) return 1 + deep(n + 1) end
        local ok = pcall(deep, 1)
        return ok, collectgarbage("isrunning")
    }, 'false|false'],
    ['and else it goes on, even where the script runs deep and makes much', q{
        local most = 0
        local function deep(n)
          if n > 0 then return 1 + deep(n - 1) end
          for i = 1, 250 do local s = ("x"):rep(1000000) .. i most = math.max(most, collectgarbage("count")) end
          return 0
        end
        deep(230000)
        local running = collectgarbage("isrunning")
        return most < 400000, running
    }, 'true|true'],
], mpms => ['prefork']);
done_testing;
