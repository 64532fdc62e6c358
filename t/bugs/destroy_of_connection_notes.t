# A value in a connection's pnotes dies when its interpreter is next entered, which now and then is for a request of
# another connection: in DESTROY Apache2::RequestUtil->request gave that one.
use lib 't/lib';
use TestHttpd;

my $s = TestHttpd->start(mpm => 'event', modules => { trace_module, 'My/DC.pm' => <<'P' }, config => <<'C');
package My::DC;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Const -compile => 'OK';
sub My::DC::Guard::DESTROY { T::Trace::note('DESTROY', eval { Apache2::RequestUtil->request->uri } || 'none') }
sub handler {
    my $r = shift;
    $r->connection->pnotes(guard => bless [], 'My::DC::Guard') if $r->args;
    $r->content_type('text/plain');
    $r->print('ok');
    return Apache2::Const::OK;
}
1;
P
PerlModule My::DC
PerlInterpMax 1
<Location />
    SetHandler modperl
    PerlOptions +GlobalRequest
    PerlResponseHandler My::DC
</Location>
C
my @lines;
for my $n (1 .. 30) {
    $s->get('/one?register');
    wait_until(sub { $s->get('/other'); push @lines, grep { /^DESTROY/ } $s->trace; @lines >= $n }, 10);
}
is_deeply [grep { $_ ne 'DESTROY none' } @lines], [], 'it is about no request';

done_testing;
