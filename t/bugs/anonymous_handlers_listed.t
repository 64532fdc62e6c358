# get_handlers gave an empty entry for each anonymous sub.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Anon.pm' => <<'P' }, config => <<'C');
package My::Anon;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Const -compile => 'OK';
sub named { Apache2::Const::OK }
sub handler {
    my $r = shift;
    my $n = 0;
    $r->push_handlers(PerlLogHandler => \&named);
    $r->push_handlers(PerlLogHandler => sub { $n = 1; Apache2::Const::OK });
    $r->push_handlers(PerlLogHandler => sub { $n = 2; Apache2::Const::OK });
    my $handlers = $r->get_handlers('PerlLogHandler');
    my @ran = map { my $h = $_; ref $h ? do { $n = 0; $h->($r); $n } : defined $h ? "text '$h'" : 'undef' } @$handlers;
    $r->content_type('text/plain');
    $r->print(join ',', @ran);
    return Apache2::Const::OK;
}
1;
P
PerlModule My::Anon
<Location />
    SetHandler modperl
    PerlResponseHandler My::Anon
</Location>
C
    is $s->get('/')->{content}, '0,1,2', 'each entry is code, and the code that was pushed';
});

done_testing;
