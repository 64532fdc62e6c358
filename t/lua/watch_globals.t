# LuaOptions +WatchGlobals, for development: a global that a handler makes is named in the log with file and line.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'mod_lua has no such option') unless ours;

my %SCRIPTS = (
    'leaks.lua' => <<'L',
top = 1
local mod = require "shared"
function handle(r)
  top = 2
  local mine = 1
  leaked = mine
  leaked = 2
  _G.other = 3
  rawset(_G, "quiet", 4)
  r:puts("done")
  return apache2.OK
end
function through_module(r) mod.set() r:puts("done") return apache2.OK end
function in_function(r)
  local function inner() from_inner = 1 end
  inner()
  r:puts("done")
  return apache2.OK
end
function clean(r) local a = top r:puts("done") return apache2.OK end
function hook(r) from_hook = 1 return apache2.DECLINED end
L
    'shared.lua' => "loaded_at_once = 1\nreturn { set = function()\n  from_module = 1\n end }\n",
);
my $CONF = <<'C';
LuaMapHandler ^/(handle|through_module|in_function|clean)$ leaks.lua $1
LuaMapHandler ^/hooked$ leaks.lua clean
<Location /hooked>
    LuaHookFixups leaks.lua hook
</Location>
LuaInterpStart 1
LuaInterpMax 1
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => "LuaOptions +WatchGlobals\n$CONF", scripts => \%SCRIPTS);
    my $named = sub {
        my ($path, @lines) = @_;
        $s->mark_log;
        is $s->get($path)->{content}, 'done', "$path: served";
        $s->wait_for_log($lines[-1], 20) if @lines;
        my @got = grep { !/loaded_at_once/ } $s->log_since =~ /\[lua:warn\].*LuaOptions WatchGlobals: \S*?(\w+\.lua:.*)$/mg;
        s/ \(.*// for @got;
        my @expected = map { "$_" } @lines;
        is_deeply \@got, [map { s/^\(\?\^:|\)$//gr } @expected], "$path: named";
    };
    $named->('/handle', "leaks.lua:6: global 'leaked'", "leaks.lua:8: global 'other'");
    $named->('/handle', "leaks.lua:6: global 'leaked'", "leaks.lua:8: global 'other'");
    $named->('/in_function', "leaks.lua:15: global 'from_inner'");
    $named->('/through_module', "shared.lua:3: global 'from_module'");
    $named->('/clean');
    $named->('/hooked', "leaks.lua:21: global 'from_hook'");
});

for my $option ('', "LuaOptions -WatchGlobals\n") {
    my $s = TestHttpd::Lua->start(mpm => 'event', config => $option . $CONF, scripts => \%SCRIPTS);
    is $s->get('/handle')->{content}, 'done', 'without it: served';
    unlike $s->log, qr/WatchGlobals/, '  and nothing is said';
    $s->stop;
}
{   # in a section
    my $s = TestHttpd::Lua->start(mpm => 'event', config => "$CONF\n<Location /handle>\nLuaOptions +WatchGlobals\n</Location>\n", scripts => \%SCRIPTS);
    $s->get($_) for qw(/in_function /handle /in_function);
    $s->log_like(qr/LuaOptions WatchGlobals: \S+leaks\.lua:6: global 'leaked'/, 'in a section: what is served there is told');
    $s->log_unlike(qr/WatchGlobals: .*from_inner/, '  and nothing else');
    $s->stop;
}
my ($status, $output) = TestHttpd::Lua->config_test(config => "LuaOptions +WatchGlobal\n");
isnt $status, 0, 'a name that is none';
like $output, qr/LuaOptions: "WatchGlobal"/, '  is named';

done_testing;
