# Modules of scripts: they live as long as the script's globals do, and see them, as where each script has a Lua of its own.
use lib 't/lib';
use TestHttpd::Lua;

my $PAGE = <<'L';
unit = "km"
local m = require "counter"
local cjson = pcall(require, "cjson") and require "cjson"
function handle(r)
    m.n = m.n + 1
    local late = require "late"
    r:puts(m.n, " ", m.text(3), " ", shown(4), " ", tostring(late.counter == m), " ", tostring(cjson == (cjson and require "cjson")))
    return apache2.OK
end
L
my %FILES = (
    'htdocs/page.lua'    => $PAGE,
    'htdocs/other.lua'   => "local m = require 'counter'\nfunction handle(r) m.n = m.n + 100 r:puts(m.n, tostring(unit)) return apache2.OK end\n",
    'htdocs/counter.lua' => "function shown(n) return n .. unit end\nreturn { n = 0, text = function(n) return n .. unit end }\n",
    'htdocs/late.lua'    => "return { counter = require 'counter' }\n",
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for my $scope (qw(once request conn), $mpm eq 'event' ? 'server' : ()) {    # prefork: a child each
        my $s = TestHttpd::Lua->start(mpm => $mpm, files => \%FILES, config => "LuaScope $scope\n");
        my $page = sub { $s->get('/page.lua')->{content} };
        my $kept = $scope eq 'server';
        is $page->(), '1 3km 4km true true', "$scope: a module, its functions, and one that loads it, too";
        is $s->get('/other.lua')->{content}, '100nil', "$scope: another script has a module of its own";
        is $page->(), ($kept ? 2 : 1) . ' 3km 4km true true', $kept ? "$scope: the module stays" : "$scope: the next request has a new one";
        TestHttpd::spew($s->root . '/htdocs/counter.lua', "function shown(n) return n .. ' of ' .. unit end\nreturn { n = 10, text = function(n) return n .. unit end }\n");
        is $page->(), $kept ? '3 3km 4km true true' : '11 3km 4 of km true true', $kept ? "$scope: with its code" : "$scope: and its new code";
    }
});

done_testing;
