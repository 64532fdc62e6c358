# A browser whose connection has notes of a script's (pnotes), and which sends nothing more for now, keeps no interpreter from others. With mod_perl the interpreter is
# its own until it closes the connection.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Idle.pm' => <<'P');
package My::Idle;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
sub handler {
    my ($r) = @_;
    my $notes = $r->connection->pnotes;
    $notes->{seen}++;
    $r->set_content_length(length "seen $notes->{seen}") if $r->can('set_content_length');
    $r->print("seen $notes->{seen}");
    return 0;
}
1;
P

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule Apache2::Response My::Idle
KeepAliveTimeout 60
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxSpare 1
<Location /idle>
    SetHandler modperl
    PerlResponseHandler My::Idle
</Location>
C
    my $browser = $s->client;
    is $browser->get('/idle')->{content}, 'seen 1', 'a browser, which stays connected';
    my $answer = $s->raw("GET /idle HTTP/1.0\r\n\r\n", 5);
    like $answer, qr/seen 1\z/, 'another one is served meanwhile, with notes of its own' or diag 'no answer within 5 seconds';
    is $browser->get('/idle')->{content}, 'seen 2', 'the first one comes back to its notes' if $answer;
});

done_testing;
