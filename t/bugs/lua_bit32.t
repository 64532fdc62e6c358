# bit32, which mod_lua's Lua 5.3 still has, was not there: Lua 5.4 has dropped it, and LuaJIT never had it.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['and, or, exclusive or',  'return bit32.band(6, 3), bit32.bor(1, 2, 4), bit32.bxor(0xffffffff, 1)', '2|7|4294967294'],
    ['of nothing',             'return bit32.band(), bit32.bor(), bit32.bxor(), bit32.btest()', '4294967295|0|0|true'],
    ['not, and a test',        'return bit32.bnot(0), bit32.bnot(-1), bit32.btest(1, 2)', '4294967295|0|false'],
    ['shifts both ways',       'return bit32.lshift(1, 31), bit32.lshift(1, 32), bit32.lshift(2, -1), bit32.rshift(256, 4), bit32.rshift(-1, 31)', '2147483648|0|1|16|1'],
    ['with the sign',          'return bit32.arshift(-8, 1), bit32.arshift(8, 1), bit32.arshift(-8, 40), bit32.arshift(1, -4)', '4294967292|4|4294967295|16'],
    ['rotations',              'return bit32.lrotate(0x80000001, 1), bit32.rrotate(1, 1), bit32.lrotate(5, 0), bit32.lrotate(5, 64)', '3|2147483648|5|5'],
    ['fields',                 'return bit32.extract(0xff00, 8, 8), bit32.extract(4, 2), bit32.replace(0, 5, 4, 4), bit32.replace(0xffffffff, 0, 31)', '255|1|80|2147483647'],
    ['a field that is none',   'return (pcall(bit32.extract, 1, 32)), (pcall(bit32.extract, 1, 0, 0)), (pcall(bit32.replace, 1, 1, -1))', 'false|false|false'],
    ['texts and what is none', 'return bit32.band("7", 3), (pcall(bit32.band, {})), (pcall(bit32.bnot, 1.5))', jit ? '3|false|true' : '3|false|false'],     # LuaJIT's C functions cut a number off
    ['as a module',            'return require "bit32" == bit32', 'true'],
    ['a script may have its own', 'bit32 = { band = function() return "own" end } return bit32.band(1, 1), require "bit32".band(3, 1)', 'own|1'],
], mpms => ['event']);

done_testing;
