# A handler before httpd has found the request's sections asks for a variable: later handlers found no other variables than it did, those
# of the server. `Apache2::Reload` as a PerlInitHandler is one that asks.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'T/Early.pm' => <<'P' }, config => <<'C');
package T::Early;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use APR::Table ();
use Apache2::Const -compile => qw(OK);
sub early {
    my $r = shift;
    my $how = $r->args // '';
    $r->dir_config('Nothing') if $how eq 'asked';
    $r->dir_config(Other => 'set') if $how eq 'set';
    return Apache2::Const::OK;
}
sub handler {
    my $r = shift;
    $r->print(join ' ', map { $_ // 'undef' } map { ($r->dir_config->get($_)) } qw(Everywhere Place Other));
    return Apache2::Const::OK;
}
1;
P
PerlModule T::Early
PerlSetVar Everywhere server
PerlPostReadRequestHandler T::Early::early
<Location /place>
    SetHandler modperl
    PerlResponseHandler T::Early
    PerlSetVar Everywhere location
    PerlAddVar Place here
</Location>
C
    is $s->get('/place')->{content}, 'location here', 'variables of a section';
    is $s->get('/place?asked')->{content}, 'location here', 'also after an earlier handler has asked for one';
    is $s->get('/place?set')->{content}, 'location here set', 'what it has set stays' if ours;    # mod_perl sets it for the whole server
    is $s->get('/place')->{content}, 'location here', 'for its request' if ours;
});

done_testing;
