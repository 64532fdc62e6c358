# Apache2::Build asks apxs, the compiler and perl. Under taint mode perl refuses what it is asked with.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Build.pm' => <<'P');
package My::Build;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Build ();
use Apache2::BuildConfig ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my $build = Apache2::BuildConfig->new;
    my $of = Apache2::Build->build_config;
    $r->print(join "\n", "taint=${^TAINT}", map { my $got = eval { $build->$_ } // "died: $@"; "$_=" . (ref $got ? 'ref' : $got) }
        qw(ldopts ccopts inc should_build_apache is_dynamic));
    return Apache2::Const::OK;
}
1;
P
my %got;
for my $switch ('', "PerlSwitches -T\n") {
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => "$switch<Location /build>\nSetHandler modperl\nPerlResponseHandler My::Build\n</Location>\n");
    my $got = $s->get('/build')->{content};
    like $got, $switch ? qr/^taint=1$/m : qr/^taint=0$/m, 'a server ' . ($switch ? 'with' : 'without') . ' taint mode';
    like $got, qr/^ldopts=.*-lperl/m, 'how an embedded perl is linked';
    like $got, qr{^inc=.*-I\S+apache2}m, 'where headers are';
    ($got{$switch} = $got) =~ s/^taint.*\n//;
    $got{$switch} =~ s/\Q@{[$s->root]}\E//g;
}
is $got{"PerlSwitches -T\n"}, $got{''}, 'both say the same';

done_testing;
