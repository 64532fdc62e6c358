# `LuaModule shop` with shop.lua under LuaRoot, as the guide's example has it, ended the start: modules that directives name were
# not looked for there, nor were files of LuaRequire.
use lib 't/lib';
use TestHttpd::Lua;

my $SHOP = <<'L';
local M = {}
function M.check(r) r.notes.checked = "checked" return apache2.OK end
function M.handler(r) r:puts("NAME ", r.notes.checked or "", inited or "") return apache2.OK end
return M
L
my %scripts = (
    'shop.lua' => $SHOP =~ s/NAME/shop/r, 'sub/inner.lua' => $SHOP =~ s/NAME/inner/r, 'pack/init.lua' => $SHOP =~ s/NAME/pack/r, 'init.lua' => 'inited = " inited"',
    'other/shop.lua' => $SHOP =~ s/NAME/other shop/r, 'other/only.lua' => $SHOP =~ s/NAME/only/r, 'host/shop.lua' => $SHOP =~ s/NAME/shop of the host/r, 'host/own.lua' => 'own = "own"',
    'paths/far.lua' => $SHOP =~ s/NAME/far/r,
);
my $CONF = <<'C';
LuaRequire init.lua
LuaModule shop
LuaOptions OPTION
<Location />
    SetHandler lua
</Location>
<Location /shop>
    LuaAccessHandler   shop.check
    LuaResponseHandler shop
</Location>
<Location /inner>
    LuaResponseHandler sub.inner
</Location>
<Location /pack>
    LuaResponseHandler pack:handler
</Location>
<Location /text>
    LuaResponseHandler "function(r) return require('shop').handler(r) end"
</Location>
<Location /other>
    LuaRoot "@lua@/other"
    LuaResponseHandler shop
</Location>
<Location /only>
    LuaRoot "@lua@/other"
    LuaAccessHandler   only.check
    LuaResponseHandler "function(r) return require('only').handler(r) end"
</Location>
<Location /far>
    LuaPackagePath "@lua@/paths/?.lua"
    LuaResponseHandler far
</Location>
<Location /list>
    LuaFixupHandler shop.check
    LuaRoot "@lua@/other"
    LuaResponseHandler only
</Location>
Listen 127.0.0.1:@port:host@
<VirtualHost 127.0.0.1:@port:host@>
    LuaRoot "@lua@/host"
    LuaModule own
    LuaResponseHandler shop
</VirtualHost>
C

my @ROWS = (
    ['/shop', 'shop checked inited', 'the example of the guide'], ['/inner', 'inner  inited', 'a module in a folder'], ['/pack', 'pack  inited', 'a folder with init.lua'],
    ['/text', 'shop  inited', 'require in the text of a handler'], ['/other', 'other shop  inited', 'a section with another LuaRoot: its module of the same name'],
    ['/only', 'only checked inited', 'a module that only the other folder has'], ['/far', 'far  inited', 'LuaPackagePath of a section'],
    ['/list', 'only checked inited', 'two handlers of one section'], ['/shop', 'shop checked inited', 'the first again'],
);
plan skip_all => 'mod_lua has no handlers that are modules' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for my $option ($mpm eq 'event' ? qw(-AutoLoad +AutoLoad) : '-AutoLoad') {
        my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, config => $CONF =~ s/OPTION/$option/r);
        for my $row (@ROWS, @ROWS) { is $s->get($row->[0])->{content}, $row->[1], "$option: $row->[2]" }
        my $socket = $s->socket($s->port('host'));
        print {$socket} "GET /x HTTP/1.0\r\n\r\n";
        like do { local $/; <$socket> }, qr/shop of the host  inited$/, "$option: a virtual host with a LuaRoot of its own";
    }
});

done_testing;
