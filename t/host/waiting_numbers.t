# A server whose numbers invite waiting is told so at its start, once, with the number that would not.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'limits of ours' unless ours;

sub told {
    my ($mpm, $config, %opt) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, config => $config, %opt);
    my @told = map { s/.*?((?:Perl|Lua)Interp\w+: )/$1/r } grep { /ThreadsPerChild/ } split /\n/, $s->log;
    $s->stop;
    return @told;
}

my @ROWS = (
    ['nothing written',                      '',                                                    []],
    ['what is usual',                        "ThreadsPerChild 25\nMaxRequestWorkers 25\nPerlInterpMax 5", []],
    ['as many as threads',                   "PerlInterpMax 16\nLuaInterpMax 16",                    []],
    ['PerlInterpMax beside few threads',     "ThreadsPerChild 8\nMaxRequestWorkers 8\nPerlInterpMax 2", [qr/^PerlInterpMax: 2 beside ThreadsPerChild 8: .*"PerlInterpMax 8" would avoid that/]],
    ['LuaInterpMax beside PerlInterpMax',    "LuaInterpMax 3",                                       [qr/^LuaInterpMax: 3 beside PerlInterpMax 5 and ThreadsPerChild 16: .*"LuaInterpMax 16" would avoid that/]],
    ['interpreters that connections keep',   "PerlInterpScope connection",                           [qr/^PerlInterpScope: with "connection" .*"PerlInterpMax 16" would avoid that/]],
    ['the same of Lua, which has no limit',  "LuaInterpScope connection",                            []],
    ['of a virtual host with its own',       "<VirtualHost *:1>\nPerlOptions +Clone\nPerlInterpMax 4\n</VirtualHost>", [qr/^PerlInterpMax: 4 beside ThreadsPerChild 16: /]],
);
for my $row (@ROWS) {
    my ($name, $config, $expected) = @$row;
    my @told = told('event', $config);
    is scalar(@told), scalar(@$expected), "$name: told " . (@$expected ? 'once' : 'nothing') or diag @told;
    like $told[$_] || '', $expected->[$_], '  with the numbers' for 0 .. $#$expected;
}
is_deeply [told('prefork', "PerlInterpMax 2\nPerlInterpScope connection\nLuaInterpMax 1")], [], 'without threads nobody waits';

done_testing;
