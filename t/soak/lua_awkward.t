# Awkward scripts, all kinds at once, two clients each: no process ends, each answer is the script's own, every line is written, none sees
# what another has left; descriptors, zombies and memory stay. 1,500 requests here, a million under `make soak`.
# Then graceful restarts under them.
use lib 't/lib';
use TestHttpd::Lua;
use POSIX ();
use Storable ();

plan(skip_all => 'a state of its own for each use, by copying: Lua 5.4') if jit || !ours;

my $REQUESTS = $ENV{REQUESTS} || soak(1500, 1_000_000);
my $RESTARTS = $ENV{RESTARTS} || soak(4, 200);
my $SCRIPT = <<'L';
local var = "@var@"
function line(r) local f = io.open(var .. "/lines", "a") f:write("line\n") r:puts("ok") return apache2.OK end
function pipe(r) r:puts(io.popen("echo hi"):read("a")) return apache2.OK end
function gc(r) x = setmetatable({}, { __gc = function() local f = io.open(var .. "/final", "a") f:write("x\n") f:close() end }) r:puts("ok") return apache2.OK end
function rec(r) local function f() return 1 + f() end r:puts(tostring(pcall(f))) return apache2.OK end
function err(r) error({}) end
function coerr(r) coroutine.wrap(function() error("x") end)() end
function exits(r) r:puts("x") for i = 1, 10 do pcall(os.exit, 3) end end
function long(r) local s = ("x"):rep(5000000) r:puts(#s) return apache2.OK end
function tables(r) local t = {} for i = 1, 100000 do t[i] = { i } end collectgarbage() r:puts(#t) return apache2.OK end
function strings(r) for i = 1, 5000 do local s = "string" .. i .. r.useragent_ip end r:puts("ok") return apache2.OK end
function libs(r) string.upper = nil debug.setmetatable(nil, { __index = function() end }) package.loaded.x = {} _G = nil r:puts("ok") return apache2.OK end
function hooks(r) debug.sethook(function() n = 1 end, "l") debug.setupvalue(require, 1, nil) r:puts("ok") return apache2.OK end
function json(r) local c = require("cjson") r:puts(c.encode({ 1, 2, ("x"):rep(3000) })) return apache2.OK end
function notes(r) r:pnotes("a", { 1, { 2 } }) r:puts(r:pnotes("a")[2][1]) return apache2.OK end
function see(r) r:puts(tostring(string.upper ~= nil and package.loaded.x == nil and not pcall(function() return none.x end) and _G ~= nil and debug.gethook() == nil)) return apache2.OK end
L
my %KINDS = (
    line => [200, qr/^ok$/],     pipe => [200, qr/^hi$/],      gc   => [200, qr/^ok$/],       rec  => [200, qr/^false/], err => [500, qr//],
    coerr => [500, qr//],        exits => [200, qr/^x$/],      long => [200, qr/^5000000$/],  tables => [200, qr/^100000$/],
    strings => [200, qr/^ok$/],  libs => [200, qr/^ok$/],      hooks => [200, qr/^ok$/],      json => [200, qr/^\[1,2,"x{3000}"\]$/],
    notes => [200, qr/^2$/],     see => [200, qr/^true$/],
);
# Those that take milliseconds of processor time pause, and leave most of it to the others.
my %IS_SLOW = map { $_ => 1 } qw(rec long tables strings pipe);
# Few keep-alive requests, so that a child of prefork meets all kinds. The log would be 200 MB.
my $COMMON = "LuaMapHandler ^/(\\w+)\$ a.lua \$1\nMaxKeepAliveRequests 20\nLogLevel lua:crit\n";
my %CONF = (
    event   => "ServerLimit 4\nStartServers 1\nThreadLimit 16\nThreadsPerChild 16\nMaxRequestWorkers 16\n",
    prefork => "StartServers 4\nMinSpareServers 4\nMaxSpareServers 4\nServerLimit 4\nMaxRequestWorkers 4\n",
);

# A client may be told to end before it has begun.
my $is_over;

# Asks for one kind, and says on the pipe when it has done so a hundred times, until SIGTERM; what it saw goes to the file.
sub client {
    my ($s, $kind, $tell, $file) = @_;
    my ($socket, %saw);
    while (!$is_over) {
        my $again = $socket ? 1 : 0;
        $socket ||= $s->socket;
        my $got = '';
        syswrite $socket, "GET /$kind HTTP/1.1\r\nHost: localhost\r\n" . ($IS_SLOW{$kind} ? "Connection: close\r\n" : '') . "\r\n";
        until ($got =~ /\r\n\r\n/ && ($got =~ /\r\nContent-Length: (\d+)(?=\r\n).*?\r\n\r\n/s ? length($got) >= $+[0] + $1 : $got =~ /\r\n0\r\n\r\n$/)) {
            my $n = sysread $socket, $got, 65536, length $got;
            next if !defined $n && $!{EINTR};
            last if !$n;
        }
        # A connection that was kept may be closed instead of served.
        if ($got eq '' && $again) { undef $socket; next }
        undef $socket if $got !~ /\A.*?\r\n\r\n/s || $& =~ /^Connection: close\r$/m;
        my ($head, $body) = split /\r\n\r\n/, $got, 2;
        $saw{$kind}++;
        my ($status, $content) = @{ $KINDS{$kind} };
        push @{ $saw{wrong} }, "$kind: $got" unless $got =~ m{^HTTP/1.1 $status } && $body =~ $content;
        syswrite $tell, '.' if $saw{$kind} % 100 == 0;
        select undef, undef, undef, 0.3 if $IS_SLOW{$kind};
    }
    Storable::store(\%saw, $file);
    POSIX::_exit(0);
}

# Two clients for each kind, until `goes_on`, called with the number of answers now and then, is false. Returns how often each kind was
# answered, and the wrong answers.
sub load {
    my ($s, $goes_on) = @_;
    pipe my $told, my $tell or die "pipe: $!";
    my %file = map { ("$_ 1" => 1, "$_ 2" => 1) } keys %KINDS;
    $file{$_} = $s->root . "/var/saw $_" for keys %file;
    local $SIG{TERM} = sub { $is_over = 1 };
    my @clients = map { my ($kind) = split ' '; my $file = $file{$_}; $s->background(sub { client($s, $kind, $tell, $file) }) } sort keys %file;
    close $tell;
    my $requests = 0;
    while ($goes_on->($requests)) {
        last unless my $n = sysread $told, my $dots, 4096;
        $requests += 100 * $n;
    }
    kill TERM => @clients;
    waitpid $_, 0 for @clients;
    my (%sum, @wrong);
    for my $saw (map { Storable::retrieve($_) } values %file) {
        push @wrong, @{ delete $saw->{wrong} || [] };
        $sum{$_} += $saw->{$_} for keys %$saw;
    }
    note join ', ', map { "$_ $sum{$_}" } sort keys %sum;
    $#wrong = 4 if @wrong > 5;
    return (\%sum, \@wrong);
}

# What there is of the server: descriptors, zombies, and resident memory of each child.
sub sample {
    my ($s, $requests) = @_;
    my @children = sort { $a <=> $b } $s->child_pids;
    my %ours = map { $_ => 1 } @children;
    my $zombies = grep { (eval { TestHttpd::slurp($_) } || '') =~ /\) Z (\d+) / && $ours{$1} } glob '/proc/[0-9]*/stat';
    my @rss = map { TestHttpd::slurp("/proc/$_/status") =~ /VmRSS:\s+(\d+)/ ? int $1 / 1024 : 0 } @children;
    return { requests => $requests, children => "@children", zombies => $zombies, fds => [map { $s->descriptors($_) } @children], rss => \@rss };
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'a.lua' => $SCRIPT }, config => $COMMON . $CONF{$mpm});
    $s->expect_log(qr/AH03490: scoreboard is full/);     # children of several generations still end
    my $alone = 0;
    my $all = sub { for (1 .. soak(3, 20)) { $alone++; $s->get("/$_") for sort keys %KINDS } };
    my $lines = sub { my ($file, $text) = @_; scalar(() = TestHttpd::slurp($s->root . "/var/$file") =~ /$text/g) };
    $all->();
    my @samples = sample($s, 0);
    my ($next, $requests) = (0, 0);
    my ($sum, $wrong) = load($s, sub {
        $requests = shift;
        if ($requests > $next) { push @samples, sample($s, $requests); $next += $REQUESTS / 20 }
        return $requests < $REQUESTS;
    });
    wait_until(sub { !$s->connections && !$s->threads_at_work });
    $all->();
    push @samples, sample($s, $requests);

    note sprintf '%9s %4s %-24s %s', qw(requests Z descriptors MB);
    note sprintf '%9d %4d %-24s %s', $_->{requests}, $_->{zombies}, "@{ $_->{fds} }", "@{ $_->{rss} }" for @samples;
    is_deeply $wrong, [], 'each answer is as it is alone: no script sees what another has left';
    is $lines->('lines', 'line'), $sum->{line} + $alone, 'every line is written';
    my $before = $sum->{line} + $alone;
    is $lines->('final', 'x'), $sum->{gc} + $alone, 'and by every __gc';
    is_deeply [grep { $_ ne $samples[0]{children} } map { $_->{children} } @samples], [], 'no process has ended';
    is $samples[-1]{zombies}, 0, 'no zombie is left';
    for my $i (0 .. $#{ $samples[0]{fds} }) {
        cmp_ok $samples[-1]{fds}[$i], '<=', $samples[0]{fds}[$i] + 2, "no descriptor is left in child $i";
        cmp_ok $samples[-1]{rss}[$i], '<=', $samples[0]{rss}[$i] + 100, "  and little memory";
    }

    # Restarts while they go on. A generation serves a few hundred before the next.
    my ($n, $from, $first, $last) = (0, int $RESTARTS / 10 || 1);
    $next = 300;
    my $measure = sub { +{ memory => TestHttpd::slurp('/proc/' . $s->pid . '/status') =~ /RssAnon:\s+(\d+)/ ? $1 : 0, threads => $s->threads($s->pid), descriptors => $s->descriptors($s->pid) } };
    ($sum, $wrong) = load($s, sub {
        return 1 if $_[0] < $next;
        $s->graceful;
        $next = $_[0] + 300;
        $first = $measure->() if ++$n == $from;
        return $n < $RESTARTS;
    });
    $last = $measure->();
    is_deeply $wrong, [], "$RESTARTS graceful restarts under them: each answer is there, and is the same";
    is $lines->('lines', 'line'), $sum->{line} + $before, 'every line is written';
    is $last->{$_}, $first->{$_}, "$_ of the parent did not grow" for qw(threads descriptors);
    note "memory of the parent: $first->{memory} kB after $from restarts, $last->{memory} kB after $RESTARTS";
    cmp_ok $last->{memory} - $first->{memory}, '<=', soak(2000, 500), 'nor its memory';
    $s->stop;
});

done_testing;
