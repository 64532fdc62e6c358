# Filters that a script adds with r:add_output_filter: a Lua filter gave no answer at all, DEFLATE did nothing.
use lib 't/lib';
use TestHttpd::Lua;
use Compress::Zlib ();

my $TEXT = 'some text ' x 100;
test_rows([
    ['a Lua filter',       'r:add_output_filter("around") r:puts("page")', '[page]'],
    ['DEFLATE',            qq{r:add_output_filter("DEFLATE") r:puts("$TEXT")}, sub {
        my ($answer) = @_;
        is $answer->{headers}{'content-encoding'}, 'gzip', 'DEFLATE: the header';
        is Compress::Zlib::memGunzip($answer->{content}), $TEXT, 'DEFLATE: the content';
    }, headers => { 'Accept-Encoding' => 'gzip' }],
    ['both',               qq{r:add_output_filter("around") r:add_output_filter("DEFLATE") r:puts("$TEXT")}, sub {
        is Compress::Zlib::memGunzip($_[0]{content}), "[$TEXT]", 'both';
    }, headers => { 'Accept-Encoding' => 'gzip' }],
    ['an unknown filter is passed over', 'r:add_output_filter("no_such") r:puts("page")', 'page'],
], load => [qw(filter deflate)], expect => [qr/no_such/], config => "LuaOutputFilter around filters.lua around\n",
    scripts => { 'filters.lua' => 'function around(r) coroutine.yield("[") while bucket do coroutine.yield(bucket) end coroutine.yield("]") end' });

done_testing;
