# Processes: signals to the server and its children while handlers run, restarts under load, programs that a handler starts, and
# `httpd -t`. Longer under `make soak`.
use lib 't/lib';
use TestHttpd::Lua;
use IO::Socket::INET ();
use POSIX ();
use Time::HiRes qw(time sleep);

plan(skip_all => 'mod_lua ends by some of these') unless ours;

my $TIMES    = soak(3, 100);
my $RESTARTS = soak(4, 100);
my %SCRIPTS  = ('busy.lua' => <<'L', 'program.lua' => <<'L');
require "apache2"
function note(...)
  local f = io.open("@var@/trace", "a")
  f:write(table.concat({...}, " "), "\n")
  f:close()
end
function busy(r)
  local how = r.args or "nap"
  note("in", how)
  local stop = r:clock() + (how == "nap" and 700000 or 20000000)
  if how == "nap" or how == "sleep" then while r:clock() < stop do r.usleep(100000) end end
  if how == "loop" then local i = 0 while true do i = i + 1 if i % 1000000 == 0 and r:clock() > stop then break end end end
  if how == "allocate" then local t = {} while r:clock() < stop do t[#t + 1] = ("x"):rep(1000) .. #t if #t > 10000 then t = {} end end end
  if how == "write" then while r:clock() < stop do r:puts(("x"):rep(10000)) r:flush() end end
  if how == "program" then os.execute("sleep 1") end
  r:puts("done")
  return apache2.OK
end
function hello(r) r:puts("hello") return apache2.OK end
function short(r) r.usleep(20000) r:puts("short") return apache2.OK end
L
require "apache2"
local function ended(ok, how, n) return tostring(ok) .. (how and " " .. how or "") .. (n and (" %d"):format(n) or "") end
function reads(r) local p = io.popen("echo from the program; exit 3") local text = p:read("*a") r:puts(text:gsub("\n", ""), " ", ended(p:close())) return apache2.OK end
function writes(r) local name = "@var@/written" local p = io.popen("cat > " .. name, "w") p:write("to the program") p:close() local f = io.open(name) r:puts((f:read("*a"))) f:close() return apache2.OK end
function runs(r) r:puts(ended(os.execute("exit 5"))) return apache2.OK end
function signal(r) r:puts(ended(os.execute("kill -TERM $$"))) return apache2.OK end
function none(r) r:puts(ended(os.execute("/no/such/program 2>/dev/null"))) return apache2.OK end
function unclosed(r) left = left or {} left[#left + 1] = io.popen("true") r:puts("left") return apache2.OK end
function collected(r) io.popen("true") collectgarbage() r:puts("collected") return apache2.OK end
function fails(r) local p = io.popen("echo x") p:read("*a") error("with a program open") end
function stays(r) os.execute("sleep 30 >/dev/null 2>&1 & echo $! > @var@/stays") r:puts("stays") return apache2.OK end
function mine(r)
  local p = io.popen("ls -l /proc/self/fd")
  r:puts(p:read("*a"))
  p:close()
  return apache2.OK
end
L
my $CONF = <<'C';
<IfModule !mpm_prefork_module>
    ThreadsPerChild 32
    MaxRequestWorkers 32
</IfModule>
<IfModule mpm_prefork_module>
    ServerLimit 32
    MaxRequestWorkers 32
    StartServers 12
</IfModule>
GracefulShutdownTimeout 5
LuaMapHandler ^/(busy|hello|short)$ busy.lua $1
LuaMapHandler ^/program/(\w+) program.lua $1
C

# Opens that many requests that stay in their handler.
sub occupy {
    my ($s, $how, $n) = @_;
    $s->trace;
    my @sockets = map { my $socket = $s->socket; print {$socket} "GET /busy?$how HTTP/1.0\r\n\r\n"; $socket } 1 .. $n;
    my $in = 0;
    wait_until(sub { $in += grep { $_ eq "in $how" } $s->trace; $in >= $n }, 30) or fail "only $in of $n handlers run";
    return @sockets;
}

# Threads cannot be ended: event waits for a handler that naps.
my %tries = (event => [qw(nap program)], prefork => [qw(sleep loop allocate write program)]);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for my $how (@{ $tries{$mpm} }) {
        my $slowest = 0;
        for my $i (1 .. $TIMES) {
            my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, scripts => \%SCRIPTS);
            $s->expect_log(qr/AH00045|AH00046|AH00047|still did not exit|is left|in use/);
            my @sockets = occupy($s, $how, $how =~ /loop|allocate|write/ ? 3 : 8);
            my $started = time;
            kill TERM => $s->pid;
            my $ended = $s->wait_ended(30);
            $slowest = time - $started if time - $started > $slowest;
            wait_until(sub { !$s->group_pids }, 5) if $how eq 'program';        # the shell that was started
            if (!$ended || $s->unexpected || $s->group_pids || $i == $TIMES) {
                ok $ended, "$how, SIGTERM to the parent: ends";
                $s->stop;
            }
            else { $s->discard }
        }
        note sprintf "%s %s: %d times, slowest %.2f s", $mpm, $how, $TIMES, $slowest;
        cmp_ok $slowest, '<', 10, "$how: no hang";          # after 10 s httpd would kill
    }
});

# Restarts under load: a graceful one fails no request, SIGHUP may cut those that run; both leave a server that serves.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, scripts => \%SCRIPTS);
    my @failures = map { $s->root . "/var/failures$_" } 1 .. 3;
    my @clients  = map {
        my $file = $_;
        $s->background(sub {
            $SIG{TERM} = sub { POSIX::_exit(0) };
            while (1) {
                my $answer = $s->get('/short');
                next if $answer->{status} == 200 && $answer->{content} eq 'short';
                open my $fh, '>>', $file;
                print {$fh} "$answer->{status} $answer->{content}\n";
                close $fh;
            }
        });
    } @failures;
    my $whole = 0;
    for (1 .. $RESTARTS) {
        my @sockets = occupy($s, 'nap', 3);
        $s->graceful;
        is $s->get('/hello')->{content}, 'hello', 'a graceful restart under load: serves' if $_ == 1;
        $whole += grep { TestHttpd::Client::read_all($_, 30) =~ /done$/ } @sockets;
    }
    is $whole, 3 * $RESTARTS, "$RESTARTS graceful restarts: handlers that ran then have ended in their own time";
    kill TERM => @clients;
    waitpid $_, 0 for @clients;
    is join('', map { slurp($_) } @failures), '', '  and no request has failed';
    $s->expect_log(qr/AH00045|AH00046|AH00047|still did not exit|is left|in use/);
    for (1 .. $RESTARTS / 2) {
        my @sockets = occupy($s, 'nap', 3);
        $s->restart;
        is $s->get('/hello')->{content}, 'hello', 'SIGHUP while handlers run: serves' if $_ == 1;
    }
    my ($old) = my @children = $s->child_pids;
    if ($mpm eq 'prefork') {
        my @sockets = occupy($s, 'sleep', 3);
        kill TERM => @children;
        ok wait_until(sub { my %now = map { $_ => 1 } $s->child_pids; !grep { $now{$_} } @children }, 30), 'SIGTERM to the children during sleeping handlers: they end';
        ok wait_until(sub { $s->get('/hello')->{status} == 200 }, 30), '  and others serve';
    }
});

# Programs that a handler starts. LuaJIT says how they ended as Lua 5.1 does.
my @PROGRAMS = (
    [reads => jit ? 'from the program true' : 'from the program nil exit 3'], [writes => 'to the program'], [runs => jit ? 5 << 8 : 'nil exit 5'],
    [signal => jit ? 15 : 'nil signal 15'], [none => jit ? 127 << 8 : 'nil exit 127'], [unclosed => 'left'], [collected => 'collected'],
);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, scripts => \%SCRIPTS);
    for my $round (1, 2) {
        # Threads of event have signals blocked, and so has what they start, with mod_lua as well.
        is $s->get("/program/$_->[0]")->{content}, $_->[1], "$_->[0]" for grep { $_->[0] ne 'signal' || $mpm eq 'prefork' } @PROGRAMS;
    }
    is $s->get('/program/fails')->{status}, 500, 'an error with a program open';
    $s->log_like(qr/with a program open/, '  in the log');
    my @got = map { ref $_ ? @$_ : $_ } $s->parallel(6, sub { map { $s->get('/program/reads')->{content} } 1 .. 10 });
    is scalar(grep { $_ eq $PROGRAMS[0][1] } @got), 60, 'sixty programs from six connections at once';
    my $mine = $s->get('/program/mine')->{content};
    unlike $mine, qr/-> socket:/, 'a program has none of the sockets';
    # A program that outlives the server does not keep its port.
    is $s->get('/program/stays')->{content}, 'stays', 'a program in the background';
    my ($pid) = slurp($s->root . '/var/stays') =~ /(\d+)/;
    $s->terminate;
    ok $s->wait_ended(20), '  the server ends without it';
    ok kill(0 => $pid), '  it runs on';
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $s->port, Proto => 'tcp', ReuseAddr => 1);
    ok $socket, '  and does not keep the port' or diag $!;
    close $socket if $socket;
    kill KILL => $pid;
});

# httpd -t beside a server that runs, on the same files.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %scripts = (%SCRIPTS, 'start.lua' => 'local f = io.open("@var@/started", "a") if f then f:write("x") f:close() end',
        'phases.lua' => join '', map { qq(function $_() local f = io.open("\@var\@/trace", "a") f:write("phase $_\\n") f:close() return apache2.OK end\n) } qw(logs config child gone));
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, config => $CONF . <<'C');
LuaRequire "@lua@/start.lua"
LuaOpenLogsHandler phases.lua:logs
LuaPostConfigHandler phases.lua:config
LuaChildInitHandler phases.lua:child
LuaChildExitHandler phases.lua:gone
# No child starts or ends later by itself.
<IfModule mpm_prefork_module>
    ServerLimit 4
    StartServers 4
    MinSpareServers 1
    MaxSpareServers 4
    MaxRequestWorkers 4
</IfModule>
C
    my $children = $s->is_threaded ? 1 : 4;
    wait_until(sub { (() = slurp($s->root . '/var/trace') =~ /child/g) >= $children });
    my @sockets = occupy($s, 'nap', 2);
    my @children = $s->child_pids;
    my ($log, $pid, $phases, $started) = map { slurp($s->root . "/$_") } qw(error_log run/httpd.pid var/trace var/started);
    my @cmd = ($s->command, '-t');
    my $said = do { local %ENV = $s->environment; my $quoted = join ' ', map { "'$_'" } @cmd; `$quoted 2>&1` };
    is $?, 0, 'httpd -t beside a running server' or diag $said;
    like $said, qr/Syntax OK/, '  says OK';
    is slurp($s->root . '/error_log'), $log, '  writes nothing into the log';
    is slurp($s->root . '/run/httpd.pid'), $pid, '  leaves the pid file';
    is slurp($s->root . '/var/trace'), $phases, '  runs no phase';
    is slurp($s->root . '/var/started'), "${started}x", '  runs the start-up code, once';
    is_deeply [$s->child_pids], \@children, '  and the children are the same' if $mpm eq 'event';
    is scalar(grep { TestHttpd::Client::read_all($_, 30) =~ /done$/ } @sockets), 2, '  whose handlers have gone on';
    is $s->get('/hello')->{content}, 'hello', '  and which serve';
});

done_testing;
