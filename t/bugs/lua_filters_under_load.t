# Lua filters in LuaScope thread and server, many requests at once: the child process ended, or output was lost.
use lib 't/lib';
use TestHttpd::Lua;

my $FILTER = <<'L';
function number(r)
  local n = 0
  coroutine.yield("<")
  while bucket do n = n + #bucket coroutine.yield(bucket:upper()) end
  coroutine.yield(("> %d"):format(n))
end
L
my $conf = "LuaOutputFilter number filters.lua number\n";
$conf .= qq(Alias /$_ "\@root\@/htdocs"\n<Location /$_>\n    LuaScope $_ ) . ($_ eq 'server' ? '1 4' : '') . "\n    SetOutputFilter number\n</Location>\n" for qw(thread server once);
my $want = '<' . 'SOME TEXT ' x 100 . '> 1000';

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'filters.lua' => $FILTER }, files => { 'htdocs/a.txt' => 'some text ' x 100 }, config => $conf);
    for my $scope (qw(once thread server)) {
        my @got = $s->parallel(8, sub {
            my $client = $s->client;
            my $bad = 0;
            for (1 .. soak(200, 5000)) { last if $client->get("/$scope/a.txt")->{content} ne $want && ++$bad > 2 }
            return $bad;
        });
        is_deeply \@got, [ ([0]) x 8 ], "$scope: every answer is whole";
    }
});

done_testing;
