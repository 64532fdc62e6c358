# LuaMapHandler was refused in <Directory> and <Files>, where its manual allows it.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['in <Directory>', 'return 1', 'mapped /dir/x', at => '/dir/x'],
    ['not outside',    'return 1', undef, at => '/other/x', status => 404],
    ['in <Files>',     'return 1', 'mapped /file.map', at => '/file.map'],
], files => { 'htdocs/dir/y' => '', 'htdocs/file.map' => '' }, scripts => { 'm.lua' => 'function handle(r) r:puts("mapped ", r.uri) return apache2.OK end' }, config => <<'C');
<Directory "@root@/htdocs/dir">
    LuaMapHandler ^/.*x$ m.lua
</Directory>
<Files *.map>
    LuaMapHandler .* m.lua
</Files>
C

done_testing;
