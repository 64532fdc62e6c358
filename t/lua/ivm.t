# r:ivm_set(name, value), r:ivm_get(name): strings, numbers and booleans that all states of a process share.
use lib 't/lib';
use TestHttpd::Lua;

my $BACK = sub { qq{r:ivm_set("v", $_[0]) local v = r:ivm_get("v") return type(v), v} };
my @ROWS = (
    ['what was never set is nil',  q{return type((r:ivm_get("never")))}, 'nil'],
    ['a string',                   $BACK->('"text"'),  'string|text'],
    ['an empty string',            $BACK->('""'),      'string|'],
    ['bytes',                      q{r:ivm_set("v", "a\0b") return #r:ivm_get("v")}, '3'],
    ['a longer string in its place', q{r:ivm_set("v", "x") r:ivm_set("v", ("y"):rep(5000)) return #r:ivm_get("v")}, '5000'],
    ['a shorter one',              q{r:ivm_set("v", "long text") r:ivm_set("v", "s") return r:ivm_get("v")}, 's'],
    ['an integer',                 $BACK->('12'),      'number|12'],
    ['a fraction',                 $BACK->('1.5'),     'number|1.5'],
    ['a negative number',          $BACK->('-3'),      'number|-3'],
    ['false',                      $BACK->('false'),   'boolean|false'],
    ['true',                       $BACK->('true'),    'boolean|true', wrong => 'true reads false'],
    ['another type in its place',  q{r:ivm_set("v", "x") r:ivm_set("v", 1) local a = r:ivm_get("v") r:ivm_set("v", "y") return a, r:ivm_get("v")}, '1|y'],
    ['nil takes it away',          q{r:ivm_set("v", 1) r:ivm_set("v", nil) return type((r:ivm_get("v")))}, 'nil', wrong => 'the key itself is given'],
    ['a table is refused',         q{return (pcall(r.ivm_set, r, "v", {}))}, 'false', wrong => 'a table is taken, and reads as something else'],
    ['names are strings',          q{return (pcall(r.ivm_get, r)), (pcall(r.ivm_set, r, "x"))}, 'false|false'],
    ['names do not mix',           q{r:ivm_set("n1", 1) r:ivm_set("n2", 2) return r:ivm_get("n1"), r:ivm_get("n2")}, '1|2'],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $one = $mpm eq 'prefork' ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nServerLimit 1\nMaxRequestWorkers 1\n" : "ServerLimit 1\n";
    my $s = TestHttpd::Lua->start(mpm => $mpm, rows => \@ROWS, config => $one, files => {
        'htdocs/count.lua' => 'function handle(r) local n = (r:ivm_get("count") or 0) + 1 r:ivm_set("count", n) r:puts(("%d"):format(n)) return apache2.OK end',
        'htdocs/other.lua' => 'function handle(r) r:puts(("%d"):format(r:ivm_get("count"))) return apache2.OK end',
        'htdocs/many.lua'  => 'function handle(r) for i = 1, 50 do r:ivm_set("k" .. i, ("v"):rep(i)) end local ok = 0 for i = 1, 50 do if #r:ivm_get("k" .. i) == i then ok = ok + 1 end end r:puts(ok) return apache2.OK end',
    });
    $s->expect_log(qr/AH00161/);        # one worker is meant
    run_rows($s, \@ROWS);
    is join(' ', map { $s->get('/count.lua')->{content} } 1 .. 5), '1 2 3 4 5', 'a value lives from request to request';
    is $s->get('/other.lua')->{content}, '5', 'and is there for another script';
    my @got = $s->parallel(4, sub { map { $s->get('/many.lua')->{content} } 1 .. 10 });
    is_deeply \@got, [ map { [ (50) x 10 ] } 1 .. 4 ], 'many at once';
    $s->graceful;
    # The old process may answer once more.
    ok wait_until(sub { $s->get('/count.lua')->{content} eq '1' }, 10), 'a restart forgets them';
});

done_testing;
