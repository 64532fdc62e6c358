# LuaScope once|request|conn|thread|server [min [max]]: how long the globals of a script live. One process with one
# thread or many; a script counts in a global.
use lib 't/lib';
use TestHttpd::Lua;

my $COUNT = <<'L';
loads = (loads or 0) + 1
id = tostring({})
function bump(r) n = (n or 0) + 1 return apache2.DECLINED end
function handle(r)
  n = (n or 0) + 1
  r:puts(("%d"):format(n))
  return apache2.OK
end
function slow(r)
  n = (n or 0) + 1
  local mine = n
  for i = 1, 200 do r.usleep(500) end
  r:puts(n == mine and "alone " or "disturbed ", id)
  return apache2.OK
end
function kept(r)
  old = old or r
  local ok, message = pcall(function() return old.uri end)
  r:puts(old == r and "new" or ok and "alive" or "gone")
  return apache2.OK
end
L
# scope, counts of three requests on one connection, and of three connections
my @ROWS = (
    ['once',       '1 1 1', '1 1 1'],
    ['request',    '1 1 1', '1 1 1'],
    ['conn',       '1 2 3', '1 1 1'],
    ['thread',     '1 2 3', '4 5 6'],
    ['server',     '1 2 3', '4 5 6'],
    ['server 1 1', '1 2 3', '4 5 6'],
    ['server 1 4', '1 2 3', '4 5 6'],
);
my ($conf, %scripts) = ('');
for my $i (0 .. $#ROWS) {
    $scripts{"$_$i.lua"} = $COUNT for qw(count other hook kept);
    $conf .= <<C;
LuaMapHandler ^/count$i\$ count$i.lua
LuaMapHandler ^/other$i\$ other$i.lua
LuaMapHandler ^/hook$i\$ hook$i.lua
LuaMapHandler ^/kept$i\$ kept$i.lua kept
<Location ~ ^/(count|other|hook|kept)$i\$>
    LuaScope $ROWS[$i][0]
</Location>
<Location ~ ^/hook$i\$>
    LuaHookFixups hook$i.lua bump
    LuaHookAccessChecker hook$i.lua bump
</Location>
C
}
my %ONE = (event => "ServerLimit 1\nStartServers 1\nThreadLimit 1\nThreadsPerChild 1\nMinSpareThreads 1\nMaxSpareThreads 1\nMaxRequestWorkers 1\n",
    prefork => "ServerLimit 1\nStartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n");
$ONE{worker} = $ONE{event};

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $ONE{$mpm} . $conf, scripts => \%scripts);
    $s->expect_log(qr/AH00484|AH00161|AH00286/);        # one worker is meant
    for my $i (0 .. $#ROWS) {
        my ($scope, $kept, $apart) = @{ $ROWS[$i] };
        # In one packet: with its one worker busy httpd closes what is kept alive.
        my $got = $s->raw("GET /count$i HTTP/1.1\r\nHost: x\r\n\r\n" x 2 . "GET /count$i HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        is join(' ', $got =~ /\r\n\r\n(\d+)/g), $kept, "$scope: on one connection";
        is join(' ', map { $s->get("/count$i")->{content} } 1 .. 3), $apart, "$scope: on three";
        is $s->get("/other$i")->{content}, 1, "$scope: another script has its own globals";
        is $s->get("/hook$i")->{content}, $scope eq 'once' ? 1 : 3, "$scope: hooks and handler of one request" . ($scope eq 'once' ? ' share none' : ' share them');
        next unless ours;       # mod_lua then uses memory that is given back
        $got = $s->raw("GET /kept$i HTTP/1.1\r\nHost: x\r\n\r\nGET /kept$i HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        like $got, qr/\r\n\r\nnew.*\r\n\r\n(?:new|gone)$/s, "$scope: a request kept in a global is gone in the next one";
    }
});

# Many threads, one process: a state serves one request at a time, and there are no more than max of them.
my %many = map { ("$_.lua" => $COUNT) } qw(s1 s3 t o);
for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%many, config => <<'C');
ServerLimit 1
StartServers 1
LuaMapHandler ^/s1$ s1.lua slow
LuaMapHandler ^/s3$ s3.lua slow
LuaMapHandler ^/t$ t.lua slow
LuaMapHandler ^/o$ o.lua slow
<Location /s1>
    LuaScope server 1 1
</Location>
<Location /s3>
    LuaScope server 1 3
</Location>
<Location /t>
    LuaScope thread
</Location>
C
    for my $case (['s1', 1], ['s3', 3], ['t', 16], ['o', 24]) {
        my ($path, $max) = @$case;
        my @got = map { ref $_ ? @$_ : $_ } $s->parallel(8, sub { map { $s->get("/$path")->{content} } 1 .. 3 });
        is scalar(grep { /^alone / } @got), 24, "$path: a state is not used by two at a time";
        my %ids = map { $_ => 1 } @got;
        cmp_ok scalar(keys %ids), '<=', $max, "$path: at most $max states" unless $path ne 'o' && ours;     # ours keeps globals with each pooled state, of which LuaInterpMax says how many there are
    }
});

done_testing;
