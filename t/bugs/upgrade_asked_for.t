# A request with `Upgrade: h2c` lost what handlers had put into it (pnotes, pushed and set handlers, cleanups) before its response, though
# nothing was upgraded: an access handler that puts its own page in the place of the configured one could be passed by with a header.
# A request that is upgraded and has a cleanup on its pool kept its interpreter from the stream that it became.
use lib 't/lib';
use TestHttpd::Lua;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $h2 = have_httpd_module('http2') && $mpm ne 'prefork';
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, load => [$h2 ? 'http2' : ()], modules => { trace_module, 'My/Up.pm' => <<'P' }, config => <<'C' . ($h2 ? "Protocols h2c http/1.1\n" : ''));
package My::Up;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use APR::Pool ();
sub access {
    my $r = shift;
    $r->pnotes(who => 'admin');
    $r->push_handlers(PerlCleanupHandler => sub { T::Trace::note('cleanup'); 0 });
    $r->push_handlers(PerlLogHandler     => sub { T::Trace::note('log');     0 });
    $r->set_handlers(PerlResponseHandler => [ sub { $_[0]->print('instead, who=', $_[0]->pnotes('who') // 'nobody'); 0 } ]);
    -1;
}
sub keeps { my $r = shift; $r->pool->cleanup_register(sub { 1 }) if $r->protocol eq 'HTTP/1.1'; -1 }
sub page  { $_[0]->print('configured, ', $_[0]->protocol); 0 }
1;
P
PerlModule My::Up
PerlInterpMax 1
PerlInterpMaxWait 3s
<Location /perl>
    SetHandler modperl
    PerlAccessHandler   My::Up::access
    PerlResponseHandler My::Up::page
</Location>
<Location /keeps>
    SetHandler modperl
    PerlFixupHandler    My::Up::keeps
    PerlResponseHandler My::Up::page
</Location>
<Location /lua>
    SetHandler lua
    LuaAccessHandler   "function(r) r:pnotes('who', 'admin') return -1 end"
    LuaResponseHandler "function(r) r:puts('who=' .. tostring(r:pnotes('who'))) return 0 end"
</Location>
C
    my @settings = ('HTTP2-Settings' => 'AAMAAABkAAQAAP__');
    my %ways = ('no header' => [], 'a word alone' => [Upgrade => 'h2c'], 'websocket' => [Upgrade => 'websocket', Connection => 'Upgrade'],
        'no settings' => [Upgrade => 'h2c', Connection => 'Upgrade'],
        $h2 ? () : ('all that HTTP/2 wants' => [Upgrade => 'h2c', Connection => 'Upgrade, HTTP2-Settings', @settings]));
    for my $way (sort keys %ways) {
        my @headers = @{ $ways{$way} };
        is $s->get('/perl', @headers)->{content}, 'instead, who=admin', "$way: the handler that was set answers, and finds its note";
        ok $s->wait_for_trace(qr/cleanup/), "$way: the handlers that were pushed run";
        is $s->get('/lua', @headers)->{content}, 'who=admin', "$way: so it is in Lua";
    }
    my $body = $s->request('POST', '/perl', { Upgrade => 'h2c', Connection => 'Upgrade, HTTP2-Settings', @settings }, 'a=b');
    is $body->{content}, 'instead, who=admin', 'a request with a body, which cannot be upgraded';
    SKIP: {
        skip 'no curl with HTTP/2', 1 unless $h2 && $s->have_h2;
        my $url = $s->url('/keeps');
        is `curl -s --http2 $url`, 'configured, HTTP/2.0', 'one that is upgraded, with a cleanup of its pool, is answered by one interpreter';
    }
});
done_testing;
