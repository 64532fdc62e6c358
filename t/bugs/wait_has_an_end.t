# A request that finds all interpreters busy waits no longer than the server's Timeout, and is told so with 503. With mod_perl it waits as long as the others take.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time);

my %modules = ('My/Busy.pm' => <<'P');
package My::Busy;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my ($r) = @_;
    my $end = time + 20;
    select undef, undef, undef, 0.05 until !$r->args || -e '@var@/go' || time > $end;
    $r->print('done');
    return 0;
}
1;
P

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
Timeout 1
PerlModule My::Busy
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxSpare 1
<Location /busy>
    SetHandler modperl
    PerlResponseHandler My::Busy
</Location>
C
    my $busy = $s->socket;
    print {$busy} "GET /busy?keep HTTP/1.0\r\n\r\n";
    # The answer to one that waits as well: the first one may not have begun yet.
    my $other = $s->socket;
    print {$other} "GET /busy?keep HTTP/1.0\r\n\r\n";
    my $answer = '';
    vec(my $bits = '', fileno $_, 1) = 1 for $busy, $other;
    $bits |= do { my $b = ''; vec($b, fileno $busy, 1) = 1; vec($b, fileno $other, 1) = 1; $b };
    my $n = select $bits, undef, undef, 8;
    ok $n, 'while a handler keeps the only interpreter, another request is answered' or diag 'it still waits after 8 seconds';
    my ($told) = grep { vec $bits, fileno $_, 1 } $other, $busy;
    like scalar(<$told>), qr/ 503 /, 'with 503, within the Timeout of a second' if $n;
    spew($s->root . '/var/go', '');
    $s->expect_log(qr/no interpreter|PerlInterpMax/);
});

done_testing;
