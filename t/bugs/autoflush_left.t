# `$| = 1` in a handler of `SetHandler modperl` ends with its request. With mod_perl the next request of the interpreter finds it set.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Flush.pm' => <<'P');
package My::Flush;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler { my ($r) = @_; $r->print("was $|"); $| = 1; return 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
@one_child@
PerlModule My::Flush
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxSpare 1
<Location /flush>
    SetHandler modperl
    PerlResponseHandler My::Flush
</Location>
C
    is $s->get('/flush')->{content}, 'was 0', 'it is off' for 1 .. 3;
});

done_testing;
