# What `require` and the other functions of Lua's own that we wrap raise has the line of the script that called them, and their name.
use lib 't/lib';
use TestHttpd::Lua;

my %scripts = (
    'wrong.lua'  => "local x =\n",
    'dies.lua'   => "\nerror('at load')\n",
    'caller.lua' => "error('the caller', 2)\n",
    'above.lua'  => "error('above require', 3)\n",
    'tbl.lua'    => "error({ code = 7 })\n",
    'nests.lua'  => "local m = 1\nreturn require 'there.is.none'\n",
    'deep.lua'   => "return require 'nests'\n",
    'loads.lua'  => "where = debug.traceback('here', 1)\nreturn {}\n",
);

# The first line of a message, without the folder of its file.
my $said = <<'L';
local function said(f, ...)
  local ok, e = pcall(f, ...)
  if type(e) == "table" then return "table " .. e.code end
  return (tostring(e):match("^[^\n]*"):gsub("^[^:]*/", ""):gsub("%d+%.lua", "N.lua"))
end
L
my $SEARCHERS = jit ? 'loaders' : 'searchers';
my $TAIL = jit ? '' : 'N.lua:6: ';     # LuaJIT's stack does not show who has called a C function in a tail call
sub raises { my ($name, $code, $expected, @more) = @_; return [$name, "$said$code", $expected, @more] }

test_rows([
    raises('a missing module', 'return said(function() require "there.is.none" end)', "N.lua:6: module 'there.is.none' not found:"),
    raises('in a tail call', 'return said(function() return require "there.is.none" end)', $TAIL . "module 'there.is.none' not found:"),
    raises('called by pcall', 'return said(require, "there.is.none")', "module 'there.is.none' not found:"),
    raises('in a coroutine', "return said(coroutine.wrap(function()\n require 'there.is.none'\n end))", "N.lua:7: module 'there.is.none' not found:"),
    raises('all places that were looked at are named',
        'local _, e = pcall(function() require "there.is.none" end) return e:find("\n\tno field package.preload[\'there.is.none\']\n\tno file \'", 1, true) ~= nil', 'true'),
    raises('a module with a syntax error', 'return said(function() require "wrong" end)', "wrong.lua':"),
    raises('a module that raises', 'return said(function() require "dies" end)', 'dies.lua:2: at load'),
    raises('it raises again', 'said(function() require "dies" end) return said(function() require "dies" end)', 'dies.lua:2: at load'),
    raises('at the level of its caller, which is require', 'return said(function() require "caller" end)', 'the caller'),
    raises('at the level above require', 'return said(function() require "above" end)', 'N.lua:6: above require'),
    raises('a table', 'return said(function() require "tbl" end)', 'table 7'),
    raises('a module that a module misses', 'return said(function() require "nests" end)', (jit ? '' : 'nests.lua:2: ') . "module 'there.is.none' not found:"),
    raises('no name', 'return said(function() require() end)', "N.lua:6: bad argument #1 to 'require' (string expected, got no value)"),
    raises('no searchers', "local s = package.$SEARCHERS package.$SEARCHERS = 1
        local e = said(function() require 'there.is.none' end) package.$SEARCHERS = s return e", "N.lua:7: 'package.$SEARCHERS' must be a table"),
    raises('no path', 'local p = package.path package.path = nil local e = said(function() require "there.is.none" end) package.path = p return e',
        "'package.path' must be a string", wrong => 'the environment has no part in it'),
    ['a traceback at load has require once', 'require "loads" local _, n = where:gsub("in %w+ \'require\'", "") return n', '1'],
    ['what a module gives, and what its searcher said', 'local m, from = require "loads" return type(m), from:match("[^/]*$")', 'table|loads.lua', wrong => 'Lua 5.3 does not say'],
    ['a loader of the script\'s own', 'package.preload.mine = function(...) return select("#", ...) .. ... end local m = require "mine" package.preload.mine = nil package.loaded.mine = nil return m:sub(1, 5)', '2mine'],
    ['a searcher of the script\'s own', 'local searchers = package.searchers or package.loaders table.insert(searchers, function(n) if n == "made.up" then return function(...) return { ... } end, "extra" end return "\n\tnone here" end)
        local m = require "made.up" searchers[#searchers] = nil return m[1], m[2]', 'made.up|extra'],
    raises('load of no chunk', 'return said(function() load({}) end)', "N.lua:6: bad argument #1 to 'load' (function expected, got table)"),
    raises('load with a wrong name', 'return said(function() load("return 1", {}) end)', "N.lua:6: bad argument #2 to 'load' (string expected, got table)"),
    raises('load with a wrong mode', 'return said(function() load("return 1", "x", {}) end)', "N.lua:6: bad argument #3 to 'load' (string expected, got table)"),
    raises('loadfile of no name', 'return said(function() loadfile({}) end)', "N.lua:6: bad argument #1 to 'loadfile' (string expected, got table)"),
    raises('dofile of no name', 'return said(function() dofile({}) end)', "N.lua:6: bad argument #1 to 'dofile' (string expected, got table)"),
    raises('dofile of no file', 'return said(function() dofile("/no/file") end)', qr/^(?:N\.lua:6: )?(?:cannot open|file)/),
    raises('setmetatable of no table', 'return said(function() setmetatable(1, {}) end)', "N.lua:6: bad argument #1 to 'setmetatable' (table expected, got number)"),
    raises('setmetatable with no table', 'return said(function() setmetatable({}, 1) end)', qr/^N\.lua:6: bad argument #2 to 'setmetatable' \(nil or table expected/),
    raises('setmetatable with nothing', 'return said(function() setmetatable({}) end)', qr/^N\.lua:6: bad argument #2 to 'setmetatable' \(nil or table expected/),
    raises('a protected metatable', 'local t = setmetatable({}, { __metatable = "mine" })
        return getmetatable(t), said(function() setmetatable(t, {}) end)', 'mine|N.lua:7: cannot change a protected metatable'),
    ['a metatable is set and removed', 'local m = {} local t = setmetatable({}, m) return getmetatable(t) == m, getmetatable(setmetatable(t, nil)), getmetatable("").__index == string', 'true|nil|true'],
    raises('getmetatable of nothing', 'return said(function() getmetatable() end)', "N.lua:6: bad argument #1 to 'getmetatable' (value expected)"),
    raises('collectgarbage of no option', 'return said(function() collectgarbage("clean") end)', "N.lua:6: bad argument #1 to 'collectgarbage' (invalid option 'clean')"),
    raises('collectgarbage with no number', 'return said(function() collectgarbage("step", {}) end)', "N.lua:6: bad argument #2 to 'collectgarbage' (number expected, got table)"),
    raises('randomseed of no number', 'return said(function() math.randomseed({}) end)', "N.lua:6: bad argument #1 to 'randomseed' (number expected, got table)"),
    raises('loadlib of no file', 'return said(function() package.loadlib({}, "x") end)', "N.lua:6: bad argument #1 to 'loadlib' (string expected, got table)"),
    raises('os.exit of no number', 'return said(function() os.exit({}) end)', "N.lua:6: bad argument #1 to 'exit' (number expected, got table)"),
], scripts => \%scripts, config => "LuaPackagePath \@lua\@/?.lua\n");

done_testing;
