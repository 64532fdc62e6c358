# What httpd needs of a request, connection, server or filter is checked where a script changes it or has httpd use it: an exception
# names it, and the child lives. Each line was a crash of the child, or bytes of its memory in an answer.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_perl and mod_lua end the child in most of these' unless ours;

# Phase, code of Perl and of Lua (empty: cannot be said there), and what the exception says, or what the code gives.
my @CASES = grep { /\S/ && !/^#/ } split /\n/, <<'T';
Trans    | $r->uri(undef)                    | r.uri = nil                           | needs a string
Fixup    | $r->uri(undef)                    | r.uri = nil                           | needs a string
Response | $r->uri(undef)                    | r.uri = nil                           | needs a string
Trans    | $r->uri(scalar $r->headers_in->get('X-None')) | r.uri = r.headers_in['X-None'] | needs a string
Fixup    | $r->filename(undef)               | r.filename = nil                      | needs a string
Response | $r->filename(undef)               | r.filename = nil                      | needs a string
Fixup    | $r->method(undef)                 |                                       | needs a string
Fixup    | $r->the_request(undef)            |                                       | needs a string
Fixup    | $r->useragent_ip(undef)           |                                       | needs a string
Fixup    | $r->connection->client_ip(undef)  | r.connection.client_ip = nil          | needs a string
Fixup    | $r->connection->remote_ip(undef)  | r.connection.remote_ip = nil          | needs a string
Fixup    | $r->method_number(64)             |                                       | needs a number from 0 to 63
Fixup    | $r->method_number(-1)             |                                       | needs a number from 0 to 63
Fixup    | $r->mtime(2**60)                  |                                       | needs a time
Fixup    | $r->mtime(-2**60)                 |                                       | needs a time
Fixup    | $r->update_mtime(2**60)           | r:update_mtime(1 << 60)               | needs a time
Fixup    | $r->set_last_modified(2**60)      | r:set_last_modified(1 << 60)          | needs a time
Fixup    | $r->rationalize_mtime(2**60)      | r:rationalize_mtime(1 << 60)          | needs a time
PostReadRequest | $r->lookup_file('a')       | r:lookup_file('a')                    | needs a request whose filename is known
Trans    | $r->lookup_file('a')              | r:lookup_file('a')                    | needs a request whose filename is known
PostReadRequest | $r->send_cgi_header("bad header\n\n") |                             | .
Trans    | $r->send_cgi_header("X-A: b\n\n"); $r->err_headers_out->get('X-A') |      | b
Response | my $m = Apache2::RequestRec->new($r->connection); $m->lookup_uri('/a.txt')->status | | 200
Response | my $m = Apache2::RequestRec->new($r->connection); join ',', map { my $run = "run_$_"; defined $m->$run ? 'ran' : 'no' } qw(fixups header_parser type_checker translate_name map_to_storage post_read_request access_checker log_transaction) | | ran,ran
Response | $r->output_filters->next($r->output_filters) | r.output_filters.next = r.output_filters | needs a filter that stands behind it
Response | my $f = $r->output_filters; $f->next->next($f) |                          | needs a filter that stands behind it
Response | $r->output_filters($r->input_filters) | r.output_filters = r.input_filters | needs a filter of
Response | $r->input_filters($r->output_filters) | r.input_filters = r.output_filters | needs a filter of
Response | $r->proto_output_filters($r->input_filters) |                             | needs a filter of
Response | $r->connection->input_filters($r->connection->output_filters) |           | needs a filter of
Response | my $o = $r->output_filters; $r->output_filters($r->proto_output_filters); $r->output_filters($o); 'set and back' | | set and back
Response | my $f = $r->connection->output_filters; $f->r($r)    |                     | needs
Response | my $f = $r->output_filters; while ($f) { my $n = $f->next; $f->remove; $f = $n } | local f = r.output_filters while f do local n = f.next f:remove() f = n end | .
Response | my $f = $r->connection->output_filters; while ($f) { my $n = $f->next; $f->remove; $f = $n } | local f = r.connection.output_filters while f do local n = f.next f:remove() f = n end | needs a filter
Response | my $f = $r->connection->input_filters; while ($f) { my $n = $f->next; $f->remove; $f = $n } | local f = r.connection.input_filters while f do local n = f.next f:remove() f = n end | needs a filter
Response | my $f = $r->output_filters; $f->remove; $f->remove; 'twice' |              | twice
Response | $r->pool->cleanup_for_exec        | r.pool:cleanup_for_exec()             | needs a process that
Response | my $f = $r->finfo; join ',', $f->name // 'undef', $f->size, $f->inode, $f->mtime, $f->fname // 'undef', $f->valid | return tostring(r.finfo.name) .. ',' .. r.finfo.size .. ',' .. r.finfo.inode | undef,0,0\|nil,0,0
Response | $r->finfo($r->finfo); 'set'       |                                       | set
Response | $r->set_content_length; $r->headers_out->get('Content-Length') |          | ^0\z
Response | $r->internal_fast_redirect(Apache2::RequestRec->new($r->connection)->lookup_uri('/a.txt')) | | needs a subrequest of this request
Response | $r->pool->parent_get->parent_get->cleanup_register(sub { 1 }) | r.pool:parent_get():parent_get():cleanup_register(function() end) | needs a pool that ends
Response | $r->server->process->pool->cleanup_register(sub { 1 }) | r.server.process.pool:cleanup_register(function() end) | needs a pool that ends
Response | $r->server->add_version_component('late') | r.server:add_version_component('late') | needs a server that starts
Response | $r->read(my $b, 1, 2**40)              |                                       | Offset outside string
Fixup    | $r->assbackwards(1); $r->die(302)      |                                       | .
Fixup    | $r->assbackwards(1); $r->status(302); $r->send_error_response(0) |             | .
Response | my $p = APR::Pool->new; $p->cleanup_register(sub { 1 }); 'its own' | local p = require('APR.Pool'):new() p:cleanup_register(function() end) return 'its own' | its own
Response | $r->connection->client_socket->close; 'closed' | r.connection.client_socket:close() return 'closed' | .
Response | $r->internal_fast_redirect($r->lookup_file('x' x 70_000)) | r:internal_fast_redirect(r:lookup_file(('x'):rep(70000))) | needs a subrequest
Response | $r->lookup_file('x' x 70_000)->run_translate_name | r:lookup_file(('x'):rep(70000)):run_translate_name() | needs a request whose uri
Response | $r->lookup_file('x' x 70_000)->run     | r:lookup_file(('x'):rep(70000)):run() | needs a subrequest
Response | $r->connection->bucket_alloc->destroy; 'not ours' |                        | not ours
Response | our $n; local $n = $n + 1; $r->run_handler |                              | needs
T

my (@rows, %at);
for (@CASES) {
    my ($phase, $perl, $lua, $want) = map { s/^\s+|\s+\z//gr } split /(?<!\\)\|/;
    push @rows, { phase => $phase, perl => $perl, lua => $lua, want => $want =~ s/\\\|/|/gr };
}
my @PHASES = qw(PostReadRequest Trans Fixup Response);
my %HOOK = (PostReadRequest => 'LuaPostReadRequestHandler', Trans => 'LuaHookTranslateName', Fixup => 'LuaHookFixups', Response => 'LuaMapHandler');

my $subs = join '', map { "sub { my \$r = shift; $_->{perl} },\n" } @rows;
my %modules = ('My/Needs.pm' => <<"P");
package My::Needs;
no warnings;
use Apache2::RequestRec (); use Apache2::RequestIO (); use Apache2::RequestUtil (); use Apache2::Response (); use Apache2::SubRequest (); use Apache2::HookRun ();
use Apache2::Filter (); use Apache2::ServerUtil (); use Apache2::Process (); use Apache2::Connection (); use Apache2::ServerRec (); use APR::Pool (); use APR::Table (); use APR::Finfo (); use APR::Bucket (); use APR::BucketAlloc ();
my \@case = ($subs);
our %got;
sub ask {
    my (\$phase, \$r) = \@_;
    my (\$want, \$n) = (\$r->headers_in->get('X-Case') // '') =~ /^(\\w+) (\\d+)/ or return;
    return if \$want ne \$phase || !\$r->is_initial_req;
    my \@text = eval { \$case[\$n]->(\$r) };
    \$r->notes->set(told => \$\@ ? "\$\@" : join ',', map { \$_ // 'undef' } \@text);
}
sub PostReadRequest { ask('PostReadRequest', \@_); -1 }
sub Trans { ask('Trans', \@_); -1 }
sub Fixup { ask('Fixup', \@_); -1 }
sub Response { my \$r = shift; ask('Response', \$r); \$r->print(\$r->notes->get('told') // 'nothing told'); 0 }
1;
P
my $lua = join '', map { "  function(r) $_->{lua} end,\n" } @rows;
my %scripts = ('needs.lua' => "local case = {\n$lua}\n" . <<'L');
local function ask(phase, r)
  local want, n = (r.headers_in["X-Case"] or ""):match("^(%w+) (%d+)")
  if want ~= phase or r.main then return end
  local ok, text = pcall(case[n + 1], r)
  r.notes.told = tostring(text)
end
function PostReadRequest(r) ask("PostReadRequest", r) return -1 end
function Trans(r) ask("Trans", r) return -1 end
function Fixup(r) ask("Fixup", r) return -1 end
function Response(r) ask("Response", r) r:puts(r.notes.told or "nothing told") return 0 end
L
my $CONF = <<'C';
PerlModule My::Needs
PerlPostReadRequestHandler My::Needs::PostReadRequest
PerlTransHandler My::Needs::Trans
<Location /perl>
    SetHandler modperl
    PerlFixupHandler My::Needs::Fixup
    PerlResponseHandler My::Needs::Response
</Location>
<Location /script>
    SetHandler perl-script
    PerlFixupHandler My::Needs::Fixup
    PerlResponseHandler My::Needs::Response
</Location>
C
my $LUA_CONF = <<'C';
LuaPostReadRequestHandler @lua@/needs.lua:PostReadRequest
LuaHookTranslateName @lua@/needs.lua Trans
<Location /lua>
    LuaHookFixups @lua@/needs.lua Fixup
    LuaMapHandler . @lua@/needs.lua Response
</Location>
C

sub children_died { my $n = () = $_[0]->log =~ /exit signal/g; return $n }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %common = (mpm => $mpm, modules => \%modules, scripts => \%scripts, files => { 'htdocs/a.txt' => 'a file' });
    my %server = (
        perl => TestHttpd::Lua->start(%common, perl => 1, config => $CONF),
        lua  => TestHttpd::Lua->start(%common, perl => 0, config => $LUA_CONF),
    );
    for my $place (qw(perl script lua)) {
        my $language = $place eq 'lua' ? 'lua' : 'perl';
        my $s = $server{$language};
        $s->expect_log(qr/malformed header|did not send an HTTP header|AH\d+|can't be called before the response phase/);
        for my $n (0 .. $#rows) {
            my $row = $rows[$n];
            my $code = $row->{$language};
            next if !length $code;
            my $answer = $s->get("/$place", 'X-Case' => "$row->{phase} $n");
            like $answer->{content}, qr/$row->{want}/, "$place, $row->{phase}: $code";
        }
        is children_died($s), 0, "$place: no child died";
    }
});

done_testing;
