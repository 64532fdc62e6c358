# Arrays and hashes of a <Perl> section that a class has blessed are configuration as all others are; what is undef is left out in silence.
# The start ended with "Unknown type" or "Not a HASH reference", or our library's lines were in perl's warnings.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'with mod_perl the start ends' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'T/Vars.pm' => <<'P', 'T/Text.pm' => <<'P' }, config => <<'C', switches => '-w');
package T::Vars;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Module ();
sub handler {
    my $r = shift;
    my @asked = (Apache2::Module::loaded(undef), Apache2::Module::get_config(undef, $r->server) // 'nothing');
    $r->print(join ' ', (map { "$_=" . ($r->dir_config($_) // '-') } qw(array words hash scalar text later shared)), @asked);
    0;
}
1;
P
package T::Text;
use overload '""' => sub { $_[0]{text} }, fallback => 1;
sub new { bless { text => $_[1] } }
1;
P
PerlModule T::Vars T::Text
<Perl>
    bless \@PerlSetVar, 'Some::Array';
    @PerlSetVar = ('array 1', (bless ['words', undef, 2], 'Some::Words'), undef, T::Text->new('text 5'));
    $Location{'/'} = bless { SetHandler => 'modperl', PerlResponseHandler => 'T::Vars', PerlSetVar => [ ['hash', 3], undef ], PerlAddVar => undef }, 'Some::Hash';
    bless \%Location, 'Some::Sections';
    $PerlAddVar = bless \(my $text = 'scalar 4'), 'Some::Scalar';
    $Options = \undef;
    @PerlConfig = (undef, T::Text->new('PerlSetVar later 6'));
    bless \@Apache2::ReadConfig::PerlAddVar, 'Some::Array';
    @Apache2::ReadConfig::PerlAddVar = ('shared 7', undef);
</Perl>
C
    is $s->get('/')->{content}, 'array=1 words=2 hash=3 scalar=4 text=5 later=6 shared=7 0 nothing', 'objects are what they are made of, or their text';
    $s->log_unlike(qr/uninitialized.*(?:PerlSections|Module|Directives)\.pm/, 'no warning is about a line of our library');
});

done_testing;
