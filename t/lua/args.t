# r.args, r:parseargs(): what stands behind the question mark.
use lib 't/lib';
use TestHttpd::Lua;

my $ALL = 'return r:parseargs()';
test_rows([
    ['no query',                 $ALL, '{}|{}'],
    ['one pair',                 $ALL, '{a=1}|{a={1=1}}', query => 'a=1'],
    ['several pairs',            $ALL, '{a=1 b=2}|{a={1=1} b={1=2}}', query => 'a=1&b=2'],
]);

done_testing;
