# Lua<Phase>Handler: our own directives, each form of a handler's name, start-up code, variables, and Perl beside Lua.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'directives that mod_lua does not have') unless ours;

my %SCRIPTS = (
    'demo/site.lua' => <<'L',
local site = { inner = {} }
function site.handler(r) r:puts("site.handler ", r.notes.trace or "") return apache2.OK end
function site.page(r) r:puts("site.page ", r.notes.trace or "") return apache2.OK end
function site.inner.deep(r) r:puts("deep") return apache2.OK end
function site.nothing(r) r:puts("nothing returned") end
function site.decline(r) return apache2.DECLINED end
function site.boom(r) error("site broke") end
function site.var(r) r:puts(r:dir_config("Colour") or "none") return apache2.OK end
function site.child(p, s) started = "child" end
function site.show(r) r:puts(loaded_by_require or "nil", " ", tostring(package.loaded["demo.site"] ~= nil)) return apache2.OK end
function site.push(r)
  r:push_handlers("LuaLogHandler", function(r) r:warn("pushed code ran for " .. r.uri) return apache2.OK end)
  r:push_handlers("LuaLogHandler", "demo.site.log")
  r:puts("pushed")
  return apache2.OK
end
function site.log(r) r:warn("pushed name ran for " .. r.uri) return apache2.OK end
function site.pnotes(r) r:pnotes("list", { 1, 2, 3 }) return apache2.OK end
function site.kept(r) r:puts(#r:pnotes("list")) return apache2.OK end
function site.cleanup(r) r:warn("cleaned up " .. r.uri) end
return site
L
    'plain.lua' => <<'L',
function handle(r) r:puts("plain.handle") return apache2.OK end
function page(r) r:puts("plain.page") return apache2.OK end
L
    'start.lua' => 'loaded_by_require = "start.lua"',
);
# One letter per phase: each handler adds its own to a note.
my @PHASES = qw(PostReadRequest Trans MapToStorage HeaderParser Access Type Fixup);
my $n = 0;
my $trace = join "\n", map { "Lua${_}Handler function(r) r.notes.trace = (r.notes.trace or '') .. '$_ ' return apache2.DECLINED end" } grep { /^(?:Post|Trans|Map)/ } @PHASES;
my $in = join "\n", map { "    Lua${_}Handler function(r) r.notes.trace = (r.notes.trace or '') .. '$_ ' return apache2.DECLINED end" } grep { !/^(?:Post|Trans|Map)/ } @PHASES;
my $CONF = <<"C";
LuaRoot "\@lua\@"
LuaPackagePath \@lua\@/?.lua
LuaRequire \@lua\@/start.lua
LuaModule demo.site
LuaSetVar Colour red
$trace
LuaChildInitHandler demo.site.child
<LocationMatch ^/(?!perl)>
    SetHandler lua
</LocationMatch>
<Location /module>
    LuaResponseHandler demo.site
$in
</Location>
C
for ([field => 'demo.site.page'], [deep => 'demo.site.inner.deep'], [colon => 'demo.site:page'], [file => 'plain.lua:page'], [handle => 'plain.lua'],
     [inline => 'function(r) r:puts("inline") return apache2.OK end'], [nothing => 'demo.site.nothing'], [decline => 'demo.site.decline'],
     [boom => 'demo.site.boom'], [var => 'demo.site.var'], [show => 'demo.site.show'], [push => 'demo.site.push'], [unknown => 'demo.site.nobody'],
     [early => '+demo.site.page'], [status => 'function(r) return 404 end'], [two => 'demo.site.decline demo.site.page']) {
    $CONF .= "<Location /$_->[0]>\n    LuaResponseHandler $_->[1]\n</Location>\n";
}
$CONF .= <<'C';
<Location /var/blue>
    LuaSetVar Colour blue
</Location>
<Location /pnotes>
    LuaFixupHandler demo.site.pnotes
    LuaResponseHandler demo.site.kept
</Location>
<Location /cleanup>
    LuaCleanupHandler demo.site.cleanup
    LuaResponseHandler demo.site.page
</Location>
<Location /secret>
    AuthType Basic
    AuthName x
    Require valid-user
    LuaAuthenHandler function(r) if r.basic_auth_pw == "open" then return apache2.OK end r:note_basic_auth_failure() return 401 end
    LuaResponseHandler function(r) r:puts("for ", r.user) return apache2.OK end
</Location>
C
my @CASES = (
    ['/module',  200, 'site.handler PostReadRequest Trans MapToStorage HeaderParser Access Type Fixup '],
    ['/field',   200, qr/^site\.page /], ['/deep', 200, 'deep'], ['/colon', 200, qr/^site\.page /],
    ['/file',    200, 'plain.page'], ['/handle', 200, 'plain.handle'], ['/inline', 200, 'inline'],
    ['/nothing', 200, 'nothing returned'], ['/decline', 404, undef], ['/boom', 500, undef, qr/site broke/], ['/unknown', 500, undef, qr/nobody/],
    ['/var',     200, 'red'], ['/var/blue', 200, 'blue'], ['/show', 200, 'start.lua true'], ['/early', 200, qr/^site\.page /],
    ['/status',  404, undef], ['/two', 200, qr/^site\.page /],
    ['/push',    200, 'pushed', qr/pushed code ran for .push.*pushed name ran for .push/s],
    ['/pnotes',  200, '3'], ['/cleanup', 200, qr/^site\.page /, qr/cleaned up .cleanup/],
    ['/secret',  401, undef],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, scripts => \%SCRIPTS, plain => 1, load => [qw(auth_basic authn_core authz_user)]);
    for my $case (@CASES) {
        my ($uri, $status, $body, $log) = @$case;
        $s->mark_log;
        my $got = $s->get($uri);
        is $got->{status}, $status, "$uri: status";
        ref $body ? like $got->{content}, $body, "$uri: page" : is $got->{content}, $body, "$uri: page" if defined $body;
        $s->log_like($log, "$uri: log") if $log;
        unlike $got->{content}, qr/site broke|traceback/, "$uri: nothing of an error is shown" if $status == 500;
    }
    is $s->get('/secret', Authorization => 'Basic bWU6b3Blbg==')->{content}, 'for me', 'authentication in Lua';
});

# One request, both languages: they share what httpd keeps for it.
if (has_perl()) {
    my $s = TestHttpd::Lua->start(perl => 1, plain => 1, scripts => \%SCRIPTS, config => <<'C',
LuaPackagePath @lua@/?.lua
PerlModule Apache2::RequestRec Apache2::RequestIO APR::Table
<Location /perl>
    LuaAccessHandler function(r) r.notes.who = "Lua noted" r.headers_out["X-Lua"] = "yes" return apache2.OK end
    SetHandler modperl
    PerlResponseHandler "sub { my $r = shift; $r->print($r->notes->get('who'), ' and Perl answered'); 0 }"
</Location>
<Location /lua>
    PerlFixupHandler "sub { $_[0]->notes->set(who => 'Perl noted'); 0 }"
    SetHandler lua
    LuaResponseHandler function(r) r:puts(r.notes.who, " and Lua answered") return apache2.OK end
</Location>
C
        files => {});
    is $s->get('/perl')->{content}, 'Lua noted and Perl answered', 'Lua before Perl';
    is $s->get('/perl')->{headers}{'x-lua'}, 'yes', 'and its header';
    is $s->get('/lua')->{content}, 'Perl noted and Lua answered', 'Perl before Lua';
}

sub has_perl { TestHttpd::slurp(TestHttpd::module_so()) =~ /\0perl_module\0/ }

done_testing;
