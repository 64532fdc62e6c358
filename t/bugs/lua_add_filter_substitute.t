# r:add_output_filter("SUBSTITUTE") ended the child process: mod_lua gives the filter its own state as context.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['SUBSTITUTE added by a script', 'r:add_output_filter("SUBSTITUTE") r:puts("some text\n")', "some word\n"],
    ['and again',                    'r:add_output_filter("SUBSTITUTE") r:puts("more text\n")', "more word\n"],
], load => [qw(filter substitute)], config => "<Location /rows>\n    Substitute s/text/word/\n</Location>\n");

done_testing;
