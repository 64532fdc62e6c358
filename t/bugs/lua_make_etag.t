# r:make_etag always failed: it asked for a number and a boolean in one argument.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['strong',               'return r:make_etag(false)', qr/^"[^"]+"$/],
    ['weak',                 'return r:make_etag(true)', qr/^W\/"[^"]+"$/],
    ['as the manual has it', 'return r:make_etag()', qr/^"[^"]+"$/],
], ready => sub { utime 1_000_000_000, 1_000_000_000, glob $_[0]->root . '/htdocs/rows/*' });

done_testing;
