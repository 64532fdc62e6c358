# The Lua part of the harness: what a row becomes, how values are shown, and that it fails a row that should fail.
use lib 't/lib';
use TestHttpd::Lua;

like TestHttpd::Lua::script("x = 1\nfunction handle(r) end"), qr/^x = 1\nfunction handle\(r\) end\n/, 'a text with a handler keeps its lines';
like TestHttpd::Lua::script('return 1'), qr/^function handle\(r\).*return 1\n/, 'another becomes one, on its first line';
is ours, $ENV{LUA_SO} && $ENV{LUA_SO} =~ m{/mod_lua\.so$} ? '' : 1, 'ours says which module is tested';

my @values = (
    ['a text', 'return "a|b"', 'a|b'], ['nothing', 'local x = 1', ''], ['nil', 'return nil', 'nil'], ['several', 'return 1, nil, "x"', '1|nil|x'],
    ['numbers', 'return 1, 1.0, 1.5, -2, 1e15', '1|1|1.5|-2|1000000000000000'], ['true and false', 'return true, false', 'true|false'],
    ['a table', 'return { b = 1, a = { 5, 6 } }', '{a={1=5 2=6} b=1}'], ['functions', 'return print', 'function'], ['a body that writes', 'r:puts("written")', 'written'],
);
test_rows(\@values, mpms => ['event'], ready => sub { is scalar(glob $_[0]->root . '/lua'), $_[0]->root . '/lua', 'LuaRoot is there' });

# Rows that should fail, in a process of their own.
my $out = `$^X -It/lib -e 'use TestHttpd::Lua; test_rows([["wrong content", "return 1", "2"], ["wrong status", "return 1", "1", status => 404], ["wrong header", "return 1", "1", header => { "x-a" => 1 }], ["right", "return 1", qr/1/]], mpms => ["event"]); done_testing' 2>&1`;
like $out, qr/not ok \d+ - $_/, "$_ is seen" for 'wrong content', 'wrong status', 'wrong header';
like $out, qr/\bok \d+ - right/, 'and what is right';

done_testing;
