# Many requests in one process: what each leaves behind, beside a handler in C; and a filter under load.
# The process gives free memory back before it is measured. The slope is judged under `make soak` only.
# With LUA_SO=.../mod_lua.so: what mod_lua leaves.
use lib 't/lib';
use TestHttpd::Lua;
use Time::HiRes qw(time);

my $FIRST = soak(500,  50_000);
my $LAST  = soak(2500, 250_000);
my $FILTERED = soak(1000, 100_000);
my $SCRIPT = <<'L';
function handle(r)
  r.content_type = "text/plain"
  r:write("Hello, World!")
  return apache2.OK
end
function upper(r)
  coroutine.yield()
  while bucket do coroutine.yield(bucket:upper()) end
end
L
my $CONF = <<'C';
ServerLimit 1
StartServers 1
ThreadLimit 32
ThreadsPerChild 32
MaxRequestWorkers 32
MinSpareThreads 1
MaxSpareThreads 32
LuaInterpStart 2
LuaInterpMax 2
LuaInterpMaxSpare 2
MaxKeepAliveRequests 0
<Location /c-hello>
    SetHandler c-hello
</Location>
<Location /trim>
    SetHandler c-trim
</Location>
LuaMapHandler ^/once$ hello.lua
LuaMapHandler ^/thread$ hello.lua
<Location /thread>
    LuaScope thread
</Location>
LuaOutputFilter upper hello.lua upper
<Location /upper>
    SetOutputFilter upper
</Location>
<Location /upper/thread.txt>
    LuaScope thread
</Location>
C
# 100 bytes a line, the last of which ends the answer.
my $TEXT = ('some text in lower case. ' x 4) x 1000 . "the end\n";
$CONF =~ s/^LuaInterp.*\n//mg unless ours;
my %files = map { ("htdocs/upper/$_.txt" => $TEXT) } qw(once thread);

# $n requests on 16 connections, four at a time on each. Returns how many answers had another status than 200, or the error of
# the client, and how many answers ended with $mark. One process, or the client would take more of the machine than the server.
sub load {
    my ($s, $path, $mark, $n) = @_;
    my ($done) = $s->parallel(1, sub {
        my $select = IO::Select->new;
        my ($sent, $bad, $whole, %rest, %open) = (0, 0, 0);
        my $request = "GET $path HTTP/1.1\r\nHost: x\r\n\r\n";
        # httpd may close what it keeps alive, when it is busy: what is not answered is asked again.
        my $again = sub {
            my ($socket) = @_;
            $select->remove($socket);
            $sent -= delete $open{$socket};
            close $socket;
            $socket = $s->socket;
            $select->add($socket);
            return $socket;
        };
        my $ask = sub {
            my ($socket) = @_;
            my $many = $n - $sent < 4 ? $n - $sent : 4;
            return $select->remove($socket) unless $many;
            $sent += $many;
            $open{$socket} = $many;
            $rest{$socket} = '';
            syswrite $socket, $request x $many;
        };
        for (1 .. 16) { my $socket = $s->socket; $select->add($socket); $ask->($socket) }
        my $end = time + 1200;
        while ($whole < $n && time < $end && $select->count) {
            for my $socket ($select->can_read(5)) {
                my $read = sysread $socket, my $piece, 262_144;
                $ask->($again->($socket)), next unless $read;
                my $text = $rest{$socket} . $piece;
                my $at = 0;
                while ($text =~ /HTTP\/1\.1 (\d\d\d)|\Q$mark\E/g) {
                    $at = pos $text;
                    if (defined $1) { $bad++ if $1 != 200 }
                    else            { $whole++; $open{$socket}-- }
                }
                $rest{$socket} = length $text > $at + 20 ? substr $text, -20 : substr $text, $at;
                $ask->($socket) unless $open{$socket};
            }
        }
        return ($bad, $whole);
    });
    return ref $done ? @$done : ($done, 0);
}

sub slope {
    my @points = @_;
    my ($n, $x, $y, $xx, $xy) = (scalar @points, 0, 0, 0, 0);
    for (@points) { $x += $_->[0]; $y += $_->[1]; $xx += $_->[0] ** 2; $xy += $_->[0] * $_->[1] }
    return ($n * $xy - $x * $y) / ($n * $xx - $x ** 2);
}

my %slope;
for my $path (qw(c-hello once thread)) {
    my $s = TestHttpd::Lua->start(mpm => 'event', config => $CONF, scripts => { 'hello.lua' => $SCRIPT }, c_module => 't/c/mod_memory_test.c', env => { MALLOC_ARENA_MAX => 1 });
    my ($pid) = $s->child_pids;
    my ($done, $good, @readings) = (0, 0);
    my $step = ($LAST - $FIRST) / 4;
    for my $at (map { $FIRST + $step * $_ } 0 .. 4) {
        my ($bad, $whole) = load($s, "/$path", 'Hello, World!', $at - $done);
        is $bad, 0, "$path: every answer is right";
        $good += $whole;
        $done = $at;
        is $s->get('/trim')->{content}, 'trimmed', "$path: after $done";
        push @readings, [$done, $s->private_memory($pid)];
    }
    is $good, $LAST, "$path: $LAST requests";
    is_deeply [$s->child_pids], [$pid], "$path: in one process";
    $slope{$path} = slope(@readings);
    note sprintf '%s: %s kB; %.2f bytes a request', $path, join(' ', map { $_->[1] / 1024 } @readings), $slope{$path};
    cmp_ok $slope{$path}, '<=', ($slope{'c-hello'} > 0 ? $slope{'c-hello'} : 0) + 0.5, "$path: leaves no more than C" if $ENV{SOAK} && ours && $path ne 'c-hello';
    $s->stop;
}

for my $scope (qw(once thread)) {
    my $s = TestHttpd::Lua->start(mpm => 'event', config => $CONF, scripts => { 'hello.lua' => $SCRIPT }, files => \%files, c_module => 't/c/mod_memory_test.c');
    my ($pid) = $s->child_pids;
    my $started = time;
    my ($bad, $whole) = load($s, "/upper/$scope.txt", 'THE END', $FILTERED);
    is "$bad $whole", "0 $FILTERED", "filter, $scope: $FILTERED answers on 16 connections are whole";
    note sprintf '%.1f s', time - $started;
    is_deeply [$s->child_pids], [$pid], "filter, $scope: by one process";
    is $s->get("/upper/$scope.txt")->{content}, uc $TEXT, "filter, $scope: and the next";
    $s->stop;
}

done_testing;
