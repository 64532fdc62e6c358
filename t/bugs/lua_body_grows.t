# A request body that grew in an input filter was cut at the length that the client had sent.
use lib 't/lib';
use TestHttpd::Lua;

my $conf = "LuaInputFilter double filters.lua double\nLuaInputFilter tail filters.lua tail\n";
test_rows([
    ['a body twice as long',     'return (r:requestbody())', 'abcabc', body => 'abc', at => '/double/0.lua'],
    ['a large one',              'local b, n = r:requestbody() return #b, n', '400000|400000', body => 'x' x 200_000, at => '/double/1.lua'],
    ['something appended',       'return (r:requestbody())', 'abc+tail', body => 'abc', at => '/tail/2.lua'],
    ['into a file',              'return r:requestbody("@var@/b"), r:stat("@var@/b").size', '8|8', body => 'abc', at => '/tail/3.lua'],
    ['parts',                    'return (r:parsebody(100000))', '{a=1 b=2}', at => '/tail2/4.lua', body => qq(--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n), headers => { 'Content-Type' => 'multipart/form-data; boundary=B' }],
], config => $conf . join('', map { qq(Alias /$_ "\@root\@/htdocs/rows"\n<Location /$_>\n    SetInputFilter $_\n</Location>\n) } qw(double tail tail2)) . "LuaInputFilter tail2 filters.lua tail2\n", scripts => { 'filters.lua' => <<'L' });
function double(r) coroutine.yield() while bucket do coroutine.yield(bucket .. bucket) end end
function tail(r) coroutine.yield() while bucket do coroutine.yield(bucket) end coroutine.yield("+tail") end
function tail2(r) coroutine.yield() while bucket do coroutine.yield(bucket) end coroutine.yield('--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n2\r\n--B--\r\n') end
L

done_testing;
