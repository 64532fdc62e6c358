# Classic mistakes in Lua: the log says what was meant and what to write.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_lua gives no hints' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'page.lua' => <<'L' }, files => { 'htdocs/script.lua' => 'function handle(r) print("hi") return apache2.OK end', 'htdocs/page.txt' => 'page' }, config => <<'C');
function text(r) return "Hello" end
function nothing(r) r:puts("x") end
function one(r) return 1 end
function full(r) r:puts("x") return 200 end
function made(r) return 201 end
function gone(r) return 410 end
function nopage(r) print("hi") return apache2.OK end
function nowrite(r) io.write("hi") return apache2.OK end
function both(r) print("hi") r:puts("x") return apache2.OK end
function sent(r) print("hi") r:sendfile(r.document_root .. "/page.txt") return apache2.OK end
function flushed(r) print("hi") r:puts("x") r:flush() return apache2.OK end
function wrong(r) print("hi") return 404 end
function tofile(r) local f = io.tmpfile() local was = io.output() io.output(f) io.write("hi") io.output(was) f:close() return apache2.OK end
function silent(r) return apache2.OK end
function fixup(r) print("hi") return apache2.DECLINED end
function form(r) r:parsebody() r:puts("x") return apache2.OK end
function long(r) r:parsebody(10) r:puts("x") return apache2.OK end
L
LogLevel warn lua:info
LuaMapHandler ^/map/(\w+)$ page.lua $1
<Location /handler/nopage>
    SetHandler lua
    LuaResponseHandler page.lua:nopage
</Location>
<Location /handler/full>
    SetHandler lua
    LuaResponseHandler page.lua:full
</Location>
<Files script.lua>
    SetHandler lua-script
</Files>
<Location /map/silent>
    LuaHookFixups page.lua fixup
</Location>
<Location /text>
    SetHandler lua
    LuaResponseHandler page.lua:text
</Location>
<Location /nothing>
    SetHandler lua
    LuaResponseHandler page.lua:nothing
</Location>
<Location /one>
    SetHandler lua
    LuaResponseHandler page.lua:one
</Location>
<Location /none>
    LuaResponseHandler page.lua:nothing
</Location>
<Location /wrong>
    SetHandler lua_script
</Location>
C
    $s->expect_log(qr/AH00524/);
    my $said = sub { my ($path, $re, $name) = @_; $s->mark_log; my $r = $s->get($path); $s->log_like($re, $name); $r };
    $s->log_like(qr/\[lua:warn\] .*SetHandler lua_script \(\S+:\d+\): no module has a handler of this name: write lua-script/, 'a word that is almost ours');
    $said->('/text', qr/LuaResponseHandler page\.lua:text, \S+: returned no number, which counts as OK: return apache2\.OK \(0\), apache2\.DECLINED/, 'text');
    $said->('/one', qr/LuaResponseHandler page\.lua:one, \S+: returned 1, which is no status: return apache2\.OK/, 'a number that is no status');
    $s->mark_log;
    is $s->get('/nothing')->{content}, 'x', 'nothing is OK';
    $s->log_unlike(qr/returned/, 'and no mistake');
    $said->('/none/x', qr/\[lua:info\] .*LuaResponseHandler page\.lua:nothing, \S+: not asked for \/none\/x, since there is no SetHandler here: add SetHandler lua$/m, 'a handler that no SetHandler reaches');

    # return 200
    my $success = qr/for which httpd sends a page about an error: return apache2\.OK \(0\), and set r\.status/;
    $said->('/map/full', qr/\[lua:warn\] .*LuaMapHandler \S+page\.lua: returned 200, $success/, 'return 200 of a script');
    $said->('/handler/full', qr/LuaResponseHandler page\.lua:full, \S+: returned 200, $success/, 'of a handler');
    $said->('/map/made', qr/: returned 201, $success/, 'return 201');
    $said->('/map/one', qr/LuaMapHandler \S+page\.lua: returned 1, which is no status: return apache2\.OK/, 'return 1 of a script');
    my $silent = sub { my ($path, $name) = @_; $s->mark_log; my $r = $s->get($path); $s->log_unlike(qr/\[lua:(?:warn|info|error)\]/, $name); $r };
    $silent->('/map/gone', 'return 410 is no mistake');

    # print
    my $print = qr/: sent nothing, but printed to STDOUT, which is the server's own here: write r:puts, or r:write$/m;
    $said->('/map/nopage', qr/\[lua:warn\] .*LuaMapHandler \S+page\.lua$print/, 'print and no page');
    $said->('/map/nowrite', qr/LuaMapHandler \S+page\.lua$print/, 'io.write and no page');
    $said->('/handler/nopage', qr/LuaResponseHandler page\.lua:nopage, \S+$print/, 'print in a handler');
    $said->('/script.lua', qr/SetHandler lua-script \S+script\.lua$print/, 'print in a script that is the file');
    is $silent->("/map/$_", "print beside what is sent is no mistake: $_")->{content}, /sent/ ? 'page' : 'x', 'which is sent' for qw(both sent flushed);
    $silent->('/map/wrong', 'nor where another status is returned');
    $silent->('/map/tofile', 'nor io.write into a file');
    $silent->('/map/silent', 'nor a print of an earlier phase');

    # a form that is too long
    my $post = sub { my ($path, $n) = @_; $s->mark_log; $s->post($path, 'a=' . 'x' x $n, 'Content-Type' => 'application/x-www-form-urlencoded')->{content} };
    is $post->('/map/form', 9000), 'x', 'a form of 9000 bytes';
    $s->log_like(qr/\[lua:warn\] .*r:parsebody: the request body is larger than 8192 bytes, the tables are empty: r:parsebody\(bytes\) takes more/, 'is named in the log');
    is $post->('/map/form', 100), 'x', 'a short one';
    $s->log_unlike(qr/parsebody/, 'is not');
    is $post->('/map/long', 100), 'x', 'one that is longer than the script says';
    $s->log_like(qr/\[lua:info\] .*r:parsebody: the request body is larger than 10 bytes/, 'is named at level info');
});

done_testing;
