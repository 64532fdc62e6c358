# 0 and 1, which are both true to Lua, turned on what only `true` turns on with mod_lua.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['strcmp_match',   'return r.strcmp_match("a", "A", 0), r.strcmp_match("a", "A", 1), r.strcmp_match("a", "A", true)', 'false|false|true'],
    ['os_escape_path', 'return r:os_escape_path("a:b", 0), r:os_escape_path("a:b", true)', './a:b|a:b'],
    ['setcookie of four arguments', 'r:setcookie("k", "v", 0) return "set"', 'set', header => { 'set-cookie' => qr/^(?!.*Secure)k=v;/ }],
    ['and secure',     'r:setcookie("k", "v", true) return "set"', 'set', header => { 'set-cookie' => qr/^k=v; Secure/ }],
], mpms => ['event']);

done_testing;
