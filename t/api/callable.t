# Each row of docs/api.md can be called from a response handler, in each language that the page lists it for: with every argument that
# it requires, and with every optional one as well. A row of another phase is called in that one. What a row refuses here stands in
# %refuses with its words.
use lib 't/lib';
use IO::Socket::INET;
use Time::HiRes 'time';
use TestApi ();
use TestHttpd::Lua;

plan skip_all => 'the rows of this module' unless ours && TestHttpd::has_perl();

# An object of each class, in Perl and in Lua.
my %object = (
    'Apache2::RequestRec'   => ['$r', 'r'],
    'Apache2::SubRequest'   => ['$r->lookup_uri("/plain.txt")', 'r:lookup_uri("/plain.txt")'],
    'Apache2::Connection'   => ['$r->connection', 'r.connection'],
    'Apache2::ServerRec'    => ['$s', 's'],
    'Apache2::Process'      => ['$s->process', 's.process'],
    'Apache2::Log::Request' => ['$r->log', 'r:log()'],
    'ModInterp::Interp'     => ['$r->interp', 'r:interp()'],
    'ModInterp::Dict'       => ['$r->dict("rows")', 'r:dict("rows")'],
    'Apache2::Log::Server'  => ['$s->log', 's:log()'],
    'Apache2::Filter'       => ['$r->output_filters', 'r.output_filters'],
    'Apache2::FilterRec'    => ['$r->output_filters->frec', 'r.output_filters.frec'],
    'Apache2::Module'       => ['Apache2::Module::find_linked_module("core.c")', 'require("Apache2.Module").find_linked_module("core.c")'],
    'Apache2::Command'      => ['Apache2::Module::find_linked_module("core.c")->cmds', 'require("Apache2.Module").find_linked_module("core.c").cmds'],
    'Apache2::CmdParms'     => ['$parms'],
    'Apache2::Directive'    => ['Apache2::Directive::conftree()'],
    'Apache2::ConfVector'   => ['$r->per_dir_config', 'r.per_dir_config'],
    'Apache2::MethodList'   => ['$r->allowed_methods', 'r.allowed_methods'],
    'APR::ArrayHeader'      => ['$s->next->names', 's.next.names'],
    'APR::Table'            => ['$r->headers_in', 'r.headers_in'],
    'APR::Pool'             => ['APR::Pool->new', 'require("APR.Pool"):new()'],
    'APR::URI'              => ['$r->parsed_uri', 'r.parsed_uri'],
    'APR::SockAddr'         => ['$r->connection->local_addr', 'r.connection.local_addr'],
    'APR::Socket'           => ['$r->connection->client_socket', 'r.connection.client_socket'],
    'APR::Finfo'            => ['$r->finfo', 'r.finfo'],
    'APR::Bucket'           => ['$bucket', 'bucket'],
    'APR::BucketType'       => ['$bucket->type', 'bucket.type'],
    'APR::BucketAlloc'      => ['APR::BucketAlloc->new($r->pool)', 'require("APR.BucketAlloc"):new(r.pool)'],
    'APR::Brigade'          => ['$brigade', 'brigade'],
    'APR::IpSubnet'         => ['APR::IpSubnet->new($r->pool, "127.0.0.1")', 'require("APR.IpSubnet"):new(r.pool, "127.0.0.1")'],
    'APR::ThreadMutex'      => ['APR::ThreadMutex->new($r->pool)', 'require("APR.ThreadMutex"):new(r.pool)'],
    'APR::ThreadRWLock'     => ['APR::ThreadRWLock->new($r->pool)', 'require("APR.ThreadRWLock"):new(r.pool)'],
    'Apache2::ServerContext' => ['undef', 'nil'],
    'Apache2::Database'     => [undef, 'r:dbacquire("sqlite3", "@var@/rows.db")'],
    'Apache2::Database::Statement' => [undef, 'r:dbacquire("sqlite3", "@var@/rows.db"):prepare(r, "SELECT %s")'],
    'Apache2::Database::Results'   => [undef, 'r:dbacquire("sqlite3", "@var@/rows.db"):select(r, "SELECT 1")'],
);
# A value of each kind, and of what a parameter of some name has to be.
my %value = (
    integer => 1, number => 1, string => '"x"', strings => '"x"', boolean => 1, any => 1, 'string or code' => '"x"', 'string, number or boolean' => 1, 'plain values' => 1, buffer => '(my $buffer = "")',
    code => ['sub { 1 }', 'function() return 1 end'], 'one or an array' => ['sub { -1 }', 'function() return -1 end'], table => [undef, '{ key = "a", value = "b" }'],
    (map { $_ => ['$r->pool', 'r.pool'] } 'pool: APR::Pool'),
    (map { $_ => ['$r->connection->bucket_alloc', 'r.connection.bucket_alloc'] } 'bucket_alloc: APR::BucketAlloc'),
    'bucket: APR::Bucket' => ['APR::Bucket->new($r->connection->bucket_alloc, "x")', 'require("APR.Bucket"):new(r.connection.bucket_alloc, "x")'],
    'bb: APR::Brigade' => ['APR::Brigade->new($r->pool, $r->connection->bucket_alloc)', 'require("APR.Brigade"):new(r.pool, r.connection.bucket_alloc)'],
    'phase: string' => ['"PerlLogHandler"', '"LuaLogHandler"'], 'languages: string or array' => ['["en"]', '{ "en" }'],
    'lines: string or array' => ['["ServerAdmin a\@b.c"]', '{ "ServerAdmin a@b.c" }'],
    'flag: string' => ['"GlobalRequest"', '"MergeHandlers"'], 'uri: string' => '"/plain.txt"', 'file: string' => '"plain.txt"', 'filename: string' => '"@var@/made"', 'status: integer' => 404, 'level: integer' => 4,
    'microseconds: number' => 1, 'timeout: integer' => 0, 'usecs: integer' => 1000000, 'length: integer' => 0, 'offset: integer' => 0, 'len: integer' => 1, 'mode: integer' => 0,
    'last: string' => '"Host"', 'opt: integer' => 2, 'statement: string' => '"SELECT 1"', 'directory: string' => '"@htdocs@"', 'expression: string' => '"true"', 'mask: string' => '"255.0.0.0"', 'ip: string' => '"127.0.0.1"',
    'kind: integer' => 0, 'number: integer' => 0, 'process: integer' => 0, 'thread: integer' => 0, 'mtime: integer' => 1e9,
);
# Rows that need more: their own arguments, or what is done before.
my %arguments = (
    'Apache2::CmdParms::add_config' => ['[]'], 'Apache2::CmdParms::check_cmd_context' => 0, 'Apache2::CmdParms::method_is_limited' => '"GET"',
    'ModInterp::Directives::make' => ['"Rows", 0, "RowsLine", 1, 31, "x", "x", ""'],
    'Apache2::ServerRec::add_version_component' => '"Rows/1"', 'Apache2::ServerRec::method_register' => '"ROWS"',
    'Apache2::RequestRec::lookup_method_uri' => '"GET", "/plain.txt"',
    'Apache2::RequestRec::spawned' => '"/bin/true"',
    'Apache2::RequestRec::add_config' => ['["AddDefaultCharset utf-8"]', '{ "AddDefaultCharset utf-8" }'],
    'Apache2::RequestRec::requestbody' => '', 'Apache2::RequestRec::wswrite' => '"x", false, "text"',
    (map { $_ => ['my $buffer = "", 1', '1'] } map { "Apache2::RequestRec::$_" } qw(read READ get_client_block)),
    'APR::Finfo::stat' => ['"@plain@", 1, $r->pool', '"@plain@", 1, r.pool'],
    'Apache2::RequestUtil::register_auth_provider' => ['$s->process->pconf, "authz", "rows", "0", sub { 1 }, sub { 1 }, 1'],
    (map { ("Apache2::ServerRec::${_}_handlers" => ['"PerlLogHandler", "T::Call::nothing"', '"LuaLogHandler", "rows.nothing"']) } qw(push set)),
    'Apache2::ServerRec::is_perl_option_enabled' => ['"Enable"', '"AutoLoad"'], 'Apache2::RequestRec::proxyreq' => 0, 'Apache2::RequestRec::dbacquire' => '"sqlite3", "@var@/rows.db"',
    'APR::Brigade::next' => ['$bucket', 'bucket'], 'APR::Brigade::prev' => ['$bucket', 'bucket'], 'APR::Brigade::split' => ['$bucket', 'bucket'],
    (map { ("ModInterp::Dict::${_}push" => '"list", 1', "ModInterp::Dict::${_}pop" => '"list"') } qw(l r)), 'ModInterp::Dict::llen' => '"list"', 'ModInterp::Dict::lock' => ['"perl", 1, 0', '"lua", 1, 0'],
    'Apache2::Log::log_pid' => ['$r->pool, "@var@/pid"', 'r.pool, "@var@/pid"'],
);
my %before = (
    'APR::ThreadMutex::unlock' => ['$o->lock', 'o:lock()'], 'APR::ThreadRWLock::unlock' => ['$o->rdlock', 'o:rdlock()'],
    (map { ("Apache2::RequestRec::$_" => [undef, 'o:wsupgrade()']) } qw(wsread wswrite wspeek wsping wsclose)),
    'Apache2::RequestRec::slurp_filename' => ['$o->filename("@plain@")', 'o.filename = "@plain@"'],
    'Apache2::RequestRec::send_interim_response' => [undef, 'r.status = 103'],
    'APR::Table::NEXTKEY' => ['$o->FIRSTKEY', undef],
);
# The phase, if it is not the response: the server's start, or reading a line of the configuration.
my %phase = (
    'Apache2::ServerRec::add_config' => 'start', 'Apache2::ServerRec::add_version_component' => 'start', 'Apache2::ServerRec::method_register' => 'start',
    'Apache2::ServerUtil::server_shutdown_cleanup_register' => 'start', 'Apache2::RequestUtil::register_auth_provider' => 'start', 'ModInterp::Directives::make' => 'start',
    'ModInterp::Status::end_process' => 'start',
    map { ("Apache2::CmdParms::$_" => 'parms') } qw(add_config check_cmd_context cmd context directive info method_is_limited override override_opts path pool server temp_pool),
);
# What a row says here: only where it cannot be otherwise.
my %refuses = (
    'APR::Pool::cleanup_for_exec'          => qr/needs a process that the script has forked/,
    'Apache2::RequestRec::child_terminate' => qr/Can't run '(?:\$r->|r:)child_terminate' in a threaded mpm/,
    (map { $_ => qr/httpd|no class brings|a structure of C's/ } map { "Apache2::$_" } qw(RequestRec::send_mmap Module::remove_loaded_module Provider::register_provider)),
    (map { ("Perl Apache2::Connection::$_" => qr/lacks the attribute FilterConnectionHandler/) } qw(add_input_filter add_output_filter)),
    (map { ("Perl Apache2::Filter::$_" => qr/works only in a filter, on the filter whose handler is called/) } qw(read print PRINT seen_eos)),
    (map { ("Apache2::Connection::$_" => qr/needs a handler that speaks the connection's protocol/) } qw(read receive write flush timeout close)),
    'APR::Brigade::filter_flush'           => qr/filter_flush: /,
    'APR::Util::password_get'              => qr/password_get: /,
    'ModInterp::Status::end_process'       => qr/only a process that serves requests can be ended/,
    'ModInterp::Databases::take'           => qr/there is no such pool/,
    'ModInterp::Jobs::add'                 => qr/Job: "x" is never due/,
    'Apache2::RequestRec::send_piece'      => qr/the page has changed several times/,
    'Apache2::RequestRec::document_root'   => qr/in the threaded environment/,
);

# All calls: language, phase, name, code.
my @calls;
sub in { my ($language, $of) = @_; return ref $of ? $of->[ $language eq 'Lua' ] : $of }
sub value {
    my ($language, $parameter) = @_;
    my ($name, $kind) = @$parameter;
    my $of = $value{"$name: $kind"} // $value{$kind} // $object{$kind} // die "no value for $name: $kind";
    return $language eq 'Lua' && $kind eq 'boolean' ? 'true' : in($language, $of);
}
for my $language ('Perl', 'Lua') {
    my $lua = $language eq 'Lua';
    for my $row ($lua ? TestApi::lua_page() : TestApi::api_page()) {
        my ($class, $kind) = @$row{qw(class kind)};
        my $name = $row->{name} =~ s/.*:://r;
        my $full = "${class}::$name";
        $_->[1] //= 'any' for @{ $row->{parameters} };
        my @given = grep { !$lua || $_->[1] ne 'buffer' } @{ $row->{parameters} };
        my @sets = ([ grep { !$_->[2] } @given ], (grep { $_->[2] } @given) ? \@given : ());
        # A field is read, and set to what it is; one of the server while it starts.
        my $object = in($language, $object{$class});
        for my $set ($kind eq 'Ro' ? [] : $kind eq 'Rw' ? ([], \@given) : @sets) {
            my $arguments = exists $arguments{$full} ? in($language, $arguments{$full}) : join ', ', map { value($language, $_) } @$set;
            my $is_set = $kind eq 'Rw' && @$set;
            my $code;
            if ($kind eq 'ClassMethod') { $code = $lua ? "require('" . $class =~ s/::/./gr . "'):$name($arguments)" : "$class->$name($arguments)" }
            elsif ($kind eq 'Function') { $code = $lua ? "require('" . $class =~ s/::/./gr . "').$name($arguments)" : "$row->{name}($arguments)" }
            else {
                defined $object or die "no object of $class";
                my ($begin, $first) = ($lua ? "local o = $object " : "my \$o = $object; ", in($language, $before{$full}));
                $begin .= $first . ($lua ? ' ' : '; ') if $first;
                $code = $begin . (
                    $is_set && !exists $arguments{$full} ? $lua ? "local v = o.$name if v == nil then v = $arguments end o.$name = v" : "my \$v = \$o->$name; \$o->$name(\$v // $arguments)"
                    : $is_set ? $lua ? "o.$name = $arguments" : "\$o->$name($arguments)"
                    : $kind =~ /^R/ ? $lua ? "local v = o.$name" : "my \$v = \$o->$name"
                    : $name eq '__call' ? "local v = o($arguments)" : $name eq '__index' ? 'local v = o.Host' : $name eq '__newindex' ? 'o.A = "b"' : $name eq '__pairs' ? 'for k, v in pairs(o) do end'
                    : $lua ? "local v = o:$name($arguments)" : "my \$v = \$o->$name($arguments)");
            }
            next if @calls && $calls[-1][3] eq $code && $calls[-1][0] eq $language;
            push @calls, [ $language, $phase{$full} || ($is_set && $class eq 'Apache2::ServerRec' ? 'start' : 'response'), $full, $code ];
        }
    }
}

my @number = map { my $l = $_; [ grep { $calls[$_][0] eq $l } 0 .. $#calls ] } 'Perl', 'Lua';
sub numbers { my ($phase, $language) = @_; join ', ', grep { $calls[$_][1] eq $phase && $calls[$_][0] eq $language } 0 .. $#calls }
my $perl = <<'P' =~ s/\@uses\@/TestApi::uses()/er . "our \%call = (\n" . join('', map { "$_ => sub { my (\$r, \$s, \$parms, \$bucket, \$brigade) = \@_; $calls[$_][3] },\n" } @{ $number[0] }) . ");\n1;\n";
package T::Call;
@uses@
use Apache2::Const -compile => qw(:common :auth);
no warnings;
our %call;
sub said { open my $fh, '>>', '@var@/trace' or die $!; syswrite $fh, join("\t", map { s/\s+/ /gr } @_) . "\n" }
sub call {
    my ($n, $r, $s, $parms) = @_;
    my ($bucket, $brigade);
    if ($r) {
        $bucket = APR::Bucket->new($r->connection->bucket_alloc, 'x');
        $brigade = APR::Brigade->new($r->pool, $r->connection->bucket_alloc);
        $brigade->insert_tail($_) for $bucket, APR::Bucket->new($r->connection->bucket_alloc, 'y');
    }
    my $done = eval { $call{$n}->($r, $s, $parms, $bucket, $brigade); 1 };
    said($n, $done ? 'ok' : "$@");
}
sub handler { my $r = shift; call($r->args, $r, $r->server); return 0 }
sub nothing { -1 }
sub start { my (undef, undef, undef, $s) = @_; call($_, undef, $s) for @start@; return 0 }
Apache2::RequestUtil::register_auth_provider(Apache2::ServerUtil->server->process->pconf, 'authz', 'perl-rows', '0',
    sub { 1 }, sub { my ($parms) = @_; call($_, undef, $parms->server, $parms) for @parms@; return }, 1);
P
my $lua = "local call = {\n" . join('', map { "[$_] = function(r, s, bucket, brigade) $calls[$_][3] end,\n" } @{ $number[1] }) . "}\n" . <<'L';
local rows = {}
local function run(n, r, s)
  local bucket, brigade
  if r then
    local Bucket, alloc = require("APR.Bucket"), r.connection.bucket_alloc
    bucket, brigade = Bucket:new(alloc, "x"), require("APR.Brigade"):new(r.pool, alloc)
    brigade:insert_tail(bucket) brigade:insert_tail(Bucket:new(alloc, "y"))
  end
  local ok, why = pcall(call[n], r, s, bucket, brigade)
  local out = io.open("@var@/trace", "a")
  out:write(n .. "\t" .. (ok and "ok" or tostring(why):gsub("%s+", " ")) .. "\n") out:close()
end
function rows.handler(r) run(tonumber(r.args), r, r.server) return apache2.OK end
function rows.nothing() return apache2.DECLINED end
function rows.start(pconf, plog, ptemp, s) for _, n in ipairs { @start@ } do run(n, nil, s) end return apache2.OK end
return rows
L
s/\@start\@/'(' . numbers('start', 'Perl') . ')'/e, s/\@parms\@/'(' . numbers('parms', 'Perl') . ')'/e for $perl;
s/\@start\@/numbers('start', 'Lua')/e for $lua;
s/\@htdocs\@/\@var\@/g, s{\@plain\@}{\@var\@/../htdocs/plain.txt}g for $perl, $lua;

# Asks, and hangs up when the answer is there, or after as many seconds: how long it took.
sub ask {
    my ($s, $path, $most, $more) = @_;
    my $begin = time;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->port, Timeout => $most) or return $most;
    print $socket "GET $path HTTP/1.1\r\nHost: rows\r\nConnection: @{[ $more || 'close' ]}\r\n\r\n";
    shutdown $socket, 1;
    while ((my $left = $begin + $most - time) > 0) {
        vec(my $set = '', fileno $socket, 1) = 1;
        last if select($set, undef, undef, $left) && !sysread $socket, my $buffer, 65_536;
    }
    return time - $begin;
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, modules => { 'T/Call.pm' => $perl }, scripts => { 'rows.lua' => $lua },
        files => { 'htdocs/plain.txt' => 'plain' }, config => <<'C');
InterpDict rows shm:64k
InterpDict x shm:64k
PerlConfigRequire @lib@/T/Call.pm
PerlPostConfigHandler T::Call::start
LuaPackagePath @lua@/?.lua
LuaPostConfigHandler rows.start
<VirtualHost *:1>
    ServerName other
    ServerAlias another *.rows
</VirtualHost>
LogLevel crit
<Location /perl>
    SetHandler modperl
    PerlResponseHandler T::Call
    PerlOptions +GlobalRequest
</Location>
<Location /parms>
    Require perl-rows x
</Location>
<Location /lua>
    SetHandler lua
    LuaResponseHandler rows.handler
</Location>
C
    $s->expect_log(qr/^\[[^]]*\] \[\w+:(?:error|crit|alert|emerg)\]/);
    my @slow;
    for my $n (grep { $calls[$_][1] eq 'response' } 0 .. $#calls) {
        my $upgrade = $calls[$n][2] =~ /::ws/ ? "Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" : '';
        my $took = ask($s, ($calls[$n][0] eq 'Lua' ? '/lua' : '/perl') . "?$n", 5, $upgrade);
        push @slow, "$calls[$n][0] $calls[$n][2]: $took" if $took > 2;
    }
    is "@slow", '', 'each is answered at once';
    my %said = map { /^(\d+)\t(.*)/ } split /\n/, slurp("$s->{root}/var/trace");
    for my $n (0 .. $#calls) {
        my ($language, $phase, $name, $code) = @{ $calls[$n] };
        my $says = $refuses{"$language $name"} || $refuses{$name};
        my ($got, $what) = ($said{$n} // 'it did not return', "$language: $code");
        $says && $got ne 'ok' ? like($got, $says, $what) : is($got, 'ok', $what);
    }
});

done_testing;
