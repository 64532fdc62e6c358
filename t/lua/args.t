# r.args and r:parseargs(): what stands behind the question mark. The first table has one value for each name, the second
# a list of all.
use lib 't/lib';
use TestHttpd::Lua;

my $ALL   = 'return r:parseargs()';
my $FIRST = 'return (r:parseargs())';
my $MANY  = 'of several values only the last is kept, also in the second table';
test_rows([
    ['no query',                     $ALL,   '{}|{}'],
    ['an empty query',               $ALL,   '{}|{}', query => ''],
    ['one pair',                     $ALL,   '{a=1}|{a={1=1}}', query => 'a=1'],
    ['several pairs',                $ALL,   '{a=1 b=2}|{a={1=1} b={1=2}}', query => 'a=1&b=2'],
    ['a name several times',         'local _, all = r:parseargs() return all', '{a={1=1 2=2 3=3} b={1=x}}', query => 'a=1&a=2&b=x&a=3', wrong => $MANY],
    ['in the first table its last',  $FIRST, '{a=3}', query => 'a=1&a=2&a=3'],
    ['names that differ in case',    'local _, all = r:parseargs() return all.Name or all.name', qr/^\{1=1(?: 2=2)?\}$/, query => 'Name=1&name=2', wrong => $MANY],
    ['an empty value',               $FIRST, '{a= b=2}', query => 'a=&b=2'],
    ['a value that has =',           $FIRST, '{a=b=c}', query => 'a=b=c'],
    ['plus stays plus',              $FIRST, '{a=x+y}', query => 'a=x+y'],
    ['percent codes',                $FIRST, "{a=\xc3\xa4&=}", query => 'a=%c3%a4%26%3D'],
    ['in names too',                 $FIRST, '{a b=1}', query => 'a%20b=1'],
    ['a broken percent code is left alone or taken for text', $FIRST, qr/^\{a=%?zz\}$|^\{a=\}$|^\{\}$|^\{a=%zz\}$/, query => 'a=%zz'],
    ['args is as it was sent',       'return r.args', 'a=%41+b&c', query => 'a=%41+b&c'],
    ['args without a query is nil',  'return r.args', 'nil'],
    ['args can be set',              'r.args = "x=1&y=2" return r.args, (r:parseargs())', 'x=1&y=2|{x=1 y=2}', query => 'a=1'],
    ['the uri does not have it',     'return r.uri:match("%?"), r.unparsed_uri:match("%?.*")', 'nil|?a=1', query => 'a=1'],
    ['a hundred names',              'local n = 0 for k, v in pairs((r:parseargs())) do n = n + (k == "k" .. v and 1 or 0) end return n', '100',
                                     query => join '&', map { "k$_=$_" } 1 .. 100],
    ['a long value',                 'return #r:parseargs().a', '4000', query => 'a=' . 'x' x 4000],
    ['parseargs twice is the same',  'r:parseargs() return (r:parseargs())', '{a=1}', query => 'a=1'],
    ['post with a query',            'return (r:parseargs()), (r:parsebody())', '{a=1}|{b=2}', query => 'a=1', body => 'b=2'],
]);

done_testing;
