# A cleanup on a connection's pool runs when its interpreter is next entered, which may be for a request of another
# connection: Apache2::RequestUtil->request gave it that one.
use lib 't/lib';
use TestHttpd;

my $s = TestHttpd->start(mpm => 'event', modules => { trace_module, 'My/CC.pm' => <<'P' }, config => <<'C');
package My::CC;
use strict;
use warnings;
use T::Trace ();
use APR::Pool ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    $r->connection->pool->cleanup_register(sub { T::Trace::note('pool', eval { Apache2::RequestUtil->request->uri } || 'none') }) if $r->args;
    $r->content_type('text/plain');
    $r->print('ok');
    return Apache2::Const::OK;
}
1;
P
PerlModule My::CC
PerlInterpMax 1
<Location />
    SetHandler modperl
    PerlOptions +GlobalRequest
    PerlResponseHandler My::CC
</Location>
C
is $s->get('/one?register')->{content}, 'ok', 'a request registers it on its connection';
my @lines;
wait_until(sub { $s->get('/other'); push @lines, grep { /^pool/ } $s->trace; @lines }, 10);
is $lines[0], 'pool none', 'it is about no request';

done_testing;
