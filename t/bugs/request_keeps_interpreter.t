# What a handler of one phase leaves in a package variable, a later phase of the same request finds: a request keeps its interpreter from its
# first handler to its last. With mod_perl under threads each phase takes an interpreter of its own, mostly the one that was put back last: with many
# clients at once some found another request's value, or none.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/One.pm' => <<'P');
package My::One;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => qw(OK DECLINED);
our $token = 'none';
sub early  { $token = $_[0]->args // ''; Apache2::Const::DECLINED }
sub middle { select undef, undef, undef, 0.003; Apache2::Const::OK }
sub handler {
    my ($r) = @_;
    $r->content_type('text/plain');
    $r->print($token);
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::One
PerlInterpStart 4
PerlInterpMax 4
PerlInterpMaxSpare 4
PerlTransHandler My::One::early
<Location /one>
    PerlAccessHandler My::One::middle
    PerlFixupHandler My::One::middle
    SetHandler modperl
    PerlResponseHandler My::One
</Location>
C
    my @wrong = map { @$_ } $s->parallel(8, sub {
        my ($i) = @_;
        my $client = $s->client;
        return grep { defined } map { my $said = $client->get("/one?$i-$_")->{content}; $said eq "$i-$_" ? undef : "$i-$_: $said" } 1 .. 20;
    });
    is_deeply \@wrong, [], 'each of 160 requests found its own value in each phase';
});

done_testing;
