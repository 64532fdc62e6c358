# Phases that httpd has and mod_lua lacks, or has as hooks only: as handlers.
use lib 't/lib';
use TestHttpd::Lua;

my $CONF = <<'C';
LuaPreTranslateHandler function(r) return see(r, "pre_translate:" .. r.uri) end
LuaModule seen
<Location /seen>
    SetHandler lua
    LuaPostPerdirConfigHandler function(r) return see(r, "post_perdir") end
    LuaInsertFilterHandler function(r) see(r, "insert_filter") return 403 end
    LuaResponseHandler function(r) r:puts("page") return apache2.OK end
</Location>
<Location /missing>
    LuaInsertErrorFilterHandler function(r) see(r, "insert_error") return 500 end
</Location>
<Location /mine>
    AuthType Mine
    Require valid-user
    SetHandler lua
    LuaAuthenHandler function(r) return authen(r) end
    LuaNoteAuthFailureHandler function(r) r.err_headers_out["WWW-Authenticate"] = "Mine" return apache2.OK end
    LuaResponseHandler function(r) r:puts("page of ", r.user) return apache2.OK end
</Location>
<Location /open>
    AuthType Mine
    Require all granted
    SetHandler lua
    LuaForceAuthnHandler function(r) return r.args == "who" and apache2.OK or apache2.DECLINED end
    LuaAuthenHandler function(r) return authen(r) end
    LuaAuthzHandler function(r) return apache2.OK end
    LuaResponseHandler function(r) r:puts("page of ", r.user or "nobody") return apache2.OK end
</Location>
<Location /private>
    AuthType Basic
    AuthName test
    AuthBasicProvider file
    Require valid-user
    SetHandler lua
    LuaAccessExHandler function(r) return r.args == "token" and apache2.OK or apache2.DECLINED end
    LuaResponseHandler function(r) r:puts("page") return apache2.OK end
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => "LuaPackagePath \"\@lua\@/?.lua\"\n$CONF", load => ['authn_file'],
        scripts => { 'seen.lua' => <<'L' });
function see(r, what)
  local seen = r.err_headers_out["X-Seen"]
  r.err_headers_out["X-Seen"] = seen and seen .. " " .. what or what
  return apache2.DECLINED
end
function authen(r)
  r.user = r.headers_in["X-Name"]
  if r.user then return apache2.OK end
  r:note_auth_failure()
  return 401
end
L
    $s->expect_log(qr/returned/);
    my $answer = $s->get('/seen/a%40b');
    is "$answer->{status} $answer->{content}", '200 page', 'the page';
    is $answer->{headers}{'x-seen'}, 'pre_translate:/seen/a%40b post_perdir insert_filter', 'phases in order';
    $answer = $s->get('/missing');
    is "$answer->{status} $answer->{headers}{'x-seen'}", '404 pre_translate:/missing insert_error', 'an error page of httpd\'s';
    is $s->get('/private?token')->{content}, 'page', 'LuaAccessExHandler lets in without a user';
    is $s->get('/private')->{status}, 401, 'or does not';
    $answer = $s->get('/mine');
    is "$answer->{status} $answer->{headers}{'www-authenticate'}", '401 Mine', 'a type of authentication of one\'s own asks in its own way';
    is $s->get('/mine', 'X-Name' => 'ann')->{content}, 'page of ann', 'and knows its users';
    is $s->get('/open', 'X-Name' => 'ann')->{content}, 'page of nobody', 'where all may come nobody is asked';
    is $s->get('/open?who', 'X-Name' => 'ann')->{content}, 'page of ann', 'unless LuaForceAuthnHandler says so';
});

# The example of docs/lua.md does what it shows.
my ($section) = TestHttpd::slurp(TestHttpd::top() . '/docs/lua.md') =~ /^## Our phases\n(.*?)^## /ms;
my ($conf, $lua) = $section =~ /\n((?:    [^\n]*\n)+).*?```lua\n(.*?)```/s;
for_each_mpm('event', sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => { 'shop.lua' => $lua }, config => "LogLevel lua:info\n" . $conf =~ s{/srv/lua}{\@lua\@}r);
    is $s->get('/shop')->{content}, "the shop\n", 'the example of the manual answers';
    is $s->request('DELETE', '/shop')->{status}, 403, '  and refuses what it says';
    $s->log_like(qr{shop: /shop}, '  and logs it');
});

done_testing;
