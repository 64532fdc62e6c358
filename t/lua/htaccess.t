# .htaccess runs no Lua unless the server's configuration says LuaOptions +Htaccess; what runs nothing is always allowed.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_lua runs code from .htaccess: an intended difference' unless ours;

my $CONF = <<'C';
<Directory "@root@/htdocs">
    AllowOverride All
</Directory>
C
my %CASES = (
    hook    => ["LuaHookFixups hooks.lua f\n", 'LuaHookFixups'],
    map     => ["LuaMapHandler .* hooks.lua f\n", 'LuaMapHandler'],
    block   => ["<LuaHookFixups f>\nfunction f(r) return 403 end\n</LuaHookFixups>\n", 'LuaHookFixups'],
    path    => ["LuaPackagePath \"\@root\@/evil/?.lua\"\n", 'LuaPackagePath'],
    handler => ["SetHandler lua-script\n", undef],
);
my %files = map { ("htdocs/$_/.htaccess" => $CASES{$_}[0], "htdocs/$_/page.lua" => 'function handle(r) r:puts("the script") return apache2.OK end') } keys %CASES;
$files{'htdocs/scope/.htaccess'} = "LuaScope conn\nLuaCodeCache never\nLuaSetVar a b\n";
$files{'htdocs/scope/page.lua'}  = $files{'htdocs/hook/page.lua'};
my %scripts = ('hooks.lua' => "function f(r) r.headers_out['X-Ran'] = 'yes' return apache2.DECLINED end");

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, files => \%files, config => $CONF);
    is $s->get('/scope/page.lua')->{content}, 'the script', 'scope, code cache and variables are allowed';
    for my $dir (qw(hook map block path)) {
        my $directive = $CASES{$dir}[1];
        $s->mark_log;
        is $s->get("/$dir/page.lua")->{status}, 500, "$dir: refused";
        $s->log_like(qr/\.htaccess: <?$directive>?: .*LuaOptions \+Htaccess/, '  and the log says which line to add');
    }
    my $allowed = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, files => \%files, config => "LuaOptions +Htaccess\n$CONF");
    is $allowed->get('/hook/page.lua')->{headers}{'x-ran'}, 'yes', 'with LuaOptions +Htaccess a hook runs';
    is $allowed->get('/block/page.lua')->{status}, 403, 'and a block';
});

done_testing;
