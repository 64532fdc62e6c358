# A - before a handler's name exempts it from PerlOptions +AutoLoad: its module is loaded with the first request that needs it. mod_perl loads it at the start
# all the same.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, map { my $name = $_; ("My/$name.pm" => <<"P") } qw(Early Late));
package My::$name;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
T::Trace::note('$name');
sub handler { \$_[0]->print('$name'); 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C' =~ s/AutoLoad/ours() ? 'AutoLoad' : 'Autoload'/er);
PerlOptions +AutoLoad
<Location /early>
    SetHandler modperl
    PerlResponseHandler My::Early
</Location>
<Location /late>
    SetHandler modperl
    PerlResponseHandler -My::Late
</Location>
C
    my %loaded = map { $_ => 1 } $s->trace;
    is join(' ', sort keys %loaded), 'Early', 'the module without a - is loaded at the start, and no other';
    is $s->get('/late')->{content}, 'Late', 'the other one with its first request';
    ok $s->wait_for_trace(qr/Late/), 'and not before';
});

done_testing;
