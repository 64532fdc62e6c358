# early and late had no effect on LuaHookCheckUserID.
use lib 't/lib';
use TestHttpd::Lua;

my $SCRIPT = <<'L';
for _, name in ipairs{"early", "middle", "late"} do
  _G[name] = function(r) r.notes.trace = (r.notes.trace or "") .. name .. " " return apache2.DECLINED end
end
function me(r) r.user = "me" r.notes.trace = (r.notes.trace or "") .. "me " return apache2.OK end
L
test_rows([
    ['early, then unmarked', 'return r.notes.trace', 'early middle me ', at => '/order/0.lua'],
    ['early comes before other modules', 'return r.notes.trace', 'me ', at => '/basic/1.lua'],
], scripts => { 'users.lua' => $SCRIPT }, load => ['authn_file'], config => <<'C');
Alias /order "@root@/htdocs/rows"
Alias /basic "@root@/htdocs/rows"
<Location /order>
    AuthType Here
    AuthName x
    LuaHookCheckUserID users.lua late late
    LuaHookCheckUserID users.lua middle
    LuaHookCheckUserID users.lua me
    LuaHookCheckUserID users.lua early early
    Require valid-user
</Location>
<Location /basic>
    AuthType Basic
    AuthName x
    AuthBasicProvider file
    AuthUserFile "@root@/none"
    LuaHookCheckUserID users.lua me early
    Require valid-user
</Location>
C

done_testing;
