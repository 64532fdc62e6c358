# r:state_query, as the manual writes it, failed: mod_lua takes it only without the request.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['as a method',   'return r:state_query(0), r:state_query(1)', '5|2'],
    ['as a function', 'return r.state_query(0), r.state_query(1)', '5|2'],
]);

done_testing;
