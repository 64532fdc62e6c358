# The handlers of t/ under Valgrind: no invalid access, no jump on what was never set, no definite loss from our frames.
# Run by `make valgrind`, not by `make t`: it takes minutes. VALGRIND="t/api/log.t t/lua/body.t" takes these files only,
# VALGRIND=perl or lua what concerns one language.
use lib 't/lib';
BEGIN { $ENV{T_DEADLINE} ||= 300 }
use TestHttpd;
use TestHttpd::Lua ();

plan skip_all => 'run by make valgrind' unless $ENV{VALGRIND};
plan skip_all => 'needs valgrind' unless grep { -x "$_/valgrind" } split /:/, $ENV{PATH};

my $dir = File::Temp::tempdir('mod_interp_vg.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0777, $dir;
my @valgrind = (
    'valgrind', "--log-file=$dir/%p", '--leak-check=full', '--show-leak-kinds=definite', '--num-callers=40', '--keep-debuginfo=yes', '--error-limit=no',
    '--trace-children=no', map { "--suppressions=$_" } glob TestHttpd::top() . '/t/soak/supp/*.supp'
);

# What the reports in the folder say since the last call.
sub reports {
    my @blocks = map { split /\n==\d+== \n/, slurp($_) } glob "$dir/*";
    unlink glob "$dir/*";
    return @blocks;
}

# Whether the innermost frame that is neither an allocator's nor a library's is ours, and no operation of a script lies before it.
sub is_ours {
    my ($block) = @_;
    for my $frame (grep { /^==\d+==\s+(?:at|by) 0x/ } split /\n/, $block) {
        return 0 if $frame =~ /Perl_(?:pp_|runops|yyparse)|luaV_execute|ap_run_|apr_pool_/;
        next if $frame =~ /\(arena\.c:\d+\)/;                # Lua's allocator
        return 1 if $frame =~ /\((?:guard|handler|life|xsub|bind|clone|env|io|abi|trim|util|base|bits|door|random|run|text)\.c:\d+\)|mod_interp|interp_(?:perl|lua)|<?(?:tipool|config|apr|httpd|apr_api|interp)::/;
    }
    return 0;
}

# mod_http2, which does not support prefork, dies by itself when a child ends inside a signal handler.
sub is_http2s { $_[0] =~ /^==\d+==\s+at 0x[^\n]*mod_http2\.so/m && $_[0] !~ /mod_interp/ }

sub clean {
    my ($name) = @_;
    my @blocks  = reports();
    my @invalid = grep { /Invalid (?:read|write|free)|uninitialised|Mismatched free|Process terminating/ && !is_http2s($_) } @blocks;
    my @lost    = grep { /are definitely lost/ && is_ours($_) } @blocks;
    ok @blocks > 0, "$name: Valgrind has reported";
    is scalar(@invalid), 0, '  no invalid access' or diag join "\n", @invalid[0 .. ($#invalid > 4 ? 4 : $#invalid)];
    is scalar(@lost), 0, '  no definite loss from our frames' or diag join "\n", @lost[0 .. ($#lost > 4 ? 4 : $#lost)];
}

my @files  = $ENV{VALGRIND} =~ /\.t\b/ ? split ' ', $ENV{VALGRIND} : ();
my $tongue = $ENV{VALGRIND} =~ /^(?:perl|lua)$/ ? $ENV{VALGRIND} : '';
my $lua    = TestHttpd::Lua::has_lua();

# One request for each kind of handler, in one process that tears its interpreter down.
if (!@files && $tongue ne 'lua') {
    my $s = TestHttpd->start(
        mpm => 'prefork', args => ['-X'], wrap => \@valgrind, env => { PERL_DESTRUCT_LEVEL => 2 }, modules => { 'My/V.pm' => <<'P' }, config => <<'C');
package My::V;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Log ();
use APR::Table ();
use APR::Pool ();
use Apache2::Const -compile => qw(OK DECLINED NOT_FOUND);
our $kept;
sub ok      { Apache2::Const::OK }
sub handler {
    my $r = shift;
    my $how = $r->args || '';
    $r->content_type('text/plain');
    if ($how eq 'die')     { die "as asked\n" }
    if ($how eq 'object')  { die bless { text => 'as asked' }, 'My::V::Object' }
    if ($how eq 'exit')    { $r->print('before'); exit }
    if ($how eq 'read')    { my $all = ''; while ($r->read(my $piece, 100)) { $all .= $piece } $r->print(length $all) }
    if ($how eq 'pnotes')  { $r->pnotes(a => [1 .. 10]); $r->pnotes(code => sub { 1 }); $r->connection->pnotes(c => {}); $r->print(scalar @{ $r->pnotes('a') }) }
    if ($how eq 'table')   { my $t = $r->notes; $t->add("k$_" => $_) for 1 .. 10; my $n = 0; $t->do(sub { $n++; 1 }); $r->print($n) }
    if ($how eq 'tie')     { my $t = $r->headers_in; $r->print(join ',', sort keys %$t); delete $t->{Host}; $t->{X} = 1; while (my ($k, $v) = each %$t) { } }
    if ($how eq 'push')    { my $x = 'x' x 10; $r->push_handlers(PerlLogHandler => sub { length $x; 0 }); $r->print('pushed') }
    if ($how eq 'set')     { $r->set_handlers(PerlLogHandler => [ sub { 0 }, 'My::V::ok' ]); my @h = @{ $r->get_handlers('PerlLogHandler') }; $r->print('set') }
    if ($how eq 'pool')    { my $p = $r->pool->new; my $q = APR::Pool->new; $p->cleanup_register(sub { 1 }, [1]); $q->cleanup_register(\&ok); undef $q; $r->pool->cleanup_register(sub { $r->uri }) }
    if ($how eq 'sub')     { $r->lookup_uri('/v?')->run; eval { $r->lookup_uri('/none')->status } }
    if ($how eq 'redirect'){ $r->internal_redirect('/v?'); return Apache2::Const::OK }
    if ($how eq 'send')    { $r->sendfile($INC{'My/V.pm'}); $r->write('abc', 1, 1); $r->puts('a', 'b'); $r->printf('%d', 5); $r->rflush }
    if ($how eq 'stale')   { $kept = $r; $r->print('kept') }
    if ($how eq 'usestale'){ eval { $kept->uri }; $r->print($@ ? 'gone' : 'there') }
    if ($how eq 'error')   { eval { $r->headers_in->set }; eval { Apache2::RequestRec::uri(undef) }; $r->log_error('as asked'); warn "as asked\n"; $r->print(1) }
    if ($how eq 'config')  { $r->add_config(['Require all granted']); $r->print($r->dir_config('V') // 'none') }
    if ($how eq 'fork')    { my $pid = fork // die; if (!$pid) { require POSIX; POSIX::_exit(0) } waitpid $pid, 0; $r->print(`echo $$`) }
    if ($how eq 'status')  { return Apache2::Const::NOT_FOUND }
    if ($how eq '')        { $r->print('hello') }
    return Apache2::Const::OK;
}
sub script {
    my $r = shift;
    $r->content_type('text/plain');
    print "$ENV{REQUEST_METHOD} ", join '', <STDIN>;
    if ($r->args) { $ENV{X} = [1]; local %ENV = (%ENV, Y => 2); delete $ENV{X}; $kept = \$ENV{Y}; printf STDOUT '%s', `true`; die "as asked\n" if $r->args eq 'die' }
    0;
}
sub method : method { my ($class, $r) = @_; $r->print($class); 0 }
package My::V::Object;
use overload '""' => sub { $_[0]{text} };
1;
P
PerlModule My::V
PerlPostReadRequestHandler My::V::ok
PerlTransHandler           "sub { -1 }"
PerlMapToStorageHandler    "sub { -1 }"
PerlPreConnectionHandler   My::V::ok
<Location />
    SetHandler modperl
    PerlSetVar V v
    PerlSetEnv V v
    PerlHeaderParserHandler My::V::ok
    PerlAccessHandler       My::V::ok
    PerlTypeHandler         My::V::ok
    PerlFixupHandler        My::V::ok "sub { 0 }"
    PerlResponseHandler     My::V
    PerlLogHandler          My::V::ok
    PerlCleanupHandler      My::V::ok
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::V::script
</Location>
<Location /method>
    PerlResponseHandler My::V->method
</Location>
<Location /missing>
    PerlResponseHandler My::Missing
</Location>
C
    $s->expect_log(qr/as asked|My::Missing|set: |uri: /);
    my %want = (die => 500, object => 500, status => 404);
    for my $how ('', qw(die object exit pnotes table tie push set pool sub redirect send stale usestale error config fork status)) {
        is $s->get("/v?$how")->{status}, $want{$how} || 200, "/v?$how";
    }
    is $s->post('/v?read', 'x' x 1000)->{content}, 1000, '/v?read';
    is $s->post('/script', 'body')->{content}, 'POST body', '/script';
    is $s->get('/script?env')->{content}, 'GET ', '/script?env' for 1, 2;
    $s->get('/script?die');
    is $s->get('/method')->{content}, 'My::V', '/method';
    is $s->get('/missing')->{status}, 500, '/missing';
    $s->stop;
    clean('one process');
}

# The same in Lua, which keeps its globals for a use, a request, a connection or for good.
if (!@files && $tongue ne 'perl' && $lua) {
    my $s = TestHttpd::Lua->start(
        mpm => 'prefork', args => ['-X'], wrap => \@valgrind, load => ['include'],
        files => { 'htdocs/ssi.shtml' => '<!--#include virtual="/once/plain" --> <!--#include virtual="/once/plain" -->', 'htdocs/page.txt' => 'page' x 10_000 },
        scripts => { 'mod.lua' => 'local mod = {} function mod.page(r) r:puts("module") return apache2.OK end return mod', 'v.lua' => <<'L' }, config => <<'C' . join '', map { <<"C" } qw(once request conn thread server));
require "apache2"
function plain(r) n = (n or 0) + 1 r.content_type = "text/plain" r:puts("plain ", r.uri) return apache2.OK end
function raises(r) local held = {} for i = 1, 10 do held[i] = { i } end error("as asked") end
function object(r) error(setmetatable({}, { __tostring = function() return "as asked" end })) end
function exits(r) r:puts("before") os.exit(3) end
function deep(r) local function f(n) return 1 + f(n + 1) end return f(1) end
function yields(r) coroutine.yield(r) end
function wraps(r) local co = coroutine.wrap(function() while true do coroutine.yield(r.uri) end end) r:puts(co(), co()) kept = co return apache2.OK end
function reads(r) r:puts(#(r:requestbody() or "")) return apache2.OK end
function form(r) local t, u = r:parsebody(1000000) r:puts(t.a or "none") return apache2.OK end
function tables(r) for i = 1, 10 do r.notes["k" .. i] = i end local n = 0 for k, v in pairs(r.notes) do n = n + 1 end r.headers_out["X-Y"] = "z" r.err_headers_out["X-Z"] = nil r:puts(n) return apache2.OK end
function pnotes(r) r:pnotes("list", { 1, 2, 3 }) r:pnotes("code", function() return r end) r:puts(#r:pnotes("list")) return apache2.OK end
function pushes(r) r:push_handlers("LuaLogHandler", function(r) return apache2.OK end) r.pool:cleanup_register(function() n = 1 end) r:puts("pushed") return apache2.OK end
function subs(r) local s = r:lookup_uri("/once/plain") r:puts(s.uri) s:run() return apache2.OK end
function redirects(r) r:internal_redirect("/once/plain") return apache2.OK end
function sends(r) r:sendfile(r.document_root .. "/page.txt") r:flush() return apache2.OK end
function stale(r) old = old or r local ok, why = pcall(function() return old.uri end) r:puts(tostring(ok)) return apache2.OK end
function wrong(r) pcall(function() r.status = {} end) pcall(r.puts, {}) pcall(r.notes.set, 1) r:err("as asked") r:puts(tostring(pcall(require, "no.such")))  return apache2.OK end
function odd(r) r:puts(r:md5("a"), r:sha1("a"), r:base64_decode(r:base64_encode("a")), r:escape("<"), r:htpassword("a", 1) or "") r:regex("abc", "(b)(c)") r:strcmp_match("a", "*") r:setcookie("a", "b") r:getcookie("a") r:ivm_set("k", ("v"):rep(1000)) r:ivm_get("k") r:stat(r.filename or "/") r:get_direntries(r.document_root) r:expr("1 == 1") return apache2.OK end
function bytes(r) local f = load("return ...") r:puts(tostring(load(string.dump(f), "x", "b")), f("a")) return apache2.OK end
function program(r) local p = io.popen("echo x") local x = p:read("a") p:close() os.execute("true") r:puts(x) return apache2.OK end
function status(r) return 404 end
function hook(r) seen = (seen or 0) + 1 return apache2.DECLINED end
function grants(r, ...) return select("#", ...) > 0 and apache2.AUTHZ_GRANTED or apache2.AUTHZ_DENIED end
function upper(r) coroutine.yield("<") while bucket do coroutine.yield(bucket:upper()) end coroutine.yield(">") end
function breaks(r) coroutine.yield() error("as asked") end
L
LuaRequire "@lua@/v.lua"
LuaPackagePath "@lua@/?.lua"
LuaAuthzProvider granting v.lua grants
LuaOutputFilter upper v.lua upper
LuaInputFilter upper v.lua upper
LuaOutputFilter breaks v.lua breaks
LuaQuickHandler v.lua hook
LuaHookTranslateName v.lua hook early
LuaHookMapToStorage v.lua hook
LuaPostReadRequestHandler function(r) return apache2.DECLINED end
LuaPreConnectionHandler function(c) return apache2.OK end
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
<Directory "@root@/htdocs">
    Options +Includes
</Directory>
<Location />
    LuaHookAccessChecker v.lua hook late
    LuaHookTypeChecker v.lua hook
    LuaHookFixups v.lua hook
    LuaHookLog v.lua hook
    LuaCleanupHandler function(r) return r.uri end
</Location>
<Location /module>
    SetHandler lua
    LuaResponseHandler mod.page
</Location>
<Location /missing>
    SetHandler lua
    LuaResponseHandler mod.missing
</Location>
<Location /granted>
    Require granting a "b c"
</Location>
<Location /page.txt>
    SetOutputFilter upper
</Location>
<Location /breaks>
    SetOutputFilter breaks
</Location>
Alias /breaks "@root@/htdocs/page.txt"
<LocationMatch (reads|form)>
    SetInputFilter upper
</LocationMatch>
C
LuaMapHandler ^/$_/(\\w+) v.lua \$1
<Location /$_>
    LuaScope $_
</Location>
C
    $s->expect_log(qr/as asked|missing|no\.such|overflow|attempt|not enough/);
    my %want = (raises => 500, object => 500, deep => 500, yields => 500, status => 404);
    for my $scope (qw(once request conn thread server)) {
        for my $name (qw(plain raises object exits deep yields wraps tables pnotes pushes subs redirects sends stale stale wrong odd bytes program status)) {
            is $s->get("/$scope/$name")->{status}, $want{$name} || 200, "/$scope/$name";
        }
        is $s->post("/$scope/reads", 'x' x 1000)->{status}, 200, "/$scope/reads";
        is $s->post("/$scope/form", 'a=b', 'Content-Type' => 'application/x-www-form-urlencoded')->{status}, 200, "/$scope/form";
    }
    is $s->get('/ssi.shtml')->{status}, 200, 'includes';
    is $s->get('/module')->{content}, 'module', 'a module';
    is $s->get('/missing')->{status}, 500, 'a function that is not there';
    isnt $s->get('/granted')->{status}, 500, 'a provider';
    is $s->get('/page.txt')->{content}, '<' . 'PAGE' x 10_000 . '>', 'an output filter';
    is $s->get('/breaks')->{status}, 500, 'one that fails';
    $s->stop;
    clean('one process, Lua');
}

# Every request of the tests of the API and of perl's ways. Only what Valgrind says counts: they are slow under it.
$ENV{T_WRAP} = join ' ', @valgrind;
my @all = @files;
@all = ($tongue eq 'lua' ? () : glob('t/api/*.t t/perl/*.t'), $lua && $tongue ne 'perl' ? glob('t/lua/*.t') : ()) unless @all;
for my $file (@all) {
    # Thousands of calls of one kind; threads; no server; dozens of servers, or processes that are killed, or memory that grows.
    next if !@files && $file =~ m{arguments|threads_shared|rows|lua/(?:faults|faults_in_phases|hostile|leases|process|pool|startup_errors|c_modules)\.t};
    local $ENV{T_MPM} = 'prefork';
    my $out = `$^X $file 2>&1`;
    note "$file ended with $?" if $?;
    clean($file) unless $out =~ /^1\.\.0 # SKIP/m;
}

done_testing;
