# Over HTTP/2 the pool of a stream's request dies on the session's thread, under the session's lock, and maybe only with the
# session's next event. A cleanup or log handler waited there for an interpreter that a stream held which waited for that lock;
# and what lives with a request (pnotes, pushed code, cleanups) kept its interpreter from the session's other streams until then.
# Nothing moved until PerlInterpMaxWait was over. A child that was to end waited, too.
use lib 't/lib';
use TestHttpd::Lua;
use POSIX ();
use Time::HiRes qw(time);

plan skip_all => 'limits of ours' unless ours;
plan skip_all => 'needs mod_http2' unless have_httpd_module('http2');
plan skip_all => 'needs h2load (Debian: nghttp2-client)' unless grep { -x "$_/h2load" } split /:/, $ENV{PATH};

my @MAX    = (1, 2, 4);
my @SCOPES = qw(request subrequest connection handler);

my %modules = ('My/End.pm' => <<'P');
package My::End;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use APR::Pool ();
use Apache2::Const -compile => qw(OK DECLINED NOT_FOUND);
sub ok       { Apache2::Const::OK }
sub early    { my $r = shift; $r->pnotes(mine => bless [1], 'My::End::Note'); Apache2::Const::DECLINED }
sub declined { Apache2::Const::DECLINED }
sub page     { my $r = shift; $r->content_type('text/plain'); $r->print('page ' x 20); Apache2::Const::OK }
sub flushes  { my $r = shift; $r->print('a'); $r->rflush; $r->print('b' x 20_000); Apache2::Const::OK }
sub notes    { my $r = shift; $r->pnotes(mine => bless [$r->uri], 'My::End::Note'); flushes($r) }
sub pushes   { my $r = shift; $r->push_handlers($_ => sub { $r->uri; Apache2::Const::OK }) for qw(PerlLogHandler PerlCleanupHandler); page($r) }
sub pool     { my $r = shift; $r->pool->cleanup_register(sub { 1 }); page($r) }
sub below    { my $r = shift; my $pool = $r->pool->new; $pool->cleanup_register(sub { 1 }); $r->pnotes(pool => $pool); page($r) }
sub client   { my $r = shift; $r->connection->pnotes(mine => bless [1], 'My::End::Note'); page($r) }
sub around   { my $r = shift; $r->print('<'); $r->lookup_uri('/perl/sub')->run; $r->lookup_uri('/perl/sub'); $r->print('>'); Apache2::Const::OK }
sub keeps    { my $r = shift; my $sub = $r->lookup_uri('/perl/notes'); $r->pnotes(sub => $sub); $sub->run; Apache2::Const::OK }
sub missing  { my $r = shift; $r->pnotes(mine => bless [1], 'My::End::Note'); Apache2::Const::NOT_FOUND }
sub error    { my $r = shift; $r->print($r->prev->pnotes('mine') ? 'kept' : 'lost'); Apache2::Const::OK }
sub My::End::Note::DESTROY { $My::End::gone++ }
1;
P

# Each with an access, a log and a cleanup handler.
my %perl = (page => 'page', sub => 'page', flushes => 'flushes', notes => 'notes', pushes => 'pushes', pool => 'pool', below => 'below',
    client => 'client', around => 'around', keeps => 'keeps', missing => 'missing');
my %lua = (
    page    => q{r:puts(('page '):rep(20))},
    sub     => q{r:puts('sub')},
    notes   => q{r:pnotes('mine', setmetatable({}, { __gc = function() end })) r:puts(('b'):rep(20000))},
    pool    => q{r.pool:cleanup_register(function() end) r:puts('pool')},
    client  => q{r.connection:pnotes('mine', {}) r:puts('client')},
    around  => q{r:puts('a') r:lookup_uri('/lua/sub'):run() r:puts('b')},
    both    => q{r:puts('both')},
);
my $locations = join '', (map { <<C } sort keys %perl), (map { <<C } sort keys %lua), <<'C';
<Location /perl/$_>
    SetHandler modperl
    PerlAccessHandler   My::End::declined
    PerlResponseHandler My::End::$perl{$_}
    PerlLogHandler      My::End::ok
    PerlCleanupHandler  My::End::ok
</Location>
C
<Location /lua/$_>
    SetHandler lua
    LuaAccessHandler   "function(r) return -1 end"
    LuaResponseHandler "function(r) $lua{$_} return 0 end"
    LuaLogHandler      "function(r) return 0 end"
    LuaCleanupHandler  "function(r) return 0 end"
</Location>
C
<Location /perl/early>
    SetHandler modperl
    PerlAccessHandler   My::End::early
    PerlResponseHandler My::End::page
</Location>
<Location /perl/missing>
    ErrorDocument 404 /error
</Location>
<Location /error>
    SetHandler modperl
    PerlResponseHandler My::End::error
</Location>
<Location /lua/both>
    PerlFixupHandler  My::End::declined
    PerlLogHandler    My::End::ok
    PerlCleanupHandler My::End::ok
</Location>
C
sub host {
    my ($name, $max, @more) = @_;
    my @own = map { ("${_}Options +Clone", "${_}InterpStart 1", "${_}InterpMax $max", "${_}InterpMinSpare 1", "${_}InterpMaxSpare 20") } qw(Perl Lua);
    return join "\n    ", "Listen 127.0.0.1:\@port:$name\@\n<VirtualHost 127.0.0.1:\@port:$name\@>", @own, @more, "\n</VirtualHost>\n";
}
my $config = join '', <<'C', $locations, (map { host("max$_", $_) } @MAX), (map { host($_, 1, "PerlInterpScope $_", "LuaInterpScope $_") } @SCOPES);
Protocols h2c http/1.1
PerlModule My::End
PerlInterpMaxWait 60s
LuaInterpMaxWait 60s
C

my $s = TestHttpd::Lua->start(mpm => 'event', perl => 1, load => ['http2'], modules => \%modules, config => $config);

# A session of mod_http2's may stand still, once in some hundred loads: requests are in its queue, all of mod_http2's workers are idle, and
# where it was looked at no thread was in code of ours but the keeper. Why is not proven. Probably a worker that has ended a stream looks
# at the first session with work only, goes idle if that has nothing to do, and nobody is woken for a session that is marked already. It
# was not seen without this module. Another client is served meanwhile, and the load is tried again.
sub load {
    my ($host, $path, $n) = @_;
    my ($port, $file) = ($s->port($host), $s->root . '/var/h2load');
    for my $try (1 .. 3) {
        my $pid = $s->background(sub { open STDOUT, '>', $file; open STDERR, '>&', \*STDOUT; exec 'h2load', '-n', $n, qw(-c 8 -m 20), "http://127.0.0.1:$port$path" });
        my $ended = wait_until(sub { waitpid($pid, POSIX::WNOHANG()) == $pid }, 15);
        return slurp($file) =~ /^status codes: (.*)$/m ? $1 : 'no answer' if $ended;
        my $other = HTTP::Tiny->new(timeout => 10)->get("http://127.0.0.1:$port" . ($path =~ m{^/lua} ? '/lua/page' : '/perl/page'));
        kill TERM => $pid;
        waitpid $pid, 0;
        return "no end, and another client is not served: $other->{status}" if $other->{status} != 200;
        $s->expect_log(qr/connection abort/);
        diag "a session of mod_http2 stood still ($host, $path)";
    }
    return 'no end';
}
sub all_of { my ($n, $class) = @_; return join ', ', map { ($_ == $class ? $n : 0) . " ${_}xx" } 2 .. 5 }

for my $path ((map { "/perl/$_" } sort keys %perl), map { "/lua/$_" } sort keys %lua) {
    my $expected = all_of(320, $path =~ /missing/ ? 4 : 2);
    is load("max$_", $path, 320), $expected, "$path with at most $_ interpreters" for @MAX;
}
is load($_, '/perl/notes', 320), all_of(320, 2), "PerlInterpScope $_" for @SCOPES;
is load($_, '/lua/notes', 320), all_of(320, 2), "LuaInterpScope $_" for @SCOPES;

# A connection that becomes HTTP/2 by an Upgrade is served within the response phase of its first request.
for my $path ('/perl/page', '/perl/early', '/lua/page') {
    my $url = 'http://127.0.0.1:' . $s->port('max1') . $path;
    like `curl -s -i --http2 -m 20 $url 2>/dev/null`, qr{^HTTP/2 200}m, "$path: a connection that is upgraded holds no interpreter";
}

# Stopped in the midst of it. What the broken connections say is no wonder.
$s->expect_log(qr/connection abort|reached MaxRequestWorkers/);
my $port  = $s->port('max1');
my $loads = $s->background(sub { open STDOUT, '>', '/dev/null'; exec qw(timeout 20 h2load -D 15 -c 8 -m 20), "http://127.0.0.1:$port/perl/notes" });
ok wait_until(sub { load('max1', '/perl/page', 20) eq all_of(20, 2) }, 10), 'it is served beside a load';
my $start = time;
kill TERM => $s->pid;
$s->wait_ended(30);
cmp_ok time - $start, '<', 4, 'a server ends soon in the midst of it';
kill TERM => $loads;
waitpid $loads, 0;

done_testing;
