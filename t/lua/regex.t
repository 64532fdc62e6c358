# r:regex(string, pattern [, flags]): a table of captures, false where nothing matches, false and a message for a bad
# pattern. r.strcmp_match(string, glob [, ignore case]). r:expr(expression).
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['the whole match is 0',         q{return r:regex("xaby", "ab")}, '{0=ab}'],
    ['captures',                     q{return r:regex("2024-05", "(\\\\d+)-(\\\\d+)")}, '{0=2024-05 1=2024 2=05}'],
    ['no match',                     q{return r:regex("abc", "x")}, 'false'],
    ['a capture that took no part is nil', q{return r:regex("b", "(a)?(b)")}, '{0=b 2=b}'],
    ['an empty capture is empty',    q{return r:regex("b", "(a*)(b)")}, '{0=b 1= 2=b}'],
    ['case matters',                 q{return r:regex("ABC", "abc"), r:regex("ABC", "abc", 1)}, 'false|{0=ABC}'],
    ['more lines',                   q{return r:regex("a\nb", "^b"), r:regex("a\nb", "^b", 2), r:regex("A\nB", "^b$", 3)}, 'false|{0=b}|{0=B}'],
    ['an empty pattern',             q{return r:regex("abc", "")}, '{0=}'],
    ['an empty string',              q{return r:regex("", "^$"), r:regex("", "a")}, '{0=}|false'],
    ['a bad pattern',                q{local m, e = r:regex("abc", "(") return m, type(e), #e > 0}, 'false|string|true'],
    ['twenty captures',              q{local m = r:regex(("ab"):rep(10), ("(.)"):rep(20)) return m[1], m[20], m[21]}, 'a|b|nil'],
    ['thirty captures',              q{local m, e = r:regex(("a"):rep(30), ("(a)"):rep(30)) return m and m[30] or e:match("%d+")}, 'a', mod_lua => '30'],   # it takes 25 and says so
    ['exactly 25',                   q{local m = r:regex(("a"):rep(25), ("(a)"):rep(25)) return m[25]}, 'a', ends => 'one too few is asked for, and the last read from where nothing is'],
    ['bytes',                        q{return r:regex("\195\164x", "x")[0]}, 'x'],
    ['lookahead and lazy',           q{return r:regex("aXbXc", "a.*?X(?=b)")}, '{0=aX}'],
    ['it wants strings',             q{return (pcall(r.regex, r, "a")), (pcall(r.regex, r, {}, "a")), (pcall(r.regex))}, 'false|false|false'],
    ['a long string',                q{return #r:regex(("x"):rep(100000) .. "y", "x+y")[0]}, '100001'],
    ['strcmp_match',                 q{return r.strcmp_match("foo.com", "*.com"), r.strcmp_match("foo.com", "f?o.com"), r.strcmp_match("foo.com", "x*")}, 'true|true|false'],
    ['strcmp_match and case',        q{return r.strcmp_match("FOO", "foo"), r.strcmp_match("FOO", "foo", true), r.strcmp_match("FOO", "foo", false)}, 'false|true|false'],
    ['strcmp_match wants strings',   q{return (pcall(r.strcmp_match, "a")), (pcall(r.strcmp_match, {}, "a"))}, 'false|false'],
    ['expr that is true',            q{return r:expr("%{REQUEST_METHOD} == 'GET'")}, 'true'],
    ['expr that is not',             q{return r:expr("%{REQUEST_METHOD} == 'POST'")}, 'false'],
    ['expr sees notes of the script', q{r.notes.x = "here" return r:expr("note('x') == 'here'")}, 'true'],
    ['expr sees headers',            q{return r:expr("%{HTTP:X-Thing} -eq 7")}, 'true', headers => { 'X-Thing' => 7 }],
    ['a bad expr gives a message',   q{local v, e = r:expr("%{REQUEST_METHOD} ==") return v, type(e), #e > 0}, 'false|string|true'],
    ['expr wants a string',          q{return (pcall(r.expr, r)), (pcall(r.expr, r, {}))}, 'false|false'],
]);

done_testing;
