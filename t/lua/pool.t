# LuaInterp*: how many states there are, who waits how long for one, when one is replaced.
use lib 't/lib';
use TestHttpd::Lua;
use Time::HiRes qw(time);

plan(skip_all => 'limits of ours') unless ours;

my %SCRIPTS = ('pool.lua' => <<'L');
mark = tostring({}):match("0x(%x+)")
count = 0
function handle(r)
  count = count + 1
  local file = r.args
  if file then local stop = r:clock() + 20000000 while not io.open(file) and r:clock() < stop do r.usleep(20000) end end
  r:puts(mark, " ", count)
  return apache2.OK
end
L
my $BASE = <<'C';
LuaScope thread
LuaInterpStart 1
LuaInterpMinSpare 1
LuaInterpMaxSpare 1
LuaMapHandler ^/s pool.lua
C
my $n = 0;
# A request whose handler stays in there until `release`.
sub occupied {
    my ($s) = @_;
    my $file   = $s->root . '/var/release' . ++$n;
    my $socket = $s->socket;
    print {$socket} "GET /s?$file HTTP/1.0\r\n\r\n";
    return { socket => $socket, file => $file };
}
sub release {
    my ($busy) = @_;
    spew($busy->{file}, '');
    like TestHttpd::Client::read_all($busy->{socket}, 10), qr/200 OK/, '  the one that ran on is answered';
}

my $s = TestHttpd::Lua->start(mpm => 'event', scripts => \%SCRIPTS, config => "LuaInterpMax 1\nLuaInterpMaxWait 300ms\nServerLimit 1\n$BASE");
is join(' ', map { $s->get('/s')->{content} =~ / (\d+)/ } 1 .. 3), '1 2 3', 'one state serves one request after the other';
my $busy = occupied($s);
my $got;
ok wait_until(sub { $got = $s->get('/s'); $got->{status} == 503 }, 20), 'with the only one busy a request is turned away';
ok $got->{headers}{'retry-after'}, '  and told when to come again';
$s->log_like(qr/LuaInterpMaxWait: no interpreter of the main server came free in 300ms; "LuaInterpMax \d" \(now 1\) would have avoided it/, '  the log names the directive, and the value that would have helped');
release($busy);
is $s->get('/s')->{status}, 200, '  then it serves again';
$s->stop;

$s = TestHttpd::Lua->start(mpm => 'event', scripts => \%SCRIPTS, config => "ServerLimit 1\n$BASE");
my @busy = map { occupied($s) } 1 .. 6;
ok wait_until(sub { $s->get('/s')->{status} == 200 }, 20), 'without LuaInterpMax there is one for each request';
release($_) for @busy;
$s->stop;

$s = TestHttpd::Lua->start(mpm => 'event', scripts => \%SCRIPTS, config => "LuaInterpMax 1\nLuaInterpMaxRequests 5\nServerLimit 1\n$BASE");
my %marks;
ok wait_until(sub { $marks{ (split ' ', $s->get('/s')->{content})[0] }++; keys %marks > 2 }, 10), 'LuaInterpMaxRequests: a state is replaced when it is used up';
$s->stop;

$s = TestHttpd::Lua->start(mpm => 'event', scripts => \%SCRIPTS, config => "LuaInterpMax 1\nServerLimit 1\n$BASE" . <<'C');
<VirtualHost 127.0.0.1:@port@>
    ServerName main
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName own
    LuaOptions +Clone
    LuaInterpMax 1
    LuaInterpMaxWait 150ms
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName off
    LuaOptions -Enable
</VirtualHost>
C
$busy = occupied($s);
is $s->get('/s', Host => 'own')->{status}, 200, 'a virtual host with states of its own is served while that of the server is busy';
is $s->get('/s', Host => 'off')->{status}, 404, 'where Lua is switched off nothing of it runs';
release($busy);

done_testing;
