# With MergeHandlers each handler of an inner scope runs once, behind the outer ones. mod_perl runs the inner ones again for each outer one beyond the first.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Once.pm' => <<'P');
package My::Once;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
sub ran   { my ($r, $name) = @_; $r->notes->set(ran => ($r->notes->get('ran') || '') . $name); return 0 }
sub one   { ran($_[0], 1) }
sub two   { ran($_[0], 2) }
sub three { ran($_[0], 3) }
sub four  { ran($_[0], 4) }
sub handler { my ($r) = @_; $r->print($r->notes->get('ran')); return 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::Once
<Location />
    SetHandler modperl
    PerlResponseHandler My::Once
    PerlFixupHandler My::Once::one My::Once::two
    PerlOptions +MergeHandlers
</Location>
<Location /in>
    PerlFixupHandler My::Once::three My::Once::four
</Location>
C
    is $s->get('/in')->{content}, '1234', 'two outer handlers and two inner ones: each runs once, in order';
});

done_testing;
