# Protocols in Lua: a handler that has the whole connection, on its socket and on brigades.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_lua has no such phase' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'p.lua' => <<'L' }, config => <<'C');
local p = {}
function p.on_socket(c)
  local s, SO_NONBLOCK = c.client_socket, 8
  s:opt_set(SO_NONBLOCK, 0)
  s:send("hello\n")
  while true do
    local text = s:recv(100)
    if text == nil or text == "" or text:match("^quit") then return apache2.OK end
    if text:match("^die") then error("died of it") end
    s:send("you said " .. text)
  end
end
function p.on_brigades(c)
  local Brigade, Bucket, MODE_GETLINE = require("APR.Brigade"), require("APR.Bucket"), 1
  local input, output = Brigade:new(c.pool, c.bucket_alloc), Brigade:new(c.pool, c.bucket_alloc)
  local function say(text)
    output:insert_tail(Bucket:new(c.bucket_alloc, text))
    c.output_filters:fflush(output)
    output:cleanup()
  end
  say("hello\n")
  while c.input_filters:get_brigade(input, MODE_GETLINE) == 0 do
    local line = input:flatten()
    input:cleanup()
    if line == nil or line == "" or line:match("^quit") then break end
    if line:match("^die") then error("died of it") end
    say("you said " .. line)
  end
  return apache2.OK
end
return p
L
LuaPackagePath @lua@/?.lua
Listen 127.0.0.1:@port:on_socket@ raw
Listen 127.0.0.1:@port:on_brigades@
<VirtualHost *:@port:on_socket@>
    LuaProcessConnectionHandler p.on_socket
</VirtualHost>
<VirtualHost *:@port:on_brigades@>
    LuaProcessConnectionHandler p.on_brigades
</VirtualHost>
C
    for my $way (qw(on_socket on_brigades)) {
        for my $end (qw(quit die)) {
            my $client = $s->socket($s->port($way));
            local $SIG{ALRM} = sub { die "no answer\n" };
            alarm 20;
            # The second port is for http: there the client has to speak first.
            print {$client} "a line\n" if $way eq 'on_brigades';
            is scalar readline $client, "hello\n", "$way: the first word";
            print {$client} "a line\n" if $way eq 'on_socket';
            is scalar readline $client, "you said a line\n", "$way: an answer";
            print {$client} "$end\n";
            is scalar readline $client, undef, "$way: $end ends the connection";
            alarm 0;
        }
    }
    $s->log_like(qr/died of it/, 'a handler that died is in the log');
    $s->log_like(qr/LuaProcessConnectionHandler p\.on_brigades, .*: Listen 127\.0\.0\.1:\d+ .*so that the handler can speak first, write "Listen 127\.0\.0\.1:\d+ raw"/, 'a port on which it cannot speak first is told');
});

done_testing;
