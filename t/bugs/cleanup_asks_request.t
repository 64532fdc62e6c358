# Code registered on a request's pool ran outside of the request: it found no current request, and no pnotes.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/CR.pm' => <<'P' }, config => <<'C');
package My::CR;
use strict;
use warnings;
use T::Trace ();
use APR::Pool ();
use APR::Table ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::SubRequest ();
use Apache2::Const -compile => 'OK';
sub ask {
    my $r = shift;
    $r->pnotes(more => 1);
    T::Trace::note('pool', $r->uri, eval { Apache2::RequestUtil->request->uri } || "none: $@", $r->pnotes('key') || 'no pnotes', $r->notes->get('n') || 'no notes');
}
sub cleanup { my $r = shift; T::Trace::note('handler', $r->pnotes('key') || 'no pnotes'); Apache2::Const::OK }
sub My::CR::Guard::DESTROY { T::Trace::note('DESTROY', eval { Apache2::RequestUtil->request->uri } || 'none') }
sub handler {
    my $r = shift;
    my $how = $r->args || '';
    $r->pnotes(key => 'value');
    $r->pnotes(guard => bless [], 'My::CR::Guard') if $how eq 'handler';
    $r->notes->set(n => 'note');
    $r->pool->cleanup_register(\&ask, $r)          if $how eq 'arg';
    $r->pool->cleanup_register(sub { ask($r) })    if $how eq 'closure';
    if ($how eq 'child') { my $p = $r->pool->new; $p->cleanup_register(\&ask, $r); undef $p }
    if ($how eq 'connection') { $r->connection->pool->cleanup_register(sub { T::Trace::note('pool', eval { Apache2::RequestUtil->request; 1 } ? 'request' : 'none') }) }
    if ($how eq 'late')  { $r->pool->cleanup_register(\&ask, $r); $r->pnotes(key => 'set later') }
    if ($how eq 'handler') { $r->pool->cleanup_register(\&ask, $r) }
    if ($how eq 'dies')  { $r->pool->cleanup_register(sub { die "cleanup dies\n" }); $r->pool->cleanup_register(\&ask, $r) }
    $r->content_type('text/plain');
    $r->print('ok');
    return Apache2::Const::OK;
}
1;
P
PerlModule My::CR
PerlInterpMax 1
<Location />
    SetHandler modperl
    PerlOptions +GlobalRequest
    PerlResponseHandler My::CR
    PerlCleanupHandler  My::CR::cleanup
</Location>
C
    for my $how (qw(arg closure child handler)) {
        $s->trace;
        is $s->get("/cr/$how?$how")->{content}, 'ok', "$how: answered";
        my @lines = grep { /^pool/ } $s->wait_for_trace(qr/^pool/m);
        like $lines[0], qr{^pool /cr/$how /cr/$how value note$}, '  the cleanup finds its request, its pnotes and notes';
    }
    $s->trace;
    is $s->get('/cr?handler')->{content}, 'ok', 'cleanups, a PerlCleanupHandler and a value with DESTROY';
    my @order = map { (split)[0, -1] } $s->wait_for_trace(qr/^DESTROY/m);
    is_deeply [sort(@order[0 .. 3]), @order[4, 5]], [sort(qw(handler value pool note)), qw(DESTROY /cr)], '  values go last, within their request';
    $s->expect_log(qr/cleanup dies/);
    is $s->get('/cr?dies')->{content}, 'ok', 'a cleanup that dies';
    ok scalar(grep { /^pool/ } $s->wait_for_trace(qr/^pool/m)), '  does not keep the others from running';
    is $s->get('/cr?connection')->{content}, 'ok', q{a cleanup on the connection's pool};
    my @lines;
    ok wait_until(sub { $s->get('/cr'); push @lines, grep { /^pool/ } $s->trace; @lines }, 10), '  runs';
    is $s->get('/cr')->{content}, 'ok', 'the interpreter is back';
});

done_testing;
