# Private memory of a child whose interpreters are replaced all the time: after 10,000 requests within 5 % of what it was after
# 2,000. It settles later: glibc's heap takes some 10,000 requests to find its size (then it stays: t/host/recycle.t).
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Again.pm' => <<'P' }, config => <<'C');
package My::Again;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
my $n = 0;
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print(++$n); 0 }
1;
P
PerlModule My::Again
PerlInterpMaxRequests 10
PerlInterpStart 5
PerlInterpMax 5
PerlInterpMinSpare 5
PerlInterpMaxSpare 5
<Location /n>
    SetHandler modperl
    PerlResponseHandler My::Again
</Location>
C
    my ($child) = $s->child_pids;
    my $run = sub { my $each = shift; $s->parallel(4, sub { my $c = $s->client; $c->get('/n') for 1 .. $each; 1 }) };
    $run->(500);
    my $early = $s->private_memory($child);
    $run->(2000);
    my $late = $s->private_memory($child);
    note sprintf 'private memory: %.2f MB, then %.2f MB', $early / 1e6, $late / 1e6;
    local $TODO = 'the heap settles later';
    cmp_ok $late, '<=', $early * 1.05, 'within 5 %';
});

done_testing;
