# LuaConnectionHandler: a script in Lua speaks the protocol of connections, plain and under TLS.
use lib 't/lib';
use TestHttpd::Lua;
use TestNet;
use Time::HiRes qw(time);

plan skip_all => 'LuaConnectionHandler is ours' unless ours;

# What a handler may do, by the word that the client says.
my $SERVER = <<'L';
uses = (uses or 0) + 1
local function note(text) local out = io.open("@var@/trace", "a") out:write(text, "\n") out:close() end
local function why(value, reason) return tostring(value) .. " " .. tostring(reason) end

local does = {}
function does.echo(c) for _ = 1, 1000000 do local line = c:read() if not line then return end c:write(line, "\r\n") end end
function does.lines(c) local l, L, n = c:read("*l"), c:read("L"), c:read(3) c:write(l, "|", L:gsub("%c", "."), "|", n, "|", c:read("a") or "nothing", "\r\n") end
function does.reasons(c) c:write(why(c:read()), "; ", why(c:read(5)), "; ", why(c:read("a")), "; ", why(c:receive()), "\r\n") end
function does.length(c) c:write(#c:read("a"), "\r\n") end
function does.large(c) c:write(why(c:read("l", 2000000)):len() - 4, " ", why(c:read("a", 10)), "\r\n") end
function does.long(c)
  local line, reason = c:read()
  c:write(why(line, reason), " ", why(c:read()), "\r\n")
  while c:receive(100000) do end
end
function does.short(c) c:write(why(c:read("l", 10)), " ", c:read(3), " ", c:read("l", 100), "\r\n") end
function does.count(c) local n = tonumber(c:read()) local text, reason = c:read(n) c:write(text and #text or "none", " ", tostring(reason), "\r\n") end
function does.zero(c) c:write("[", tostring(c:read(0)), "] ", c:read(), "\r\n", "[", tostring(c:read(0)), "]\r\n") end
function does.some(c) local all = {} repeat local piece = c:receive(4) all[#all + 1] = piece until not piece c:write(table.concat(all, "|"), "\r\n") end
function does.binary(c) local n = tonumber(c:read()) c:write(c:read(n)) end
function does.parts(c) c:write("one ", 2, " ", 3.5, "", " \0four", "\r\n") c:flush() end
function does.timeout(c)
  local was, now = c:timeout(0.2), c:timeout()
  c:write(was, " ", now, "\r\n")
  local line, reason = c:read()
  c:write(why(line, reason), " ", why(c:read(4)), " ", why(c:receive()), "\r\n")
  c:timeout(20)
  c:write(c:read(), "\r\n")
end
function does.dribble(c) c:timeout(0.3) c:write("go\r\n") local line, reason = c:read() c:write(why(line, reason), "\r\n") end
function does.nowait(c) c:timeout(0) local line, reason = c:read() c:write(why(line, reason), "\r\n") c:timeout(10) c:write(c:read(), "\r\n") end
function does.close(c) c:write("bye\r\n") c:close() c:close() note("closed " .. why(c:read()) .. " " .. why(c:write("x")) .. " " .. why(c:receive())) c:read("a") end
function does.fill(c) local n = 0 while true do local ok, reason = c:write(("x"):rep(65536)) if not ok then note("stopped: " .. reason .. " " .. why(c:write("y"))) return end n = n + 1 end end
function does.stuck(c) c:timeout(0.3) does.fill(c) end
function does.die(c) c:write("dying\r\n") local nothing = nil return nothing.field end
function does.exit(c) c:write("bye\r\n") pcall(os.exit, 3) c:write("not here\r\n") end
function does.globals(c) kept = (kept or 0) + 1 opened = opened or io.open("/dev/null") c:write(kept, " ", uses, "\r\n") end
function does.wrong(c)
  local all = {}
  for _, f in ipairs { function() c:read("x") end, function() c:read(-1) end, function() c:read("l", 0) end, function() c:timeout(-1) end, function() c:write({}) end } do
    local _, message = pcall(f)
    all[#all + 1] = tostring(message):gsub("^.-:%d+: ", "")
  end
  c:write(table.concat(all, "; "), "\r\n")
end
function does.facts(c) c:write(c.client_ip, " ", tostring(c.aborted), " ", tostring(c.base_server.server_hostname), "\r\n") end
function does.coroutine(c) c:write(coroutine.wrap(function() return coroutine.yield(c:read()) or 1 end)(), "\r\n") end
function does.sleep(c) note("sleeps") c:read() c:write("slept\r\n") end
function does.kept(c) old = c end
function does.gone(c) local ok, message = pcall(function() return old:read() end) c:write(tostring(message), "\r\n") end

function handle(c)
  c:write("220 ready\r\n")
  local word = c:read()
  if not word then return end
  (does[word] or function() c:write("500 what?\r\n") end)(c)
end
function second(c) c:write("the second\r\n") end
function declines(c) return apache2.DECLINED end
function early(c) note("early " .. tostring(pcall(c.read, c))) end
function page(r) local _, message = pcall(function() return r.connection:read() end) r:puts(message) return apache2.OK end
L
my $MODULE = "local m = {}\nfunction m.handler(c) n = (n or 0) + 1 c:write('module ', n, '\\n') end\nfunction m.other(c) c:write('other\\n') return apache2.OK end\nreturn m\n";
my ($GUIDE) = slurp(TestHttpd::top() . '/docs/net-server.md') =~ /^```lua\n(.*?)^```$/ms;
my %scripts = ('server.lua' => $SERVER, 'words.lua' => $MODULE, 'guide.lua' => $GUIDE);
my %files = tls_files();

sub host { my ($name, $lines, $listen) = @_; "Listen 127.0.0.1:\@port:$name\@ @{[ $listen // 'raw' ]}\n<VirtualHost 127.0.0.1:\@port:$name\@>\n$lines\n</VirtualHost>\n" }
my $TLS = tls() ? "SSLEngine On\nSSLCertificateFile \@root\@/tls.pem\n" : '';
my $CONFIG = <<'C';
LuaPackagePath @lua@/?.lua
<LuaInterpClass few>
    LuaInterpStart 1
    LuaClassInterpreters 2
    LuaInterpMaxWait 20s
</LuaInterpClass>
<LuaInterpClass none>
    LuaInterpStart 1
    LuaInterpMax 1
    LuaInterpMaxWait 200ms
</LuaInterpClass>
<IfModule mpm_prefork_module>
    StartServers 2
    MinSpareServers 1
    MaxSpareServers 2
</IfModule>
LuaMapHandler ^/page$ server.lua page
C
my %host = (
    plain   => 'LuaConnectionHandler server.lua',
    second  => 'LuaConnectionHandler server.lua second',
    named   => 'LuaProcessConnectionHandler server.lua:second',
    guide   => 'LuaConnectionHandler guide.lua',
    module  => 'LuaConnectionHandler words',
    other   => 'LuaConnectionHandler words.other',
    inline  => 'LuaConnectionHandler function(c) c:write("inline ", c:read() or "", "\n") end',
    thread  => "LuaScope thread\nLuaConnectionHandler server.lua",
    conn    => "LuaScope conn\nLuaPreConnectionHandler server.lua:early\nLuaConnectionHandler server.lua",
    few     => "LuaUseClass few\nLuaConnectionHandler server.lua",
    none    => "LuaUseClass none\nLuaConnectionHandler server.lua",
    $TLS ? (tls => "${TLS}LuaConnectionHandler server.lua", tls_few => "${TLS}LuaUseClass few\nLuaConnectionHandler server.lua") : (),
);

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $is_short = $mpm eq 'worker';    # there it is the same code as under event
    my $s = TestHttpd::Lua->start(mpm => $mpm, load => [tls_load()], scripts => \%scripts, files => \%files,
        config => $CONFIG . join('', map { host($_, $host{$_}) } sort keys %host) . host('declines', "LuaConnectionHandler server.lua declines\nLuaMapHandler ^/page\$ server.lua page", ' '));
    $s->log_like(qr/LuaConnectionHandler server\.lua:declines, .*: Listen 127\.0\.0\.1:\d+ .*so that the handler can speak first, write "Listen 127\.0\.0\.1:\d+ raw"/, 'a port on which it cannot speak first is told at the start');
    # What a client gets that says these lines after the greeting, and ends what it sends.
    my $ask = sub { my ($way, @lines) = @_; my $c = $s->net($way); $c->answer; $c->send(join '', map { "$_\r\n" } @lines); $c->done_sending; return join '|', $c->rest };

    my $guide = $s->net('guide');
    is join('|', $guide->answer, (map { $guide->say_to($_) } 'one', 'two'), $guide->say_to('quit')), "Say something.|You said 'one'|You said 'two'|", 'the script that docs/net-server.md shows';
    is $s->net('second')->answer, 'the second', 'a file and a function';
    is $s->net('named')->answer, 'the second', 'the same under the name that the phase has';
    is join(' ', map { $s->net('module')->answer =~ /^module \d+$/ ? 'module' : 'no' } 1 .. 2), 'module module', 'a module';
    is $s->net('other')->answer, 'other', 'a function in a module';
    is $s->net('inline')->say_to('code'), 'inline code', 'code in the line';

    for my $way ('plain', $TLS && !$is_short ? 'tls' : ()) {
        my $c = $s->net($way);
        is $c->answer, '220 ready', "$way: the server speaks first";
        $c->say('echo');
        is join(' ', map { $c->say_to($_) } 'one', 'two', ''), 'one two ', "$way: line by line";
        $c->send("a\r\nb\nc\r\nd");
        is join(' ', map { $c->answer } 1 .. 3), 'a b c', "$way: several in one packet, with either end";
        $c->done_sending;
        is $c->answer, 'd', "$way: the last one may have none";
        is $c->answer, '', "$way: and the connection ends with the client's";

        is $ask->($way, 'lines', 'one', 'two', '123456'), 'one|two..|123|456', "$way: lines with and without ends, bytes, all that is left";
        is $ask->($way, 'reasons'), 'nil closed; nil closed;  nil; nil closed', "$way: what is read at the end";
        is $ask->($way, 'zero', 'x'), '[] x|[nil]', "$way: no bytes tell whether there are any";
        is $ask->($way, 'parts'), "one 2 3.5 \0four", "$way: strings and numbers are written";
        is $ask->($way, 'coroutine', 'inside'), 'inside', "$way: a coroutine reads";
        like $ask->($way, 'facts'), qr/^127\.0\.0\.1 false \S+$/, "$way: what is known of the connection";

        my $some = $s->net($way);
        $some->answer;
        $some->say('some');
        $some->send('abcdefg');
        $some->done_sending;
        like $some->answer, qr/^(?=.*d)a(?:\|?\w){6}$/, "$way: what has come is received in pieces";

        my $all = join '', map { chr } 0 .. 255;
        my $bytes = $all x 2000;
        my $binary = $s->net($way);
        $binary->answer;
        $binary->send("binary\r\n" . length($bytes) . "\r\n$bytes");
        $binary->done_sending;
        1 while $binary->_more;
        is $binary->{had} eq $bytes ? 1 : 0, 1, "$way: half a megabyte of all bytes comes back";
        my $big = $s->net($way);
        $big->answer;
        $big->send("length\r\n" . 'y' x 3_000_000);
        $big->done_sending;
        is $big->answer, 3_000_000, "$way: all up to the end";
        is $ask->($way, 'large', 'z' x 1_000_000, 'more than ten bytes'), '1000000 nil too long', "$way: limits that the script sets";
        is $ask->($way, 'long', 'z' x 200_000), 'nil too long nil too long', "$way: a line that does not end is not waited for";
        is $ask->($way, 'short', '0123456789abc'), 'nil too long 012 3456789abc', "$way: and is still there to be read otherwise";
        is $ask->($way, 'count', '9000000000', 'few'), '5 nil', "$way: a length that the client makes up costs nothing";

        my $late = $s->net($way);
        $late->answer;
        is $late->say_to('timeout'), '30 0.2', "$way: the time-out is httpd's, or another";
        $late->send('be');
        is $late->answer, 'nil timeout nil timeout be nil', "$way: what had come of a line is there for the next read";
        is $late->say_to('in time'), 'in time', "$way: and the connection goes on";
        my $slow = $s->net($way);
        $slow->answer;
        is $slow->say_to('dribble'), 'go', "$way: a client that sends a byte now and then";
        my $began = time;
        local $SIG{PIPE} = 'IGNORE';
        for (1 .. 100) { $slow->send('x'); my $set = ''; vec($set, fileno $slow->{socket}, 1) = 1; last if select $set, undef, undef, 0.05 }
        is $slow->answer, 'nil timeout', "$way: has the time of a line, not of a byte";
        cmp_ok time - $began, '<', 4, "$way: no longer";
        my $nowait = $s->net($way);
        $nowait->answer;
        is $nowait->say_to('nowait'), 'nil timeout', "$way: a time-out of 0 asks what is there";
        is $nowait->say_to('later'), 'later', "$way: later";

        $s->trace;
        my $closed = $s->net($way);
        $closed->answer;
        is $closed->say_to('close'), 'bye', "$way: close";
        is $closed->answer, '', "$way: ends the connection at once";
        like join("\n", $s->wait_for_trace(qr/^closed/m)), qr/closed nil closed nil closed nil closed/, "$way: for the script, too";

        for (1 .. 3) { my $c = $s->net($way); $c->answer; $c->say('fill'); $c->_more; $c->reset }
        my $stopped = 0;
        ok wait_until(sub { $stopped += grep { $_ eq 'stopped: closed nil closed' } $s->trace; $stopped >= 3 }), "$way: a client that resets in mid-write ends the writing";
        my $stuck = $s->net($way);
        $stuck->answer;
        $stuck->say('stuck');
        like join("\n", $s->wait_for_trace(qr/^stopped/m)), qr/stopped: timeout nil closed/, "$way: so does one that reads nothing";

        $s->expect_log(qr/attempt to index (?:a nil value|local 'nothing' \(a nil value\))/);
        $s->expect_log(qr/stack traceback|server\.lua:\d+: in |\[C\]: in /);
        is $ask->($way, 'die'), 'dying', "$way: an error ends the connection";
        is $ask->($way, 'exit'), 'bye', "$way: os.exit likewise, through any pcall";
        is $ask->($way, 'nothing'), '500 what?', "$way: the next connection is served";
    }
    $s->log_like(qr/\[lua:error\].*\[client 127\.0\.0\.1:\d+\] \S+server\.lua:\d+: attempt to index a nil value \(local 'nothing'\) \(LuaConnectionHandler server\.lua/, 'an error is in the log, with the client') unless jit;
    $s->log_like(qr/\[lua:error\].*stack traceback:\n.*server\.lua:\d+: in /, 'and its traceback');
    my $wrong = $ask->('plain', 'wrong');
    is $wrong =~ s/; [^;]*$//r, join('; ', ('read: what is read is "l", "L", "a", or a number of bytes') x 2, 'read: the limit is a number of at least 1', 'timeout: the time is a number of seconds from 0 to 2000000'), 'wrong arguments are told';

    # How long globals live.
    is join(' ', map { $ask->('plain', 'globals') } 1 .. 3), '1 1 1 1 1 1', 'once: each connection has a state of its own';
    is join(' ', map { $ask->('conn', 'globals') } 1 .. 2), '1 1 1 1', 'conn: so it is, from the first phase on';
    my @thread = map { $ask->('thread', 'globals') } 1 .. 20;
    ok((grep { $_ !~ /^1 / } @thread) && !(grep { !/ 1$/ } @thread), 'thread: a state is kept for the next');
    like join("\n", $s->wait_for_trace(qr/^early/m)), qr/early false/, 'before the protocol is spoken nothing can be read';
    $ask->('thread', 'kept') for 1 .. 20;
    like $ask->('thread', 'gone'), qr/read: request is gone/, 'a connection that is over cannot be used';
    like $s->get('/page')->{content}, qr/read: needs a handler that speaks the connection's protocol: PerlProcessConnectionHandler, LuaConnectionHandler/, "nor one that is httpd's";
    {
        local $s->{port} = $s->port('declines');
        like $s->get('/page')->{content}, qr/read: needs/, 'a handler that declines leaves the connection to HTTP';
    }

    # As many as a class has.
    for my $way ('few', $TLS ? 'tls_few' : ()) {
        next if $mpm eq 'prefork';
        $s->trace;
        my @busy = map { my $c = $s->net($way); $c->answer; $c->say('sleep'); $c } 1 .. 2;
        my $in = 0;
        wait_until(sub { $in += grep { $_ eq 'sleeps' } $s->trace; $in >= 2 });
        my $next = $s->net($way);
        is $busy[0]->say_to('end'), 'slept', "$way: one of two ends";
        is $next->answer, '220 ready', "$way: and the third, which has waited, is served";
        $_->say('end') for $busy[1];
        my @open = map { my $c = $s->net($way); $c->answer; $c->say_to('nothing'); $c } 1 .. 4;
        is $ask->($way, 'nothing'), '500 what?', "$way: clients that leave their end open keep nobody waiting";
        # Who does not even shake hands has no interpreter.
        if ($way =~ /tls/) {
            my @silent = map { $s->socket($s->port($way)) } 1 .. 3;
            is $ask->($way, 'nothing'), '500 what?', "$way: nor do clients that say nothing";
        }
    }
    if ($mpm ne 'prefork') {
        my $busy = $s->net('none');
        $busy->answer;
        $s->expect_log(qr/LuaInterpMax/);
        is $s->net('none')->answer, '', 'a client that has waited too long is closed';
        $s->log_like(qr/LuaInterpMax/, 'which the log tells');
    }
    if ($TLS) {
        my $c = $s->socket($s->port('tls'));
        print {$c} "plain text\r\n" x 10;
        $s->expect_log(qr/SSL|ssl/);
        unlike join('', <$c>), qr/220 ready/, 'a client that speaks no TLS is no client';
    }

    # Connections one after another: nothing is lost, nothing grows.
    my $memory = sub { my $n = 0; for my $pid ($s->child_pids) { $n += $1 if slurp("/proc/$pid/smaps_rollup") =~ /^Private_Dirty:\s+(\d+)/m } return $n };
    my $served = 0;
    my $run = sub { for (1 .. $_[0]) { my $c = $s->net('plain'); $c->answer; $c->say('echo'); $served++ if $c->say_to('x') eq 'x' } };
    my $line = $s->net('plain');
    $line->answer;
    $line->say('echo');
    if (!$is_short) {
        $run->(300);
        my $before = $memory->();
        $run->(1000);
        is $served, 1300, 'a thousand connections one after another';
        cmp_ok $memory->() - $before, '<', 3000, 'in the same memory' if $mpm ne 'prefork';
        $line->say_to('x') for 1 .. 1000;
        $before = $memory->();
        $line->say_to('x') for 1 .. 20_000;
        cmp_ok $memory->() - $before, '<', jit ? 4000 : 600, 'twenty thousand lines on one as well';
    }
    undef $_ for $line, $guide;

    # A restart while a connection is idle.
    my $idle = $s->net('plain');
    $idle->answer;
    $idle->say('echo');
    is $idle->say_to('before'), 'before', 'a connection';
    $s->graceful;
    is $idle->say_to('after'), 'after', 'goes on over a graceful restart';
    is $s->net('plain')->answer, '220 ready', 'beside the new ones';
    undef $idle;
    my $stays = $s->net('plain');
    $stays->answer;
    my $began = time;
    kill TERM => $s->pid;       # not by `terminate`, which waits for the end of connections
    $s->wait_ended(30);
    cmp_ok time - $began, '<', 6, 'a stop does not wait for one that is idle';
});

done_testing;
