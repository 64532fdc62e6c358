# r.server:push_handlers and set_handlers once the server serves: by name, in that process, from the next request on, where no
# section has handlers of its own.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'mod_lua has none') unless ours;

my %SCRIPTS = ('later.lua' => <<'L');
local later = {}
local function add(r, name) r.notes.trace = (r.notes.trace or "") .. name .. " " return apache2.DECLINED end
function later.conf(r) return add(r, "conf") end
function later.first(r) return add(r, "first") end
function later.second(r) return add(r, "second") end
function later.page(r) r:puts(r.notes.trace or "") return apache2.OK end
local actions = {
  push = function(s) return s:push_handlers("LuaFixupHandler", "later.first") end,
  another = function(s) return s:push_handlers("LuaFixupHandler", "later.second") end,
  get = function(s) return #(s:get_handlers("LuaFixupHandler") or {}) end,
  set = function(s) return s:set_handlers("LuaFixupHandler", { "later.second", "later.first" }) end,
  none = function(s) return s:set_handlers("LuaFixupHandler", nil) end,
  trans = function(s) return s:push_handlers("LuaTransHandler", "later.first") end,
  code = function(s) return s:push_handlers("LuaTransHandler", function(r) return apache2.DECLINED end) end,
  notrans = function(s) return s:set_handlers("LuaTransHandler", {}) end,
  bad = function(s) return s:push_handlers("LuaNoSuchHandler", "later.first") end,
}
function later.act(r)
  local ok, got = pcall(actions[r.args], r.server)
  r:puts(tostring(got))
  return apache2.OK
end
return later
L

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%SCRIPTS, config => <<'C');
StartServers 1
ServerLimit 1
<IfModule mpm_prefork_module>
    MaxRequestWorkers 1
</IfModule>
<IfModule !mpm_prefork_module>
    MinSpareThreads 1
    ThreadsPerChild 4
    MaxRequestWorkers 4
</IfModule>
LuaPackagePath @lua@/?.lua
SetHandler lua
LuaResponseHandler later.page
<Location /own>
    LuaFixupHandler later.conf
</Location>
<Location /do>
    LuaResponseHandler later.act
</Location>
C
    $s->expect_log(qr/server reached MaxRequestWorkers/);      # one process is wanted here
    my $do  = sub { $s->get("/do?$_[0]")->{content} };
    my $run = sub { $s->get($_[0])->{content} };
    is $run->('/x'), '', 'none at first';
    is $do->('push'), 'true', 'a name is pushed';
    is $run->($_->[0]), $_->[1], "then: $_->[0]" for [ '/x', 'first ' ], [ '/own', 'conf ' ];
    is $do->('another'), 'true', 'another';
    is $run->('/x'), 'first second ', 'then both';
    is $do->('get'), 2, 'get_handlers sees them';
    is $do->('set'), 'true', 'set replaces them';
    is $run->('/x'), 'second first ', 'then those';
    is $do->('none'), 'true', 'nil takes them out';
    is $run->('/x'), '', 'then none';
    is $run->('/own'), 'conf ', 'what a section says never changed';
    is $do->('trans'), 'true', 'a phase of the server';
    is $run->('/own'), 'first conf ', 'then everywhere';
    like $do->('code'), qr/a server keeps handlers by name/, 'a function is refused';
    is $do->('notrans'), 'true', 'an empty table';
    is $run->('/x'), '', 'takes them out';
    like $do->('bad'), qr{push_handlers: there is no phase "LuaNoSuchHandler" for handlers}, 'a phase that there is not';
});

done_testing;
