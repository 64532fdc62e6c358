# Lua modules in C from Debian's packages, found by the standard package.cpath; each is skipped where it is not installed.
# An SQL library of Lua's own beside r:dbacquire.
use lib 't/lib';
use TestHttpd::Lua;

my %MODULES = (
    cjson           => ['cjson.so', q{local c = require("cjson") return c.encode({1, 2, 3}), c.decode('{"a":{"b":5}}').a.b, c.decode("[null]")[1] == c.null}, '[1,2,3]|5|true'],
    lpeg            => ['lpeg.so', q{local l = require("lpeg") return l.match(l.C(l.R("09") ^ 1), "123abc")}, '123'],
    socket          => ['socket/core.so', q{local s = require("socket") return type(s.gettime()), type(s.tcp())}, 'number|userdata'],
    'luasql.sqlite3' => ['luasql/sqlite3.so', q{
        local env = require("luasql.sqlite3").sqlite3()
        local con = env:connect("@var@/luasql.db")
        con:execute("CREATE TABLE IF NOT EXISTS t (a, b)")
        con:execute("DELETE FROM t")
        con:execute("INSERT INTO t VALUES ('x', 1)")
        con:execute("INSERT INTO t VALUES ('y', 2)")
        local cur, out = con:execute("SELECT a, b FROM t ORDER BY b"), {}
        local row = cur:fetch({}, "a")
        while row do out[#out + 1] = row.a .. row.b row = cur:fetch(row, "a") end
        cur:close() con:close() env:close()
        return table.concat(out, " ")
    }, qr/^x1(?:\.0)? y2(?:\.0)?$/],
);
my $version = ours ? '5.4' : '5.3';
my (@rows, @missing);
for my $name (sort keys %MODULES) {
    my ($file, $script, $expected) = @{ $MODULES{$name} };
    if (glob "/usr/lib/*/lua/$version/$file") { push @rows, [$name, $script, $expected], ["$name again", $script, $expected] }
    else                                      { push @missing, $name }
}
SKIP: { skip "$_ is not installed for Lua $version", 1 for @missing }
test_rows([
    @rows,
    ['a C module that is none', 'local ok, e = pcall(require, "no_such_c_module") return ok, e:match("no_such_c_module%.so") ~= nil', 'false|true'],
], config => "LuaScope server 1 4\n");

done_testing;
