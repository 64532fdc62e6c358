# The manual's LuaHookPreTranslate existed only as LuaHookPreTranslateName. Both are right.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['both names', 'return r.notes.trace', 'one two '],
], scripts => { 'x.lua' => 'function one(r) r.notes.trace = (r.notes.trace or "") .. "one " return -1 end function two(r) r.notes.trace = (r.notes.trace or "") .. "two " return -1 end' },
    config => "LuaHookPreTranslate x.lua one\nLuaHookPreTranslateName x.lua two\n");

done_testing;
