# Every field of the request that mod_lua's manual lists: what it reads, and which can be set.
use lib 't/lib';
use TestHttpd::Lua;

my @ROWS = (
    ['method',                 'return r.method', 'GET'],
    ['method of another request', 'return r.method', 'PURGE', method => 'PURGE'],
    ['uri, path_info',         'return r.uri, r.path_info', qr{^/rows/\d+\.lua/a/b\|/a/b$}, path_info => '/a/b'],
    ['path_info of none',      'return r.path_info', ''],
    ['uri is decoded, unparsed_uri is not', 'return r.uri:match("/a.*"), r.unparsed_uri:match("/a.*")', '/a b|/a%20b?x=%41', path_info => '/a%20b', query => 'x=%41'],
    ['the_request',            'return r.the_request', qr{^GET /rows/\d+\.lua\?q HTTP/1\.1$}, query => 'q'],
    ['protocol',               'return r.protocol', 'HTTP/1.1'],
    ['assbackwards',           'return r.assbackwards', 'false'],
    ['args',                   'return r.args', 'a=1', query => 'a=1'],
    ['hostname, port, server_name', 'return r.hostname, r.port, r.server_name', sub { is $_[0]{content}, '127.0.0.1|' . $_[1]->port . '|127.0.0.1', 'hostname, port, server_name' }],
    ['hostname of a Host header', 'return r.hostname', 'www.some.org', headers => { Host => 'www.some.org' }],
    ['filename',               'return r.filename, r.canonical_filename == r.filename', qr{^/.*/htdocs/rows/\d+\.lua\|true$}],
    ['document_root',          'return r.document_root', qr{^/.*/htdocs$}],
    ['context_prefix, context_document_root', 'return r.context_prefix, r.context_document_root == r.document_root', '|true'],
    ['they follow an Alias',   'return r.context_prefix, r.context_document_root:match("[^/]*$")', '/alias|rows', alias => 1],
    ['handler',                'return r.handler', 'lua-script'],
    ['content_type before it is set', 'function handle(r) r:puts(tostring(r.content_type)) return apache2.OK end', qr{^text/x-lua$|^application/x-lua$|^nil$}],
    ['content_encoding',       'return r.content_encoding', 'nil'],
    ['status',                 'return r.status', '200'],
    ['useragent_ip',           'return r.useragent_ip', '127.0.0.1'],
    ['user, ap_auth_type, auth_name of an open place', 'return r.user, r.ap_auth_type, r.auth_name', 'nil|nil|'],
    ['basic_auth_pw of none',  'return r.basic_auth_pw', ''],
    ['is_https, is_initial_req', 'return r.is_https, r.is_initial_req', 'false|true'],
    ['some_auth_required: `Require all granted` is a requirement', 'return r.some_auth_required', 'true'],
    ['limit_req_body',         'return r.limit_req_body', qr/^(?:0|1073741824)$/],
    ['log_id',                 'return type(r.log_id)', qr/^(?:nil|string)$/],
    ['options',                'return r.options', qr/FollowSymLinks/],
    ['allowoverrides',         'return r.allowoverrides', 'None'],
    ['proxyreq',               'return r.proxyreq', 'PROXYREQ_NONE'],
    ['range',                  'return r.range', qr/^(?:nil|bytes=0-)$/, headers => { Range => 'bytes=0-' }, status => 206],
    ['remaining',              'return r.remaining', '0'],
    ['server_built',           'return #r.server_built > 5', 'true'],
    ['banner',                 'return r.banner', qr{^Apache}],
    ['started',                'return os.time() - r.started < 100, r.started <= os.time()', 'true|true'],
    ['the tables are objects', 'return type(r.headers_in), type(r.headers_out), type(r.err_headers_out), type(r.notes), type(r.subprocess_env)', qr/^(?:userdata\|?){5}$/],
    ['a field that is none is nil', 'return r.nothing', 'nil'],
    # what can be set
    ['status can be set',      'function handle(r) r.status = 404 r:puts("not here") return apache2.OK end', 'not here', status => 404],
    ['content_type can be set', 'function handle(r) r.content_type = "text/x-own; charset=utf-8" r:puts(r.content_type) return apache2.OK end', 'text/x-own; charset=utf-8',
                               header => { 'content-type' => 'text/x-own; charset=utf-8' }],
    ['args can be set',        'r.args = "n=1" return r.args', 'n=1'],
    ['uri can be set',         'r.uri = "/other" return r.uri', '/other'],
    ['filename can be set',    'r.filename = "/other" return r.filename', '/other'],
    ['handler can be set',     'r.handler = "other" return r.handler', 'other'],
    ['user can be set',        'r.user = "me" return r.user', 'me'],
    ['ap_auth_type can be set', 'r.ap_auth_type = "Mine" return r.ap_auth_type', 'Mine'],
    ['proxyreq can be set',    'local was = r.proxyreq r.proxyreq = apache2.PROXYREQ_REVERSE local is = r.proxyreq r.proxyreq = apache2.PROXYREQ_NONE return was, is, r.proxyreq', 'PROXYREQ_NONE|PROXYREQ_REVERSE|PROXYREQ_NONE'],
    (map { ["$_ cannot be set", qq{local ok, e = pcall(function() r.$_ = "x" end) return ok, type(e)}, 'false|string'] }
        qw(protocol unparsed_uri document_root port server_name assbackwards is_https range nothing headers_in headers_out notes),
        ours ? () : qw(method hostname the_request path_info useragent_ip)),       # ours can set these: they are Perl's rows
    ['the message names what cannot be set', 'local ok, e = pcall(function() r.protocol = "x" end) return e', qr/protocol/],
    ['a status is a number',   'return (pcall(function() r.status = "abc" end)), (pcall(function() r.status = {} end)), r.status', 'false|false|200'],
    ['a uri is a string',      'return (pcall(function() r.uri = {} end))', 'false'],
);
for my $n (0 .. $#ROWS) {
    my %opt = @{ $ROWS[$n] }[3 .. $#{ $ROWS[$n] }];
    push @{ $ROWS[$n] }, at => "/alias/$n.lua" if $opt{alias};
}

my $LIST = <<'L';
function handle(r)
  r:puts(tostring(r.user), "|", tostring(r.ap_auth_type), "|", r.auth_name, "|", r.basic_auth_pw, "|", tostring(r.some_auth_required), "|")
  r:puts(("%d"):format(r.limit_req_body), "|", r.options, "|", r.allowoverrides, "|", ("%d"):format(r.remaining), "|", tostring(r.is_initial_req))
  return apache2.OK
end
L
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, rows => \@ROWS, load => [qw(authn_anon include)], files => {
        'htdocs/in/list.lua' => $LIST, 'htdocs/sub.shtml' => '[<!--#include virtual="/in/sub.lua"-->]', 'htdocs/open/list.lua' => $LIST,
        'htdocs/in/sub.lua'  => 'function handle(r) r:puts(tostring(r.is_initial_req), r.uri) return apache2.OK end',
    }, config => <<'C');
Alias /alias "@root@/htdocs/rows"
<Location /in/list.lua>
    AuthType Basic
    AuthName "the realm"
    AuthBasicProvider anon
    Anonymous *
    Require valid-user
    LimitRequestBody 5000
</Location>
<Directory "@root@/htdocs/open">
    Options Indexes ExecCGI
    AllowOverride Limit FileInfo
</Directory>
<Files *.shtml>
    Options +Includes
    SetOutputFilter INCLUDES
    ForceType text/html
</Files>
C
    run_rows($s, \@ROWS);
    is $s->get('/in/list.lua', Authorization => 'Basic bWU6cHc=')->{content}, 'me|Basic|the realm|pw|true|5000|' . $s->get('/in/list.lua', Authorization => 'Basic bWU6cHc=')->{content} =~ s/^(?:[^|]*\|){6}//r,
        'user, type, realm, password, limit of a place with a password';
    my @open = split /\|/, $s->post('/open/list.lua', 'x' x 17)->{content};
    like $open[6], qr/Indexes.*ExecCGI/, 'options';
    like $open[7], qr/Limit.*FileInfo/, 'allowoverrides';
    like $open[8], qr/^(?:0|17)$/, 'remaining, before the body is asked for';
    is $s->get('/sub.shtml')->{content}, '[false/in/sub.lua]', 'a subrequest is not the initial request';
    like $s->raw("GET /open/list.lua HTTP/1.0\r\n\r\n"), qr/\|true$/, 'HTTP/1.0';
});

done_testing;
