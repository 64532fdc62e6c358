# r:scoreboard_worker of a slot that does not exist ended the child process.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    map { [ "worker $_", "return (r:scoreboard_worker($_))", 'nil' ] } '100000, 0', '0, 100000', '-1, 0', '0, -1', '2147483647, 2147483647'
]);

done_testing;
