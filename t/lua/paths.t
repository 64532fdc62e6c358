# Where scripts and their modules are looked for: LuaRoot, LuaPackagePath, LuaPackageCPath, the script's own folder.
use lib 't/lib';
use TestHttpd::Lua;

my $USE   = 'function handle(r) r:puts(require("mod").name, " ", require("mod") == require("mod") and "once" or "twice") return apache2.OK end';
my %FILES = (
    (map { ("htdocs/$_/page.lua" => $USE, "htdocs/$_/mod.lua" => qq(return { name = "of $_" })) } qw(a b)),
    'htdocs/c/page.lua'     => $USE, 'inc/mod.lua' => 'return { name = "of inc" }', 'inc2/mod.lua' => 'return { name = "of inc2" }',
    'htdocs/c/deep/page.lua' => 'function handle(r) local m = require("pack") r:puts(m.name, " ", require("pack.part").name) return apache2.OK end',
    'inc/pack/init.lua'     => 'return { name = "a pack" }', 'inc/pack/part.lua' => 'return { name = "its part" }',
    'htdocs/paths.lua'      => 'function handle(r) r:puts(package.path, "\n", package.cpath, "\n") return apache2.OK end',
    'htdocs/a/none.lua'     => 'function handle(r) local ok, e = pcall(require, "is_nowhere") r:puts(tostring(ok), e) return apache2.OK end',
    'htdocs/a/bad.lua'      => 'function handle(r) local ok, e = pcall(require, "bad_mod") r:puts(tostring(ok), e) return apache2.OK end',
    'htdocs/a/bad_mod.lua'  => "local x = 1\nerror('module broke')",
    'htdocs/a/std.lua'      => 'function handle(r) r:puts(tostring(require("string") == string), tostring(require("math") == math)) return apache2.OK end',
    'lua2/where.lua'        => 'function handle(r) r:puts("in lua2") return apache2.OK end',
    'lua/where.lua'         => 'function handle(r) r:puts("in lua") return apache2.OK end',
    'lua/sub/where.lua'     => 'function handle(r) r:puts((require("beside"))) return apache2.OK end',
    'lua/sub/beside.lua'    => 'return "beside it"',
);
my $CONF = <<'C';
<Directory "@root@/htdocs/c">
    LuaPackagePath "@root@/inc/?.lua"
    LuaPackagePath "@root@/inc/?/init.lua"
</Directory>
<Directory "@root@/htdocs/b">
    LuaPackagePath "@root@/inc/?.lua"
</Directory>
<Location /second>
    LuaPackagePath "@root@/inc2/?.lua"
    LuaInherit parent-last
</Location>
Alias /second "@root@/htdocs/c"
<Files paths.lua>
    LuaPackagePath "@root@/p1/?.lua"
    LuaPackagePath "@root@/p2/?.lua"
    LuaPackagePath "relative/?.lua"
    LuaPackageCPath "@root@/c1/?.so"
</Files>
LuaMapHandler ^/where$ where.lua
LuaMapHandler ^/sub$ sub/where.lua
<VirtualHost 127.0.0.1:@port@>
    ServerName main
    DocumentRoot "@root@/htdocs"
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName second.org
    DocumentRoot "@root@/htdocs"
    LuaRoot "@root@/lua2"
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName third.org
    DocumentRoot "@root@/htdocs"
    LuaScope once
</VirtualHost>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for my $scope (qw(once server)) {
        my $s = TestHttpd::Lua->start(mpm => $mpm, files => \%FILES, config => "LuaScope $scope\n$CONF");
        $s->expect_log(qr/where\.lua/) unless ours;
        my $get = sub { $s->get($_[0], Host => $_[1] || 'main')->{content} };
        for my $turn (1, 2) {
            is $get->('/a/page.lua'), 'of a once', "$scope: a module beside its script";
            is $get->('/b/page.lua'), 'of b once', "$scope: another folder has another module of that name, before LuaPackagePath";
            is $get->('/c/page.lua'), 'of inc once', "$scope: LuaPackagePath";
        }
        is $get->('/c/deep/page.lua'), 'a pack its part', "$scope: several paths, inherited, and modules in folders";
        is $get->('/second/page.lua'), 'of inc2 once', "$scope: LuaInherit parent-last puts the own path first" if $scope eq 'once' || ours;    # one state for both paths
        my ($path, $cpath) = split /\n/, $get->('/paths.lua');
        my $root = quotemeta $s->root;
        like $path, qr{(?:^|;)$root/htdocs/\?\.lua;.*$root/p1/\?\.lua;$root/p2/\?\.lua;$root/lua/relative/\?\.lua(?:;|$)}, "$scope: package.path";
        like $cpath, qr{(?:^|;)$root/c1/\?\.so(?:;|$)}, "$scope: package.cpath";
        unlike $get->('/a/none.lua'), qr/^true/, "$scope: what is nowhere is an error";
        like $get->('/a/none.lua'), qr{is_nowhere.*/htdocs/a/is_nowhere\.lua}s, "$scope: which says where it looked";
        like $get->('/a/bad.lua'), qr{^false.*bad_mod\.lua:2: module broke}, "$scope: an error in a module" for 1, 2;
        is $get->('/a/std.lua'), 'truetrue', "$scope: the standard libraries by require";
        is $get->('/where'), 'in lua', "$scope: LuaRoot";
        is $get->('/sub'), 'beside it', "$scope: a module beside a script below it";
        is $get->('/where', 'second.org'), 'in lua2', "$scope: a virtual host has its own LuaRoot";
        local our $TODO = 'mod_lua: a virtual host with a Lua directive of its own loses it' unless ours;
        is $get->('/where', 'third.org'), 'in lua', "$scope: or the main server's";
    }
});

done_testing;
