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
my $version = jit ? '5.1' : ours ? '5.4' : '5.3';
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

# Beside another Lua in the process a module in C would call that one: it is refused, with the file. Pure Lua goes on.
if (ours) {
    my ($other) = grep { -e } map { glob "/usr/lib/*/$_" } qw(liblua5.3.so.0 liblua5.1.so.0 liblua5.2.so.0);
  SKIP: {
        skip 'no other Lua is installed', 1 unless $other;
        my @found = map { [$_, (glob "/usr/lib/*/lua/$version/$MODULES{$_}[0]")[0]] } grep { my $m = $_; !grep { $_ eq $m } @missing } sort keys %MODULES;
        my @refused = map {
            my ($name, $file) = @$_;
            ["$name beside another Lua", qq{local ok, why = pcall(require, "$name") return ok, why:match("C module.*")},
                qr/^false\|C module '[\w.]+' \(\Q$file\E\) is refused: it would call the Lua of \S*liblua5\.\d\S*, while this one runs that of \S*liblua\S*$/];
        } grep { $_->[0] ne 'socket' } @found;      # a module in Lua, which asks for one in C
        my @rows = (@refused,
            ['socket beside another Lua', 'local ok, why = pcall(require, "socket") return ok, why:match("C module \'socket%.core\'") ~= nil', (grep { $_->[0] eq 'socket' } @found) ? 'false|true' : undef],
            ['loadlib beside another Lua', qq{return pcall(package.loadlib, "$other", "*")}, qr/^false\|package\.loadlib is refused: /],
            ['a module in Lua beside another Lua', 'return require("pure").n', '7'],
            ['a script beside another Lua', 'return ("x"):rep(3)', 'xxx'],
        );
        @rows = grep { defined $_->[2] } @rows;
        # Its functions have no versions: those of a Lua that is there first stand in for them.
        if (jit) {
            my ($status, $log) = BesideAnother->start_fails(mpm => 'event', other => $other);
            isnt $status, 0, 'LuaJIT does not start beside another Lua';
            like $log, qr/\Q$other\E\S* is in the process and stands in for LuaJIT/, '  and says which';
            @rows = ();
        }
        for my $mpm (grep { @rows && (!$ENV{T_MPM} || $ENV{T_MPM} =~ /\b$_\b/) } qw(event prefork)) {
            subtest "$mpm, with $other" => sub {
                my $s = BesideAnother->start(mpm => $mpm, rows => \@rows, files => { 'htdocs/rows/pure.lua' => "return { n = 7 }\n" }, other => $other);
                run_rows($s, \@rows);
                $s->stop;
                done_testing();
            };
        }
    }
}

{

    package BesideAnother;
    our @ISA;
    BEGIN { @ISA = ('TestHttpd::Lua') }
    sub module_lines { my ($self) = @_; return qq(LoadFile "$self->{opt}{other}"\n) . $self->SUPER::module_lines }
}

done_testing;
