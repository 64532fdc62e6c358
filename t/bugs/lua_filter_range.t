# Ranges of a page that a Lua filter changes. httpd's own filter of ranges leaves the chain when it sees that an answer comes in pieces; the
# last piece was passed to it all the same, which cut the range out of that.
use lib 't/lib';
use TestHttpd::Lua;

my $tail = '<the tail of the page>';
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, files => { 'htdocs/t/short.txt' => 'x' x 1000, 'htdocs/t/long.txt' => 'x' x 100_000, 'htdocs/t/huge.txt' => 'x' x 1_000_000 },
        scripts => { 'tail.lua' => <<"L" }, config => <<'C');
function f(r)
  coroutine.yield()
  while bucket do coroutine.yield(bucket) end
  coroutine.yield("$tail")
end
L
LuaOutputFilter tail "@lua@/tail.lua" f
<Location /t>
    SetOutputFilter tail
</Location>
C
    for my $file (['short', 1000], ['long', 100_000], ['huge', 1_000_000]) {
        my ($name, $size) = @$file;
        my $whole = 'x' x $size . $tail;
        is $s->get("/t/$name.txt")->{content}, $whole, "$name: whole" if $size < 1_000_000;
        for my $range ([6, ''], ['', 4], [0, 0], [100, 200]) {
            my $got  = $s->get("/t/$name.txt", Range => "bytes=$range->[0]-$range->[1]");
            my $want = $range->[0] eq '' ? substr($whole, -4) : $range->[1] eq '' ? substr($whole, 6) : substr($whole, $range->[0], $range->[1] - $range->[0] + 1);
            ok $got->{status} == 206 ? $got->{content} eq $want : $got->{status} == 200 && $got->{content} eq $whole,
                "$name, $range->[0]-$range->[1]: that part, or the whole" or diag "$got->{status}, ", length $got->{content};
        }
    }
});

done_testing;
