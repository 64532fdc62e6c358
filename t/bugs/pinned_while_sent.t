# What lives with a request (pnotes, pushed code, a cleanup on its pool, PerlInterpScope request) kept its interpreter until the
# last byte was written. With a few slow clients all were kept so; everybody else waited, on every thread of the child, and none
# was left to write to the slow clients, who read long since. Nothing moved until PerlInterpMaxWait was over.
use lib 't/lib';
use TestHttpd::Lua;
use Socket ();
use Time::HiRes qw(time);

plan skip_all => 'limits of ours' unless ours;

my $SIZE = 60_000;

my %modules = (trace_module, 'My/Pin.pm' => <<'P');
package My::Pin;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use APR::Pool ();
sub big    { my $r = shift; $r->content_type('text/plain'); $r->print('x' x 60_000); 0 }
sub small  { my $r = shift; $r->pnotes(mine => 1); $r->pool->cleanup_register(sub { 1 }); $r->print('small'); 0 }
sub quick  { my $r = shift; $r->print('hello'); 0 }
sub notes  { my $r = shift; $r->pnotes(mine => bless [1], 'My::Pin::Note'); big($r) }
sub pushed { my $r = shift; $r->push_handlers(PerlCleanupHandler => sub { T::Trace::note('pushed') ; 0 }); big($r) }
sub pool   { my $r = shift; $r->pool->cleanup_register(sub { T::Trace::note('pool') }); big($r) }
sub below  { my $r = shift; my $pool = $r->pool->new; $pool->cleanup_register(sub { T::Trace::note('below') }); push @My::Pin::pools, $pool; big($r) }
sub all    { my $r = shift; $r->pool->cleanup_register(sub { 1 }); notes($r) }
sub gone   { my $r = shift; T::Trace::note($_[0] || 'cleanup', $r->uri); 0 }
sub logged { gone($_[0], 'log') }
sub My::Pin::Note::DESTROY { T::Trace::note('notes') }
1;
P
my @PINS = map { "/$_" } qw(notes pushed pool below request lua/notes lua/pool lua/request lua/filter);
my $config = <<'C';
ThreadsPerChild 8
MaxRequestWorkers 8
SendBufferSize 8192
PerlModule My::Pin
PerlInterpStart 2
PerlInterpMax 2
PerlInterpMaxWait 30s
LuaInterpStart 2
LuaInterpMax 2
LuaInterpMaxWait 30s
LuaOutputFilter UPPER filter.lua upper
<LocationMatch ^/(?!lua)>
    SetHandler modperl
</LocationMatch>
<Location /quick>
    PerlResponseHandler My::Pin::quick
</Location>
<Location /small>
    PerlResponseHandler My::Pin::small
</Location>
<Location /lua/quick>
    SetHandler lua
    LuaResponseHandler "function(r) r:puts('hello') return 0 end"
</Location>
<Location /lua/notes>
    SetHandler lua
    LuaResponseHandler "function(r) r:pnotes('mine', {}) r:puts(('x'):rep(60000)) return 0 end"
    LuaCleanupHandler "function(r) return 0 end"
</Location>
<Location /lua/pool>
    SetHandler lua
    LuaResponseHandler "function(r) r.pool:cleanup_register(function() end) r:puts(('x'):rep(60000)) return 0 end"
</Location>
<Location /lua/request>
    SetHandler lua-script
    LuaScope request
</Location>
<Location /lua/filter>
    SetHandler lua
    LuaResponseHandler "function(r) r:puts(('x'):rep(60000)) return 0 end"
    SetOutputFilter UPPER
</Location>
C
$config .= <<C for map { m{^/(\w+)$} && $1 ne 'request' ? $1 : () } @PINS, '/all';
<Location /$_>
    PerlResponseHandler My::Pin::$_
    PerlLogHandler      My::Pin::logged
    PerlCleanupHandler  My::Pin::gone
</Location>
C
sub host {
    my ($name, $max, @lines) = @_;
    my @own = map { ("${_}Options +Clone", "${_}InterpStart $max", "${_}InterpMax $max", "${_}InterpMinSpare 1") } qw(Perl Lua);
    return join "\n    ", "Listen 127.0.0.1:\@port:$name\@\n<VirtualHost 127.0.0.1:\@port:$name\@>", @own, @lines, "\n</VirtualHost>\n";
}
$config .= host('request', 2, 'PerlInterpScope request', '<Location />', 'PerlAccessHandler My::Pin::quiet', 'PerlResponseHandler My::Pin::big', '</Location>',
    '<Location /quick>', 'PerlResponseHandler My::Pin::quick', '</Location>');
$config .= host('connection', 2, 'PerlInterpScope connection', 'LuaInterpScope connection', 'KeepAliveTimeout 30');
$config .= host('one', 1);
$modules{'My/Pin.pm'} =~ s/^sub quick/sub quiet { -1 }\nsub quick/m;

sub slow_client {
    my ($port, $path) = @_;
    my $slow = IO::Socket::INET->new(Proto => 'tcp') or die $!;
    setsockopt $slow, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), 4096;
    connect $slow, Socket::pack_sockaddr_in($port, Socket::inet_aton('127.0.0.1')) or die $!;
    $slow->autoflush(1);
    print {$slow} "GET $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    return $slow;
}
# The answer has come as far as it gets.
sub arrives { my ($slow) = @_; return wait_until(sub { my $some; defined recv($slow, $some, 10, Socket::MSG_PEEK() | Socket::MSG_DONTWAIT()) && length $some }, 10) }

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, modules => \%modules, config => $config, scripts => {
        'filter.lua' => 'function upper(r) coroutine.yield() while bucket do coroutine.yield(bucket:upper()) end end',
    }, files => {
        'htdocs/lua/request' => "function handle(r) r:puts(('x'):rep(60000)) return 0 end",
    });
    my $quick = sub {
        my ($path, $n, $port) = @_;
        my $url = 'http://127.0.0.1:' . ($port || $s->port);
        return map { ref $_ ? $_->[0] : $_ } $s->parallel($n, sub { $s->get($path)->{status} }) unless $port;
        return map { ref $_ ? $_->[0] : $_ } $s->parallel($n, sub { my $a = HTTP::Tiny->new(timeout => 40)->get("$url$path"); $a->{status} });
    };

    # Under worker a thread writes to its own client, and waits for it.
    for my $path (@PINS) {
        my $lua  = $path =~ m{^/lua/};
        my $port = $path eq '/request' ? $s->port('request') : $s->port;
        my @slow = map { slow_client($port, $path) } 1, 2;
        arrives($_) for @slow;
        my $start = time;
        is_deeply [$quick->($lua ? '/lua/quick' : '/quick', 12, $path eq '/request' && $port)], [(200) x 12], "$path: while two answers are sent, twelve others are served";
        cmp_ok time - $start, '<', 8, '  before those are';
        is scalar(() = TestHttpd::Client::read_all($_, 20) =~ s/.*?\r\n\r\n//sr =~ /[xX]/g), $SIZE, '  which arrive whole' for @slow;
    }
    my @trace = $s->wait_for_trace(qr/^cleanup \/below/m);
    for my $path (qw(/notes /pushed /pool /below)) {
        my $name = substr $path, 1;
        my ($log, $cleanup) = map { my $what = $_; scalar grep { $_ eq "$what $path" } @trace } qw(log cleanup);
        is_deeply [$log, $path eq '/pushed' ? () : $cleanup], [2, $path eq '/pushed' ? () : 2], "$path: log and cleanup handlers ran once each";
        is scalar(grep { $_ eq $name } @trace), 2, '  and so did what the script left';
    }

    SKIP: {
        skip 'worker has a thread for each', 2 if $mpm eq 'worker';
        my @slow = map { slow_client($s->port, '/all') } 1 .. 20;
        my $start = time;
        is $s->get('/quick')->{status}, 200, 'beside twenty clients that read nothing a request is served';
        cmp_ok time - $start, '<', 4, '  at once';
        @slow = ();
    }

    $s->expect_log(qr/reached MaxRequestWorkers/);
    # One connection's requests, sent all at once: none waits for the interpreter that the one before it has kept.
    my $start = time;
    my $sock  = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->port('one')) or die $!;
    print {$sock} map { "GET /small HTTP/1.1\r\nHost: localhost\r\n" . ($_ == 4 ? "Connection: close\r\n" : '') . "\r\n" } 1 .. 4;
    is scalar(() = TestHttpd::Client::read_all($sock, 20) =~ m{HTTP/1\.1 200}g), 4, 'requests sent at once over one connection with one interpreter are served';
    cmp_ok time - $start, '<', 8, '  soon';

    # Where interpreters are kept for long, one worker is left to those who keep them: it answers 503 at once.
    SKIP: {
        skip 'worker keeps a thread for a connection', 4 if $mpm eq 'worker';
        my $port = $s->port('connection');
        my @kept = map { HTTP::Tiny->new(timeout => 20) } 1, 2;
        my $ask  = sub { map { $_->get("http://127.0.0.1:$port/quick")->{status} } @kept };
        is_deeply [$ask->()], [200, 200], 'two connections keep an interpreter each';
        my $others = $s->background(sub { $quick->('/quick', 12, $port) });
        $s->log_like(qr/PerlInterpMax: all workers but this one wait for interpreters.*refused at once; "PerlInterpMax \d+" \(now 2\) would have avoided it/, '  with all but one worker waiting for those, the log says so');
        # Event may have closed an idle one meanwhile, since its workers are busy: that one is as the others are.
        my $start = time;
        is scalar(grep { $_ == 200 || $_ == 503 } $ask->()), 2, '  and they are answered';
        cmp_ok time - $start, '<', 15, '  soon';
        @kept = ();
        waitpid $others, 0;
    }
});

done_testing;
