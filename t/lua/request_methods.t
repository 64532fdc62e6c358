# The request's methods that no other file has: output, urls, custom answers, interim answers, time.
use lib 't/lib';
use TestHttpd::Lua;

my $BYTES = 'a NUL ends the text';
test_rows([
    ['puts writes all its arguments',  q{r:puts("a", 1, "b", 2.5)}, 'a1b2.5'],
    ['puts of nothing',                q{r:puts() r:puts("") r:puts("x")}, 'x'],
    ['puts of bytes',                  q{r:puts("a\0b")}, "a\0b", wrong => $BYTES],
    ['puts refuses nil and tables',    q{return (pcall(r.puts, r, nil)), (pcall(r.puts, r, {})), (pcall(r.puts, r, true))}, 'false|false|false'],
    ['puts without the request is an error', q{return (pcall(r.puts, "x")), (pcall(r.puts))}, 'false|false'],
    ['write of bytes gives their number', q{r:puts("|", r:write("a\0b"))}, "a\0b|3"],
    ['write of a number',              q{r:write(12)}, '12'],
    ['write takes one string',         q{r:write("a", "b")}, 'a'],
    ['write refuses nil and tables',   q{return (pcall(r.write, r)), (pcall(r.write, r, {}))}, 'false|false'],
    ['a million bytes in one piece',   q{r:write(("0123456789"):rep(100000))}, sub { ok $_[0]{content} eq '0123456789' x 100000, 'a million bytes in one piece' }],
    ['in many pieces',                 q{for i = 1, 100000 do r:puts("0123456789") end}, sub { ok $_[0]{content} eq '0123456789' x 100000, 'in many pieces' }],
    ['flush',                          q{r:puts("a") return r:flush()}, 'atrue', header => { 'content-length' => undef }],
    ['a short answer has its length',  q{r:puts("abc")}, 'abc', header => { 'content-length' => 3 }],
    ['HEAD has no content',            q{r:puts("abc")}, undef, method => 'HEAD'],
    ['construct_url',                  q{return r:construct_url("/x/y")}, sub { is $_[0]{content}, $_[1]->url('/x/y'), 'construct_url' }],
    ['construct_url of the host asked for',  q{return r:construct_url("/x")}, qr{^http://www\.some\.org:\d+/x$}, headers => { Host => 'www.some.org' }],
    ['construct_url wants a string',   q{return (pcall(r.construct_url, r, {}))}, 'false'],
    ['get_server_name_for_url',        q{return r:get_server_name_for_url()}, '127.0.0.1'],
    ['ssl_var_lookup without SSL',     q{return r:ssl_var_lookup("SSL_PROTOCOL") or ""}, ''],
    ['set_keepalive',                  q{return type(r:set_keepalive())}, 'boolean'],
    ['exists_config_define',           q{return r.exists_config_define("HERE"), r.exists_config_define("FROM_ARGUMENT"), r.exists_config_define("NOT")}, 'true|true|false'],
    ['exists_config_define wants a string', q{return (pcall(r.exists_config_define)), (pcall(r.exists_config_define, {}))}, 'false|false'],
    ['custom_response with a text',    q{function handle(r) r:custom_response(404, "my text") return 404 end}, 'my text', status => 404],
    ['custom_response with a page',    q{function handle(r) r:custom_response(403, "/page.txt") return 403 end}, "a page\n", status => 403],
    ['custom_response with a url',     q{function handle(r) r:custom_response(500, "http://a.b/c") return 500 end}, undef, status => 302, header => { location => 'http://a.b/c' }],
    ['of the status it was said for',  q{function handle(r) r:custom_response(404, "my text") return 403 end}, qr/Forbidden/, status => 403],
    ['custom_response wants status and text', q{return (pcall(r.custom_response, r, 404)), (pcall(r.custom_response, r, {}, "x"))}, 'false|false'],
    ['set_document_root',              q{r:set_document_root("/a/b") return r.document_root}, '/a/b'],
    ['set_document_root wants a string', q{return (pcall(r.set_document_root, r)), (pcall(r.set_document_root, r, {}))}, 'false|false'],
    ['set_context_info',               q{r:set_context_info("/p", "/d/r") return r.context_prefix, r.context_document_root, r.document_root ~= "/d/r"}, '/p|/d/r|true'],
    ['set_context_info wants two strings', q{return (pcall(r.set_context_info, r, "x"))}, 'false'],
    ['clock is the time in microseconds', q{return math.abs(r:clock() / 1e6 - os.time()) < 5}, 'true'],
    ['usleep takes its time',          q{local a = r:clock() r.usleep(30000) return r:clock() - a >= 30000}, 'true'],
    ['usleep wants a number',          q{return (pcall(r.usleep, {})), (pcall(r.usleep))}, 'false|false'],
    ['date_parse_rfc: RFC 1123',       q{return r.date_parse_rfc("Sun, 06 Nov 1994 08:49:37 GMT")}, '784111777'],
    ['date_parse_rfc: RFC 850',        q{return r.date_parse_rfc("Sunday, 06-Nov-94 08:49:37 GMT")}, '784111777'],
    ['date_parse_rfc: asctime',        q{return r.date_parse_rfc("Sun Nov  6 08:49:37 1994")}, '784111777'],
    ['date_parse_rfc: a zone',         q{return r.date_parse_rfc("Sun, 06 Nov 1994 09:49:37 +0100")}, '784111777'],
    ['date_parse_rfc of no date',      q{return (r.date_parse_rfc("yesterday"))}, 'nil'],
    ['date_parse_rfc wants a string',  q{return (pcall(r.date_parse_rfc)), (pcall(r.date_parse_rfc, {}))}, 'false|false'],
    ['make_etag of a file',            q{local tag = r:make_etag(false) return tag ~= nil, (tag or ""):match('^W?/?"[%x-]+"$') ~= nil}, 'true|true', wrong => 'it always fails'],
    ['make_etag that is weak',         q{return (r:make_etag(true) or ""):match('^W/"') ~= nil}, 'true', wrong => 'it always fails'],
    ['make_etag without an argument',  q{return r:make_etag() == r:make_etag(false)}, 'true', wrong => 'it always fails'],
    ['a method kept in a variable',    q{local puts = r.puts puts(r, "kept")}, 'kept'],
    ['tostring of the request',        q{return type(tostring(r))}, 'string'],
    ['the request is the same all the time', q{local a = r return a == r, type(r)}, 'true|userdata'],
], args => ['-DFROM_ARGUMENT'], config => "Define HERE\nUseCanonicalName Off\n", files => { 'htdocs/page.txt' => "a page\n" });

# What goes out while the script still runs.
my $s = TestHttpd::Lua->start(files => { 'htdocs/interim.lua' => <<'L', 'htdocs/clear.lua' => <<'M', 'htdocs/slow.lua' => <<'N' });
function handle(r)
  r.headers_out["X-Later"] = "yes"
  r.status = 102
  r:send_interim_response(false)
  r.status = 200
  r:puts("done")
  return apache2.OK
end
L
function handle(r)
  r.headers_out.Link = "</style.css>; rel=preload"
  r.status = 103
  r:send_interim_response(true)
  r.status = 200
  r:puts("done")
  return apache2.OK
end
M
function handle(r)
  r:puts("first ")
  r:flush()
  while not io.open(r.document_root .. "/../var/go") do r.usleep(1000) end
  r:puts("second")
  return apache2.OK
end
N
my $ask = sub { $s->raw("GET /$_[0] HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") };
like $ask->('interim.lua'), qr{^HTTP/1\.1 102 [^\r]*\r\n\r\nHTTP/1\.1 200 OK\r\n.*X-Later: yes.*done}s, 'an interim answer goes before';
like $ask->('clear.lua'), qr{^HTTP/1\.1 103 [^\r]*\r\nLink: [^\r]*\r\n\r\nHTTP/1\.1 200 OK\r\n(?!.*Link:).*done}s, 'with the headers so far, which are then taken out';
my $socket = $s->socket;
print {$socket} "GET /slow.lua HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
my $got = '';
wait_until(sub { sysread $socket, $got, 4096, length $got; $got =~ /first/ }, 10);
like $got, qr/first/, 'what was flushed is there before the script ends';
unlike $got, qr/second/, 'and the rest is not';
spew($s->root . '/var/go', '');
$got .= TestHttpd::Client::read_all($socket);
like $got, qr/second/, 'but then';

done_testing;
