# A syntax error of a script left no message in the log, only the file's name.
use lib 't/lib';
use TestHttpd::Lua;

my $ERROR = 'unexpected symbol|<name> expected|near';
test_rows([
    ['in a handler', "function handle(r)\n  local = 5\nend", undef, status => 500, log => qr/\d\.lua:2:.*(?:$ERROR)/],
    ['in a mapped handler', 'return 1', undef, at => '/mapped', status => 500, log => qr/broken\.lua:3:.*(?:$ERROR)/],
    ['in a hook',    'return 1', undef, at => '/hook', status => 500, log => qr/broken\.lua:3:.*(?:$ERROR)/],
    ['in a filter',  'return 1', undef, at => '/filter/x.txt', status => qr/^[25]/, log => qr/broken\.lua:3:.*(?:$ERROR)/],
    ['in a provider', 'return 1', undef, at => '/authz', status => 500, log => qr/broken\.lua:3:.*(?:$ERROR)/],
], expect => [qr/\[(?:lua|perl|interp):(?:error|crit)\]/], scripts => { 'broken.lua' => "function f(r) return 0 end\nfunction handle(r)\n  local = 5\nend\n" }, files => { 'htdocs/x.txt' => 'x' }, config => <<'C');
LuaMapHandler ^/mapped$ broken.lua
LuaAuthzProvider broken broken.lua f
LuaOutputFilter broken broken.lua f
<Location /hook>
    LuaHookFixups broken.lua f
</Location>
<Location /authz>
    Require broken
</Location>
Alias /filter "@root@/htdocs"
<Location /filter>
    SetOutputFilter broken
</Location>
C

done_testing;
