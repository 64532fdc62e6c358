# Every fault in every phase, in both forms of its handlers, in filters and in an authorization provider: the client gets what
# is documented and learns nothing else, the log names handler, file and line, no process ends that need not, and the one state
# there is (LuaInterpMax 1) serves the next request.
use lib 't/lib';
use TestHttpd::Lua;
use Time::HiRes qw(sleep);

plan(skip_all => 'directives that mod_lua does not have; its processes end by some of these') unless ours;

# name, its line in the configuration, and what the client gets when it raises an error and when it calls os.exit (which counts
# as OK; in a provider as a denial). 599 is no answer: a connection that is closed, or an answer that breaks off.
my @ROWS = (
    [qw(pre_connection     LuaPreConnectionHandler      599 200)],
    [qw(process_connection LuaProcessConnectionHandler  599 599)],
    [qw(quick              LuaQuickHandler              500 200)],
    [qw(post_read_request  LuaPostReadRequestHandler    500 200)],
    [qw(hook_pre_translate LuaHookPreTranslateName      500 200)],
    [qw(trans              LuaTransHandler              500 200)],
    [qw(hook_trans         LuaHookTranslateName         500 200)],
    [qw(map_to_storage     LuaMapToStorageHandler       500 200)],
    [qw(hook_map           LuaHookMapToStorage          500 200)],
    [qw(header_parser      LuaHeaderParserHandler       500 200)],
    [qw(access             LuaAccessHandler             500 200)],
    [qw(hook_access        LuaHookAccessChecker         500 200)],
    [qw(authen             LuaAuthenHandler             500 500)],
    [qw(hook_authen        LuaHookCheckUserID           500 500)],
    [qw(authz              LuaAuthzHandler              500 200)],
    [qw(hook_authz         LuaHookAuthChecker           500 200)],
    [qw(provider           LuaAuthzProvider             500 403)],
    [qw(type               LuaTypeHandler               500 200)],
    [qw(hook_type          LuaHookTypeChecker           500 200)],
    [qw(fixup              LuaFixupHandler              500 200)],
    [qw(hook_fixup         LuaHookFixups                500 200)],
    [qw(hook_insert        LuaHookInsertFilter          200 200)],
    [qw(input_filter       LuaInputFilter               200 200)],       # r:requestbody gives nil, and the page is the script's
    [qw(output_filter      LuaOutputFilter              500 500)],
    [qw(response           LuaResponseHandler           500 200)],
    [qw(map                LuaMapHandler                500 200)],
    [qw(script.lua         SetHandler                   500 200)],
    [qw(log                LuaLogHandler                200 200)],
    [qw(hook_log           LuaHookLog                   200 200)],
    [qw(cleanup            LuaCleanupHandler            200 200)],
);
my %AFTER = map { $_ => 1 } qw(log hook_log cleanup);

my $SCRIPT = <<'L';
require "apache2"
function note(...)
  local f = io.open("@var@/trace", "a")
  f:write(table.concat({...}, " "), "\n")
  f:close()
end
local function asked()
  local f = io.open("@var@/fault")
  if not f then return "", "" end
  local phase, how = f:read("l"):match("^(%S+) (%S+)")
  f:close()
  return phase, how
end
function deep(n) return 1 + deep(n + 1) end
function run(phase, subject)
  local where, how = asked()
  if where ~= phase then return end
  note(how, phase)
  if how == "text" then error("raised as asked") end
  if how == "object" then error({ phase = phase }) end
  if how == "index" then local none return none.field end
  if how == "recurse" then return deep(1) end
  if how == "yield" then coroutine.yield("as asked") end
  if how == "memory" then local t = {} while true do t[#t + 1] = ("x"):rep(1000000) .. #t end end
  if how == "exit" then os.exit(3) end
  if how == "kill" then os.remove("@var@/fault") os.execute("kill -9 $PPID") end
  if how == "gone" then
    local n = 0
    local ok, why = pcall(function()
      local from = subject
      local read = subject.read
      if not read then from = subject.client_socket read = from.recv end
      while true do
        local piece = read(from, 4096)
        if not piece or #piece == 0 then return end
        n = n + #piece
      end
    end)
    note("over", phase, n)
  end
end
local declines = { process_connection = true, trans = true, map_to_storage = true, type = true, authz = true, log = true, cleanup = true }
for _, phase in ipairs{"pre_connection", "process_connection", "quick", "post_read_request", "hook_pre_translate", "trans", "hook_trans", "map_to_storage", "hook_map",
  "header_parser", "access", "hook_access", "authz", "hook_authz", "type", "hook_type", "fixup", "hook_fixup", "hook_insert", "log", "hook_log", "cleanup"} do
  _G[phase] = function(subject)
    run(phase, subject)
    return (declines[phase] or phase == "quick" or phase:match("^hook_")) and apache2.DECLINED or apache2.OK
  end
end
for _, phase in ipairs{"authen", "hook_authen"} do
  _G[phase] = function(r) run(phase, r) r.user = "tester" return apache2.OK end
end
function provider(r) run("provider", r) return apache2.AUTHZ_GRANTED end
function user(r) r.user = "tester" return apache2.OK end
function input_filter(r) coroutine.yield() run("input_filter", r) while bucket do coroutine.yield(bucket) end end
function output_filter(r) coroutine.yield() run("output_filter", r) while bucket do coroutine.yield(bucket) end end
local function page(phase)
  return function(r)
    run(phase, r)
    local body = ""
    if r.method == "POST" then body = r:requestbody() or "none" end
    r.content_type = "text/plain"
    r:puts("answer ", body)
    return apache2.OK
  end
end
response, map, handle = page("response"), page("map"), page("script.lua")
L

my ($server, $places);
for (@ROWS) {
    my ($name, $directive) = @$_;
    my $at = "<Location /$name>\n    SetHandler lua\n    LuaResponseHandler faults.lua:response\n";
    my $own = $directive =~ /^LuaHook/ ? "$directive faults.lua $name" : "$directive faults.lua:$name";
    if    ($directive =~ /Connection|PostRead|Trans|MapTo/) { $server .= "$own\n" }
    elsif ($name eq 'quick')         { $server .= "LuaQuickHandler faults.lua quick\n" }
    elsif ($name eq 'provider')      { $server .= "LuaAuthzProvider faulty faults.lua provider\n"; $at .= "    Require faulty\n" }
    elsif ($name eq 'input_filter')  { $server .= "LuaInputFilter i_faulty faults.lua input_filter\n"; $at .= "    SetInputFilter i_faulty\n" }
    elsif ($name eq 'output_filter') { $server .= "LuaOutputFilter o_faulty faults.lua output_filter\n"; $at .= "    SetOutputFilter o_faulty\n" }
    elsif ($name eq 'map')           { $server .= "LuaMapHandler ^/map\$ faults.lua map\n"; $at = "<Location /map>\n" }
    elsif ($name eq 'script.lua')    { $at = "<Location /script.lua>\n" }
    elsif ($name ne 'response')      { $at .= "    $own\n" }
    if ($name =~ /auth(?:en|z)$/) {
        $at .= "    AuthType Here\n    AuthName test\n    Require valid-user\n";
        $at .= "    LuaHookCheckUserID faults.lua user\n" unless $name =~ /authen/;
    }
    $places .= "$at</Location>\n";
}
my $CONF = <<"C";
LuaInterpStart 1
LuaInterpMax 1
LuaInterpMaxWait 4s
LuaInterpMaxMemory 64M
Timeout 10
AcceptPathInfo On
<IfModule !mpm_prefork_module>
    StartServers 2
    ServerLimit 2
    ThreadsPerChild 5
    MaxRequestWorkers 10
</IfModule>
$server$places
C

# fault => what the log says of it, behind the place; without a text there is no line. LuaJIT does not say where a stack overflows.
my %LOG = (
    text => qr/(?:faults|script)\.lua:\d+: raised as asked/, object => qr/\(error object is a table value\)/,
    index => qr/(?:faults|script)\.lua:\d+: attempt to index (?:a nil value|local 'none' \(a nil value\))/,
    recurse => jit ? qr/stack overflow/ : qr/(?:faults|script)\.lua:\d+: stack overflow/, yield => qr/attempt to yield/, exit => undef,
    memory => qr/not enough memory \(LuaInterpMaxMemory\)/,
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, scripts => { 'faults.lua' => $SCRIPT }, files => { 'htdocs/script.lua' => $SCRIPT },
        load => [qw(authz_user)]);
    my $fault = sub { my $file = $s->root . '/var/fault'; @_ ? do { spew("$file.new", "@_"); rename "$file.new", $file } : unlink $file };
    my $ask = sub { my ($name) = @_; $name eq 'input_filter' ? $s->post("/$name", 'body') : $s->get("/$name") };
    for (@ROWS) {
        my ($name, $directive, $raised, $exited) = @$_;
        my $good = $name eq 'input_filter' ? 'answer body' : 'answer ';
        $s->mark_log;
        is $ask->($name)->{content}, $good, "$directive ($name): without a fault" or diag $s->log_since;
        my @before = $s->child_pids;
        for my $how (sort keys %LOG) {
            next if $how eq 'yield' && $name =~ /filter/;          # there it is the way of the world
            $s->mark_log;
            $s->trace;
            $fault->($name, $how);
            my $answer = $ask->($name);
            ok scalar(grep { $_ eq "$how $name" } $s->wait_for_trace(qr/^\Q$how $name\E$/m, 30)), "$how in $directive: it came to that";
            $fault->();
            my $log  = $LOG{$how} || ($name =~ /_filter$/ && qr/faults\.lua:\d+: os\.exit was called in a filter/);
            my $want = $LOG{$how} ? $raised : $exited;
            is $answer->{status}, $want, $want == 599 ? '  no answer' : "  status $want";
            unlike $answer->{content}, qr/as asked|table value|faults\.lua|overflow|attempt|traceback|memory/, '  the client learns nothing of it' if $LOG{$how};
            my $named = $directive =~ /Lua\w+putFilter$/ ? qr/$directive \w_faulty, \S+:\d+/ : $directive =~ /Filter$/ ? qr/$name/ : $name eq 'provider' ? qr/provider|faulty/ : qr/$directive \S*(?:faults\.lua|script\.lua|lua-script)(?::\Q$name\E)?/;
            if ($log) { $s->log_like(qr/\[lua:error\].*(?:$log).*\(.*$named/, '  a line with the place and the handler') }
            else            { $s->log_unlike(qr/lua:error\].*\] (?!  |stack traceback)/, '  nothing is logged') }    # but the end of the fault before
            is $ask->($name)->{content}, $good, '  and the next request is served';
        }
        # The client promises a body, sends a part and goes.
        if ($name !~ /filter|insert/) {
            $s->trace;
            $fault->($name, 'gone');
            my $socket = $s->socket;
            print {$socket} "POST /$name HTTP/1.0\r\nContent-Length: 100000\r\n\r\n", 'x' x 5000;
            my $seen = '';
            wait_until(sub { $seen .= join '', map { "$_\n" } $s->trace; $seen =~ /^gone \Q$name\E$/m }, 30) unless $AFTER{$name};
            close $socket;
            wait_until(sub { $seen .= join '', map { "$_\n" } $s->trace; $seen =~ /^over \Q$name\E/m }, 20);
            $fault->();
            like $seen, qr/^over \Q$name\E \d+/m, "a client gone in mid-body, read in $directive: the read ends";
            is $ask->($name)->{content}, $good, '  and the next request is served';
        }
        my %now = map { $_ => 1 } $s->child_pids;
        is scalar(grep { !$now{$_} } @before), 0, "$directive ($name): no process has ended by any of these";
    }
    is_deeply [grep { !/body|Connection|aborted|AH\d+/i } $s->unexpected], [], 'nothing else was logged';
    $s->expect_log(qr/exit signal Killed|request body|Connection (?:aborted|reset)|End of file|Broken pipe|AH0\d+/);
    for (@ROWS) {
        my ($name, $directive) = @$_;
        next if $name =~ /^hook_(?!insert|pre)/ && !$ENV{SOAK};         # as the handlers of the same phase; each costs a second
        $s->trace;
        $fault->($name, 'kill');
        my $answer = $name eq 'input_filter' ? $s->raw("POST /$name HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody") : $s->raw("GET /$name HTTP/1.0\r\n\r\n");
        $AFTER{$name} or is $answer, '', "kill -9 in $directive ($name): no answer";
        ok scalar(grep { $_ eq "kill $name" } $s->wait_for_trace(qr/^kill \Q$name\E/m, 30)), '  it came to that';
        ok wait_until(sub { $ask->($name)->{status} == 200 }, 20), "kill -9 in $directive: the server serves on";
    }
});

# An output filter that fails: an error page where nothing was sent yet, and else an answer that does not end.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, load => ['include'], scripts => { 'broken.lua' => <<'L' }, files => {
function first(r) error("filter fails") end
function later(r) coroutine.yield() local n = 0 while bucket do n = n + #bucket if n > 300000 then error("filter fails") end coroutine.yield(bucket) end end
function last(r) coroutine.yield() while bucket do coroutine.yield(bucket) end error("filter fails") end
function short(r) r:puts(("x"):rep(100)) return apache2.OK end
function long(r) for i = 1, 10 do r:puts(("x"):rep(100000)) r:flush() end return apache2.OK end
function sorry(r) r:puts("sorry") return apache2.OK end
L
        'htdocs/short.txt' => 'x' x 100, 'htdocs/page.shtml' => 'a<!--#include virtual="/first/short.txt" -->b', map({ ("htdocs/$_/short.txt" => 'x' x 100) } qw(first later last)) }, config => <<'C' . join '', map { <<"C" } qw(first later last));
LuaMapHandler /(short|long|sorry)$ broken.lua $1
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
ErrorDocument 500 /sorry
<Directory "@root@/htdocs">
    Options +Includes
</Directory>
C
LuaOutputFilter $_ broken.lua $_
<Location /$_>
    SetOutputFilter $_
</Location>
C
    $s->expect_log(qr/filter fails|unable to include/);
    for my $version ('1.0', '1.1') {
        my $ask = sub { $s->raw("GET $_[0] HTTP/$version\r\nHost: x\r\n" . ($version eq '1.1' ? "Connection: close\r\n" : '') . "\r\n") };
        for my $path (qw(/first/short.txt /first/short /first/long /last/short.txt /last/short)) {
            like $ask->($path), qr{^HTTP/1\.1 500 (?:(?!HTTP/1).)*\r\n\r\n(?:5\r\n)?sorry(?:\r\n0\r\n\r\n)?\z}s, "HTTP/$version, $path: the page of the error, alone";
        }
        for my $path (qw(/later/long /last/long)) {
            my $text = $ask->($path);
            like $text, qr{^HTTP/1\.1 200 .*\r\n\r\n.*xxx}s, "HTTP/$version, $path: what was sent before";
            unlike $text, qr{\r\n0\r\n\r\n\z|sorry|filter fails}, '  has no end' if $version eq '1.1';
        }
        like $ask->('/page.shtml'), qr/a\[an error occurred[^]]*\]b/, "a page that includes it goes on" if $version eq '1.0';
    }
});

# Phases of processes: an error ends the start, or that phase, and no more.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %code = (text => 'error("raised as asked")', recurse => 'local function f(n) return 1 + f(n + 1) end return f(1)', yield => 'coroutine.yield(1)', exit => 'os.exit(3)');
    my %text = (text => qr/process\.lua:\d+: raised as asked/, recurse => qr/stack overflow/, yield => qr/attempt to yield/);
    for my $fault (sort keys %code) {
        my $script = "require 'apache2'\nfunction fault(p, s)\n  local f = io.open('\@var\@/trace', 'a') f:write('in\\n') f:close()\n  $code{$fault}\nend\nfunction handle(r) r:puts('served') return apache2.OK end\n";
        for my $phase ($fault eq 'exit' ? () : qw(OpenLogs PostConfig)) {
            my ($status, $log) = TestHttpd::Lua->start_fails(mpm => $mpm, scripts => { 'process.lua' => $script }, config => "Lua${phase}Handler process.lua:fault\n");
            ok $status, "$fault in Lua${phase}Handler: httpd does not start";
            like $log, qr/$text{$fault}.*Lua${phase}Handler \S*process\.lua:fault/, '  and says why';
        }
        for my $phase (qw(ChildInit ChildExit)) {
            my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'process.lua' => $script }, config => "Lua${phase}Handler process.lua:fault\nLuaMapHandler ^/ok\$ process.lua\n");
            $s->expect_log($text{$fault}) if $text{$fault};
            $s->expect_log(qr{called exit\(3\), which ends the handler}) if $fault eq "exit";
            $s->wait_for_trace(qr/^in/m) if $phase eq 'ChildInit';
            is $s->get('/ok')->{content}, 'served', "$fault in Lua${phase}Handler: the process serves";
            $s->terminate;
            ok $s->wait_ended, '  and ends';
            ok scalar(grep { $_ eq 'in' } $s->trace, $phase eq 'ChildInit' ? 'in' : ()), '  its handler ran';
            like $s->log, qr/$text{$fault}.*Lua${phase}Handler/, '  the log has it' if $text{$fault};
            $s->stop;
        }
    }
});

done_testing;
