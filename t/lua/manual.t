# What mod_lua's manual shows works: one small script of our own for each of its examples, in its order. Databases are
# in dbd.t, WebSockets in websocket.t.
use lib 't/lib';
use TestHttpd::Lua;
use MIME::Base64 ();

my $NAMES = "a=1&b=two";
my @FUNCTIONS = (
    ['flush says whether it went out', q{
        for i = 1, 3 do r:puts(i, "\n") if not r:flush() then r:puts("failed") end r.usleep(1000) end
    }, "1\n2\n3\n"],
    ['sendfile sends a whole file', q{ r.content_type = 'text/plain' r:sendfile(r.document_root .. '/page.txt') }, "a page\n"],
    ['parseargs gives the last or only value, and lists', q{
        local one, all = r:parseargs()
        r:puts(one.name or "nobody", " ", table.concat(all.x, "+"))
    }, 'ann 1+2', query => 'name=ann&x=1&x=2', wrong => 'keeps one value of several'],
    ['parsebody reads a form', q{
        local form = r:parsebody(1024 * 1024)
        r:puts(form.name or "nobody")
    }, 'ann', body => 'name=ann&x=1'],
    ['puts takes several strings', q{ r:puts("one", " two", "!") }, 'one two!'],
    ['write takes one',            q{ r:write("one string") }, 'one string'],
    ['escape_html',                q{return r:escape_html("<b>x</b>")}, '&lt;b&gt;x&lt;/b&gt;'],
    ['base64_encode',              q{return r:base64_encode("some text")}, 'c29tZSB0ZXh0'],
    ['base64_decode',              q{return r:base64_decode("c29tZSB0ZXh0")}, 'some text'],
    ['md5',                        q{return r:md5("some text")}, '552e21cd4cd9918678e3c1a0df491bc3'],
    ['sha1',                       q{return r:sha1("some text")}, '37aa63c77398d954473262e1a0057c1e632eda77'],
    ['escape',                     q{return r:escape("http://a.b/1 2 & 3 + 4")}, 'http%3a%2f%2fa.b%2f1+2+%26+3+%2b+4'],
    ['unescape',                   q{return r:unescape("http%3a%2f%2fa.b%2f1+2+%26+3+%2b+4")}, 'http://a.b/1 2 & 3 + 4'],
    ['construct_url',              q{return r:construct_url(r.uri)}, qr{^http://127\.0\.0\.1:\d+/rows/\d+\.lua$}],
    ['mpm_query is a function of a number', q{return r.mpm_query(2) == 1, type(r.mpm_query(6))}, qr/^(?:true|false)\|number$/],
    ['expr',                       q{return r:expr("%{HTTP_HOST} =~ /^www/"), r:expr("%{HTTP_HOST} =~ /^127/")}, 'false|true'],
    ['scoreboard_process',         q{local p = r:scoreboard_process(0) r:puts(type(p.pid), p.pid > 1 and " pid" or "")}, 'number pid'],
    ['scoreboard_worker',          q{local w = r:scoreboard_worker(0, 0) r:puts(type(w.tid), type(w.status))}, 'numbernumber'],
    ['clock counts microseconds',  q{local a = r:clock() r.usleep(2000) local b = r:clock() r:puts(b - a >= 2000 and b - a < 60000000 and "yes" or b - a)}, 'yes'],
    ['requestbody',                q{r:puts("got: ", (r:requestbody()))}, 'got: some bytes', body => 'some bytes'],
    ['module_info lists directives', q{
        local m = r.module_info("mod_alias.c")
        r:puts(m.commands.Redirect and "Redirect" or "none", " ", tostring((r.module_info("mod_nothing.c"))))
    }, 'Redirect nil'],
    ['loaded_modules',             q{for _, m in pairs(r:loaded_modules()) do if m == "mod_alias.c" or m == "core.c" then r:puts(m, " ") end end}, qr/^(?=.*core\.c )(?=.*mod_alias\.c )/],
    ['runtime_dir_relative',       q{return r:runtime_dir_relative("x")}, qr{^/.*/run/x$}],
    ['server_info',                q{local i = r:server_info() return i.server_root == r.document_root:gsub("/htdocs$", ""), i.server_mpm:lower()}, qr/^true\|(?:event|prefork)$/],
    ['set_document_root',          q{r:set_document_root("/somewhere") return r.document_root}, '/somewhere'],
    ['set_context_info',           q{r:set_context_info("/pre", "/docs") return r.context_prefix, r.context_document_root}, '/pre|/docs'],
    ['os_escape_path',             q{return r:os_escape_path("/a b/c%")}, '/a%20b/c%25'],
    ['escape_logitem',             q{return r:escape_logitem('a"b\nc')}, 'a\\"b\\nc'],
    ['strcmp_match is called with a dot', q{return r.strcmp_match("foobar.com", "foo*.com"), r.strcmp_match("bar.com", "foo*.com")}, 'true|false'],
    ['set_keepalive',              q{return r:set_keepalive()}, qr/^(?:true|false)$/],
    ['send_interim_response',      q{r.status = 102 r:send_interim_response(false) r.status = 200 r:puts("then this")}, 'then this'],
    ['custom_response',            q{function handle(r) r:custom_response(404, "not here!") return 404 end}, 'not here!', status => 404],
    ['exists_config_define',       q{return r.exists_config_define("FOO_DEFINED"), r.exists_config_define("NOT_THIS")}, 'true|false'],
    ['state_query',                q{return r.state_query(0)}, qr/^\d+$/],
    ['stat',                       q{local i = r:stat(r.document_root .. "/page.txt") return i.size, i.mtime > 1e15 and "microseconds" or i.mtime}, '7|microseconds'],
    ['regex gives captures',       q{local m = r:regex("foo bar baz", [[foo (\w+) (\S*)]]) return m[0], m[1], m[2]}, 'foo bar baz|bar|baz'],
    ['regex that ignores case',    q{local m = r:regex("FOO bar", [[(foo) bar]], 1) return m[1], r:regex("FOO bar", "foo")}, 'FOO|false'],
    ['usleep',                     q{r.usleep(1) r:puts("awake")}, 'awake'],
    ['ivm_set, ivm_get',           q{
        local v = r:ivm_get("manual")
        if not v then v = "made" r:ivm_set("manual", v) end
        r:puts("it is ", v, " and then ", r:ivm_get("manual"))
    }, 'it is made and then made'],
    ['htpassword',                 q{return r:htpassword("secret")}, qr/^\$apr1\$.{8}\$.{22}$/],
    ['mkdir, mkrdir, touch, get_direntries, rmdir', q{
        local dir = "@var@/manual"
        local out = { r:mkdir(dir), r:mkrdir(dir .. "/a/b"), r:touch(dir .. "/a", 1000000000) }
        for _, name in ipairs(r:get_direntries(dir)) do out[#out + 1] = name:sub(1, 1) ~= "." and name or nil end
        out[#out + 1] = r:rmdir(dir .. "/a/b")
        r:puts(show(out))
    }, '{1=true 2=true 3=true 4=a 5=true}'],
    ['date_parse_rfc',             q{return r.date_parse_rfc("Sun, 06 Nov 1994 08:49:37 GMT")}, '784111777'],
    ['getcookie',                  q{return r:getcookie("fruit"), (r:getcookie("other"))}, 'pear|nil', headers => { Cookie => 'fruit=pear; x=y' }],
    ['setcookie',                  q{r:setcookie{ key = "c", value = "v", secure = true } r:puts("set")}, 'set', header => { 'set-cookie' => qr/^c=v;.*Secure/ }],
    ['config is a tree',           q{local t = r:config() r:puts(type(t[1].directive), " ", type(t[1].line), " ", t[1].file)}, qr{^string number /.*/httpd\.conf$}],
    ['logging',                    q{for _, l in ipairs{"trace1","debug","info","notice","warn","err","alert","crit","emerg"} do r[l](r, "logged at " .. l) end r:puts("done")},
                                   'done', log => qr/logged at emerg/],
    ['apache2',                    q{require "apache2" return apache2.OK, apache2.DECLINED, apache2.DONE}, '0|-1|-2'],
);

my %FILES   = ('htdocs/page.txt' => "a page\n", 'htdocs/found.txt' => "found\n", 'htdocs/pic.png' => 'png bytes', 'htdocs/a' => 'gif', 'htdocs/a.to_gif' => 'not');
my %SCRIPTS = (
    'methods.lua' => <<'L',
require "string"
function handle(r)
  r.content_type = "text/plain"
  local function list(t)
    local keys = {}
    for k in pairs(t) do keys[#keys + 1] = k end
    table.sort(keys)
    for _, k in ipairs(keys) do r:puts(string.format("%s=%s;", k, t[k])) end
  end
  if r.method == "GET" then list(r:parseargs())
  elseif r.method == "POST" then list((r:parsebody()))
  elseif r.method == "PUT" then r:puts("no " .. r.method) r.status = 405 return apache2.OK
  else return 501 end
  return apache2.OK
end
function handle_view(r) r:puts("view of ", r.filename and "a file" or "nothing") return apache2.OK end
L
    'hooks.lua' => <<'L',
require "apache2"
function to_file(r)
  if r.uri == "/to-file" then r.filename = r.document_root .. "/found.txt" return apache2.OK end
  return apache2.DECLINED
end
function to_uri(r)
  if r.uri == "/to-uri" then r.uri = "/found.txt" end
  return apache2.DECLINED
end
function gif(r)
  if r.uri:match("%.to_gif$") then
    r.content_type = "image/gif"
    r.filename = r.filename:gsub("%.to_gif$", "")
    return apache2.OK
  end
  return apache2.DECLINED
end
local cache = {}
function from_cache(r)
  if not r.filename:match("%.png$") then return apache2.DECLINED end
  local data = cache[r.filename]
  if not data then
    local f = io.open(r.filename, "rb")
    if not f then return apache2.DECLINED end
    data = f:read("*a")
    f:close()
    cache[r.filename] = data
  end
  r.status = 200
  r:write("cached " .. data)
  return apache2.DONE
end
function demand(r)
  if r.headers_in["Authorization"] then r.user = "foo" end
  if r.user == "foo" then return apache2.OK end
  r.err_headers_out["WWW-Authenticate"] = 'Basic realm="here"'
  return 401
end
function logger(r)
  if r.uri == "/secret.txt" then return apache2.DONE end
  r.uri = r.uri:gsub("found", "hidden")
  return apache2.OK
end
L
    'authz.lua' => <<'L',
require "apache2"
function check(r, ip, user)
  if r.useragent_ip == ip then return apache2.AUTHZ_GRANTED end
  if r.user == nil then return apache2.AUTHZ_DENIED_NO_USER end
  return r.user == user and apache2.AUTHZ_GRANTED or apache2.AUTHZ_DENIED
end
L
    'filters.lua' => <<'L',
function out(r)
  if r.uri:match("skip") then return end
  coroutine.yield("(before)")
  while bucket do coroutine.yield(r:escape_html(bucket)) end
  coroutine.yield("(after)")
end
function into(r)
  coroutine.yield()
  while bucket do coroutine.yield(bucket:upper()) end
  coroutine.yield("&signature=1")
end
L
    'photos.lua' => "function handle_show(r) r:puts('photo ', r:parseargs().id) return apache2.OK end function handle(r) r:puts('wombat') return apache2.OK end",
    'echo.lua'   => "function handle(r) r:puts((r:requestbody())) return apache2.OK end",
    'lib.lua'    => "function handle(r) r:puts(require('helper').name) return apache2.OK end",
    'inc/helper.lua' => "return { name = 'the helper' }",
);
my $CONF = <<'C';
Define FOO_DEFINED
LogFormat "%U" path
CustomLog "@root@/access_log" path
LuaPackagePath "@lua@/inc/?.lua"
LuaMapHandler ^/methods$ methods.lua
LuaMapHandler ^/(photos)/(show)$ $1.lua handle_$2
LuaMapHandler ^/bingo$ photos.lua
LuaMapHandler ^/lib$ lib.lua
LuaMapHandler ^/echo$ echo.lua
LuaHookTranslateName hooks.lua to_file
LuaHookTranslateName hooks.lua to_uri early
LuaHookTypeChecker hooks.lua gif
LuaHookMapToStorage hooks.lua from_cache
LuaHookLog hooks.lua logger
LuaOutputFilter escaper filters.lua out
LuaInputFilter upper filters.lua into
LuaAuthzProvider here authz.lua check
LuaScope once
LuaCodeCache stat
<LocationMatch ^/(filtered|skipped)>
    SetOutputFilter escaper
</LocationMatch>
Alias /filtered "@root@/htdocs/page.html"
Alias /skipped "@root@/htdocs/page.html"
<Location /echo>
    SetInputFilter upper
</Location>
<Location /locked>
    LuaHookAuthChecker hooks.lua demand
    Require all granted
</Location>
<Location /demand>
    AuthType Here
    AuthName here
    LuaHookCheckUserID hooks.lua demand
    Require valid-user
</Location>
<Location /authz>
    Require here 127.0.0.1 john
</Location>
<Location /authz-far>
    AuthType Basic
    AuthName here
    AuthBasicProvider file
    AuthUserFile "@root@/users"
    Require here 10.1.2.3 john
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $users = join '', map { "$_:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n" } qw(john jane);      # password
    my $s = TestHttpd::Lua->start(mpm => $mpm, rows => \@FUNCTIONS, config => $CONF, scripts => \%SCRIPTS, load => ['authn_file'],
        files => { %FILES, 'htdocs/page.html' => '<p>', users => $users, map { ("htdocs/$_/index.html" => 'in') } qw(authz authz-far demand) });
    $s->expect_log(qr/logged at (?:err|alert|crit|emerg)/, qr/AH01617|AH01631|AH01797/);
    run_rows($s, \@FUNCTIONS);

    my $auth = sub { (Authorization => 'Basic ' . MIME::Base64::encode_base64("$_[0]:password", '')) };
    my @requests = (
        ['a handler lists what was asked for',     [GET => '/methods?a=1&b=two'], 200, 'a=1;b=two;'],
        ['and what a form holds',                  [POST => '/methods', {}, $NAMES], 200, 'a=1;b=two;'],
        ['answers with a status of its own',       [PUT => '/methods', {}, 'x'], 405, 'no PUT'],
        ["or leaves it to httpd's error page",     ['DELETE', '/methods'], 501, qr/Not Implemented/],
        ['a provider grants an address',           [GET => '/authz/'], 200, 'in'],
        ['asks others for a user',                 [GET => '/authz-far/'], 401, undef],
        ['grants the user it was told',            [GET => '/authz-far/', { $auth->('john') }], 200, 'in'],
        ['and denies others',                      [GET => '/authz-far/', { $auth->('jane') }], 401, undef],
        ['a hook names the file',                  [GET => '/to-file'], 200, "found\n"],
        ['or another uri',                         [GET => '/to-uri'], 200, "found\n"],
        ['captures choose script and function',    [GET => '/photos/show?id=9'], 200, 'photo 9'],
        ['the function is handle if not said',     [GET => '/bingo'], 200, 'wombat'],
        ['LuaPackagePath',                         [GET => '/lib'], 200, 'the helper'],
        ['map_to_storage serves from memory',      [GET => '/pic.png'], 200, 'cached png bytes'],
        ['type_checker changes file and type',     [GET => '/a.to_gif'], 200, 'gif'],
        ['check_user_id asks for a user',          [GET => '/demand/'], 401, undef],
        ['and makes one up',                       [GET => '/demand/', { Authorization => 'x' }], 200, 'in'],
        ['an output filter escapes',               [GET => '/filtered'], 200, '(before)&lt;p&gt;(after)'],
        ['or returns and is not there',            [GET => '/skipped'], 200, '<p>'],
        ['an input filter changes a body',         [POST => '/echo', {}, 'a=b'], 200, 'A=B&SIGNATURE=1' =~ s/SIGNATURE/signature/r],
    );
    for my $case (@requests) {
        my ($name, $request, $status, $content) = @$case;
        local our $TODO = 'mod_lua: bodies that grow in an input filter are cut' if !ours && $name =~ /input filter/;
        my $answer = $s->request(@$request);
        is $answer->{status}, $status, "$name: status";
        next unless defined $content;
        ref $content ? like $answer->{content}, $content, $name : is $answer->{content}, $content, $name;
    }
    is $s->get('/a.to_gif')->{headers}{'content-type'}, 'image/gif', 'the type is the hook\'s';
    $s->get("/$_.txt") for qw(found secret);
    $s->get('/bingo?last');
    # A line is written once its answer is on its way: two may change places.
    ok wait_until(sub { my $log = slurp($s->root . '/access_log'); $log =~ m{^/bingo$}m && $log =~ m{^/hidden\.txt$}m }, 20), 'what is asked is logged';
    my $log = slurp($s->root . '/access_log');
    like $log, qr{^/hidden\.txt$}m, 'a log hook changes the line';
    unlike $log, qr{secret}, 'or leaves it out';
});

done_testing;
