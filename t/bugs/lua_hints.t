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
function nofile(r) r:sendfile("/no/such") r:puts("x") return apache2.OK end
function nodir(r) r:sendfile(r.document_root) r:puts("x") return apache2.OK end
function nomodule(r) require "not.there" end
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
<Location /bare>
    SetHandler lua
</Location>
<Location /nomodule>
    SetHandler lua
    LuaResponseHandler not.there
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

    $said->('/bare/x', qr/\[lua:info\] .*SetHandler lua: there is no handler to ask for \/bare\/x: add a LuaResponseHandler line$/m, 'SetHandler without a handler');
    my $path = qr/; if not\/there\.lua lies in another folder, add that: LuaPackagePath \/folder\/\?\.lua, or LuaPackageCPath \/folder\/\?\.so for a module in C\)/;
    $said->('/map/nomodule', qr/module 'not\.there' not found: \(LuaMapHandler \S+page\.lua$path/, 'a module that is in no folder');
    $said->('/nomodule', qr/LuaResponseHandler not\.there, \S+$path/, "a handler's, too");
    $s->expect_log(qr/no (?:file|field) '?|stack traceback|\[lua:error\] .*\]   /);
    is $said->('/map/nofile', qr/\[lua:warn\] .*r:sendfile: \/no\/such: No such file or directory$/m, 'a file to send that is not there is named, with the reason')->{content}, 'x', 'and the script goes on';
    $said->('/map/nodir', qr/r:sendfile: \S+htdocs: Is a directory$/m, 'a directory, too');

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

# httpd -t looks for scripts where it is asked to, and where the line alone says which file it is.
{
    my %scripts = ('good.lua' => 'function handle(r) return 0 end function out(r) coroutine.yield() end', 'broken.lua' => 'function handle(r', 'chunk.lua' => 'error("no table")');
    my @lines = (
        ['LuaMapHandler ^/a$ good.lua',           undef],
        ['LuaMapHandler ^/a$ good.lua handle',    undef],
        ['LuaMapHandler ^/(\\w+)$ good.lua $1',    undef],
        ['LuaMapHandler ^/(\\w+)$ $1.lua handle',  undef],
        ['LuaMapHandler ^/a$ none.lua',           qr/LuaMapHandler: "none\.lua:handle" \(\S+\): cannot be resolved: cannot open \S+none\.lua/],
        ['LuaMapHandler ^/(\\w+)$ none.lua $1',    qr/LuaMapHandler: "none\.lua:" \(\S+\): cannot be resolved: cannot open \S+none\.lua/],
        ['LuaMapHandler ^/(\\w+)$ broken.lua $1',  qr/LuaMapHandler: "broken\.lua:" .*broken\.lua:1: /],
        ['LuaMapHandler ^/a$ chunk.lua',          qr/LuaMapHandler: "chunk\.lua:handle" .*no table/],
        ['LuaMapHandler ^/a$ good.lua other',     qr/LuaMapHandler: "good\.lua:other" .*there is no function 'other' in /],
        ['LuaOutputFilter f good.lua out',        undef],
        ['LuaOutputFilter f good.lua other',      qr/LuaOutputFilter: "good\.lua:other" .*there is no function 'other' in /],
        ['LuaInputFilter f none.lua into',        qr/LuaInputFilter: "none\.lua:into" .*cannot open \S+none\.lua/],
        ['LuaAuthzProvider p none.lua check',     qr/LuaAuthzProvider: "none\.lua:check" .*cannot open \S+none\.lua/],
        ['LuaHookFixups none.lua fix',            qr/LuaHookFixups: "none\.lua:fix" .*cannot open \S+none\.lua/],
    );
    my $test = sub { TestHttpd::Lua->config_test(scripts => \%scripts, config => join '', map { "$_\n" } @_) };
    for (@lines) {
        my ($line, $why) = @$_;
        my ($status, $text) = $test->('LuaOptions +AutoLoad', $line);
        $why ? like $text, $why, "$line: httpd -t says why" : is $status, 0, "$line: httpd -t takes it" or diag $text;
    }
    my ($status) = $test->(grep { !/Hook|Provider/ } map { $_->[0] } @lines);
    is $status, 0, 'unasked it does not look';
}

done_testing;
