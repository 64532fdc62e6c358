# r:parseargs kept only the last of repeated values, also in the table that is the place for all.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['all of them, in their order', 'local _, all = r:parseargs() return all', '{a={1=1 2=2 3=3} b={1=x}}', query => 'a=1&b=x&a=2&a=3'],
    ['equal ones too',              'local _, all = r:parseargs() return #all.a', '3', query => 'a=1&a=1&a=1'],
    ['empty ones too',              'local _, all = r:parseargs() return all', '{a={1= 2=1 3=}}', query => 'a=&a=1&a='],
]);

done_testing;
