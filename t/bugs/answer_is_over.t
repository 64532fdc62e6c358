# What was sent behind the end of an answer was the next answer of its connection, for the client.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Over.pm' => <<'P');
package My::Over;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use APR::Pool ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my $how = $r->args || '';
    $r->content_type('text/plain');
    my $late = sub { eval { $r->internal_redirect('/b.txt'); 1 } or warn $@; eval { $r->lookup_uri('/b.txt')->run; 1 } or warn $@; 0 };
    if ($how eq 'redirect') {
        $r->print('before');
        $r->internal_redirect('/b.txt');
        $r->print("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL");
        return Apache2::Const::OK;
    }
    $r->push_handlers(PerlLogHandler => $late) if $how eq 'log';
    $r->push_handlers(PerlCleanupHandler => $late) if $how eq 'cleanup';
    $r->pool->cleanup_register($late) if $how eq 'pool';
    $r->pnotes(d => bless { late => $late }, 'My::Over::D') if $how eq 'destroy';
    $r->print('page');
    return Apache2::Const::OK;
}
package My::Over::D;
sub DESTROY { $_[0]{late}->() }
1;
P
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => { 'htdocs/b.txt' => 'redirected' }, config => <<'C');
<Location /over>
    SetHandler modperl
    PerlResponseHandler My::Over
</Location>
C
    $s->expect_log(qr/the answer to the request is complete|request is gone/);
    for my $how (qw(redirect log cleanup pool destroy)) {
        my $client = $s->client;
        my $first  = $client->get("/over?$how");
        is $first->{content}, $how eq 'redirect' ? 'redirected' : 'page', "$how: the answer";
        is $client->get('/over')->{content}, 'page', '  and the next one on its connection';
    }
    ok $s->wait_for_log(qr/\$r->internal_redirect: the answer to the request is complete/), 'the log says why nothing was sent';
});

done_testing;
