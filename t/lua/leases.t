# One state is enough for whatever a request sets off: includes, internal redirects, rewrites, error documents, lookups. With
# LuaInterpMax 1 a second one asked for by the same request would wait for ever. The same in each LuaScope, one of which keeps
# the state for the request and one for the connection; and in front of a proxy none is held.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'limits of ours') unless ours;

my $SCRIPT = <<'L';
require "apache2"
function note(...)
  local f = io.open("@var@/trace", "a")
  f:write(table.concat({...}, " "), "\n")
  f:close()
end
function page(r) r.content_type = "text/html" r:puts("[", r.uri, "]") return apache2.OK end
function decline(r) note("decline") return apache2.DECLINED end
function pass(r) passed = (passed or 0) + 1 return apache2.DECLINED end
function missing(r) return 404 end
function refuse(r) return 401 end
function broken(r) error("broken page") end
function sorry(r) r.content_type = "text/plain" r:puts("error page ", r.prev and r.prev.uri or "none") return apache2.OK end
function redirect(r) r:internal_redirect("/page/redirected") return apache2.OK end
function lookup(r) local sub = r:lookup_uri("/page/sub") r.content_type = "text/plain" r:puts("lookup ", ("%d"):format(sub.status)) return apache2.OK end
function runs(r) r.content_type = "text/html" r:puts("<") r:flush() r:lookup_uri("/page/sub"):run() r:puts(">") return apache2.OK end
function upper(r) coroutine.yield() while bucket do coroutine.yield(bucket:upper()) end end
function log(r) note("log", r.uri) return apache2.DECLINED end
L
my @SCOPES = ('once', 'request', 'conn', 'thread', 'server', 'server 1 1');
my %files = (
    'htdocs/ssi.shtml'     => 'a <!--#include virtual="/page/one" --> b <!--#include virtual="/page/two" --> c',
    'htdocs/script.shtml'  => '<!--#include virtual="/own.lua" --> <!--#include virtual="/own.lua" -->',
    'htdocs/own.lua'       => "require 'apache2' function handle(r) r:puts('own') return apache2.OK end",
    'htdocs/dir/index.html' => 'index',
    'htdocs/luadir/index.lua' => "require 'apache2' function handle(r) r:puts('index of Lua') return apache2.OK end",
    'htdocs/plain.txt'     => 'plain',
    'htdocs/filtered/ssi.shtml' => 'a <!--#include virtual="/page/one" --> c',
    'htdocs/rewrite/.keep' => '',
);
my $CONF = <<'C';
LuaInterpStart 1
LuaInterpMax 1
LuaInterpMinSpare 1
LuaInterpMaxSpare 1
LuaInterpMaxWait 3s
KeepAliveTimeout 1
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
LuaScope SCOPE
LuaHookTranslateName lease.lua pass
LuaMapHandler ^/page lease.lua page
LuaMapHandler ^/missing lease.lua missing
LuaMapHandler ^/broken lease.lua broken
LuaMapHandler ^/error lease.lua sorry
LuaMapHandler ^/redirect lease.lua redirect
LuaMapHandler ^/lookup lease.lua lookup
LuaMapHandler ^/runs lease.lua runs
LuaMapHandler ^/plain lease.lua decline
LuaMapHandler ^/pla.n lease.lua decline
LuaOutputFilter upper lease.lua upper
<Directory "@root@/htdocs">
    Options +Includes +FollowSymLinks
    DirectoryIndex index.lua index.html
</Directory>
<Directory "@root@/htdocs/rewrite">
    RewriteEngine On
    RewriteRule ^x$ /page/rewritten [PT]
</Directory>
<Directory "@root@/htdocs/filtered">
    SetOutputFilter INCLUDES;upper
</Directory>
<Location />
    LuaHookAccessChecker lease.lua pass
    LuaHookFixups lease.lua pass
    LuaHookLog lease.lua log
</Location>
<Location ~ ^/(missing|broken)>
    ErrorDocument 404 /error
    ErrorDocument 500 /error
</Location>
<Location /auth>
    AuthType Here
    AuthName test
    Require valid-user
    LuaHookCheckUserID lease.lua refuse
    ErrorDocument 401 /error
</Location>
C
my @CASES = (
    ['/ssi.shtml', 200, 'a [/page/one] b [/page/two] c', 'two includes'],
    ['/script.shtml', 200, 'own own', 'a script included twice'],
    ['/filtered/ssi.shtml', 200, 'A [/PAGE/ONE] C', 'an include within a filter'],
    ['/rewrite/x', 200, '[/page/rewritten]', 'a rewrite per directory'],
    ['/missing', 404, 'error page /missing', 'an ErrorDocument'],
    ['/broken', 500, 'error page /broken', 'an ErrorDocument after an error'],
    ['/auth', 401, 'error page /auth', 'the page of a refused login'],
    ['/dir/', 200, 'index', 'DirectoryIndex'],
    ['/luadir/', 200, 'index of Lua', 'DirectoryIndex that is a script'],
    ['/redirect', 200, '[/page/redirected]', 'an internal redirect'],
    ['/lookup', 200, 'lookup 200', 'a subrequest that is only looked up'],
    ['/runs', 200, '<[/page/sub]>', 'a subrequest that is run'],
    ['/plain.txt', 200, 'plain', 'all handlers decline'],
);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for my $scope (@SCOPES) {
        my $s = TestHttpd::Lua->start(mpm => $mpm, load => [qw(include rewrite)], scripts => { 'lease.lua' => $SCRIPT }, files => \%files,
            config => $CONF =~ s/SCOPE/$scope/r);
        $s->expect_log(qr/broken page/);
        for my $case (@CASES) {
            my ($path, $status, $content, $name) = @$case;
            $s->trace;
            my $answer = $s->get($path);
            is $answer->{status}, $status, "$scope: $name";
            is $answer->{content}, $content, '  content';
            ok scalar(grep { /^log/ } $s->wait_for_trace(qr/^log/m)), '  and the log hook ran';
        }
        # One after the other on a connection that is kept: each may find what the one before has left.
        my @kept = grep { $_->[1] != 500 } @CASES;          # behind a 500 httpd closes
        my $all = $s->raw(join '', map { "GET $_->[0] HTTP/1.1\r\nHost: x\r\n" . ($_ == $kept[-1] ? "Connection: close\r\n" : '') . "\r\n" } @kept);
        my $n = () = $all =~ m{HTTP/1\.1 \d\d\d }g;
        is $n, scalar @kept, "$scope: all of them on one connection";
        unlike $all, qr{HTTP/1\.1 503}, '  none waits for a state';
        is $s->get('/page/last')->{content}, '[/page/last]', "$scope: the state is back";
        $s->stop;
    }
});

# In front of a proxy: the backend's page, which takes its time, is asked for by many at once; with one state, held through none.
my $BACKEND = <<'L';
require "apache2"
local function note(text) local f = io.open("@var@/trace", "a") f:write(text, "\n") f:close() end
function page(r) note("in") r.usleep(1000000) note("out") r:puts("slow page") return apache2.OK end
L
for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    my $backend = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'slow.lua' => $BACKEND }, config => "LuaMapHandler ^/slow slow.lua page\n");
    my $to = $backend->port;
    for my $scope ('once', 'thread', 'server', 'request') {
        my $s = TestHttpd::Lua->start(mpm => $mpm, load => [qw(proxy proxy_http)], scripts => { 'lease.lua' => $SCRIPT }, config => <<"C");
LuaInterpStart 1
LuaInterpMax 1
LuaInterpMaxWait 60s
ServerLimit 1
StartServers 1
ProxyPass /proxied http://127.0.0.1:$to/slow
<Location /proxied>
    LuaScope $scope
    LuaHookAccessChecker lease.lua pass
    LuaAccessHandler lease.lua:pass
    LuaHookFixups lease.lua pass
    LuaHookLog lease.lua pass
</Location>
C
        $backend->trace;
        my @got = $s->parallel(6, sub { $s->get('/proxied')->{content} });
        is_deeply \@got, [ map { ['slow page'] } 1 .. 6 ], "$scope: six proxied requests behind access and fixup hooks";
        # The globals of scope request are kept with the request, and with them the state that they live in.
        my ($there, $most) = (0, 0);
        for ($backend->trace) { $there += $_ eq 'in' ? 1 : -1; $most = $there if $there > $most }
        if ($scope eq 'request') { is $most, 1, '  one after the other, as each keeps its globals' }
        else                     { cmp_ok $most, '>', 1, '  at the same time: the one state waits for none of them' }
        $s->stop;
    }
});

done_testing;
