# A request object kept in a global was alive in the next request of the interpreter while its own answer went to a slow client
# on another thread: what was printed through it landed in that client's answer.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, files => { 'htdocs/big' => 'b' x 20_000_000 }, modules => { 'My/Kept.pm' => <<'P' }, config => <<'C');
package My::Kept;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Log ();
use APR::Pool ();
use APR::Table ();
my @kept;
sub slow {
    my $r = shift;
    $r->content_type('text/plain');
    @kept = ($r, $r->headers_out, $r->pool);
    $r->sendfile($r->document_root . '/big');
    return 0;
}
sub late {
    my $r = shift;
    my @calls = (sub { $kept[0]->print('leaked') }, sub { $kept[0]->uri }, sub { $kept[1]->set(A => 1) }, sub { $kept[2]->parent_get });
    $r->print(join ',', map { eval { $_->(); 1 } ? 'alive' : $@ =~ /request is gone/ ? 'gone' : $@ } @calls);
    return 0;
}
sub log { my $r = shift; $r->warn('logged ' . ($r->uri eq '/slow' ? ref $r->pool->new : $r->uri)); 0 }
1;
P
PerlModule My::Kept
PerlInterpStart 1
PerlInterpMax 1
EnableSendfile Off
<Location /slow>
    SetHandler modperl
    PerlResponseHandler My::Kept::slow
    PerlLogHandler      My::Kept::log
</Location>
<Location /late>
    SetHandler modperl
    PerlResponseHandler My::Kept::late
</Location>
C
    my $socket = $s->socket;
    print {$socket} "GET /slow HTTP/1.0\r\n\r\n";
    sysread $socket, my $some, 1000;
    # Under worker the handler's thread sends, in httpd's own turn: the interpreter is free by then.
    is $s->get('/late')->{content}, 'gone,gone,gone,gone', 'while the answer before drains, its objects are gone';
    my $rest = TestHttpd::Client::read_all($socket, 30);
    is length("$some$rest" =~ s/.*?\r\n\r\n//sr), 20_000_000, '  and it arrives whole';
    $s->log_like(qr/logged APR::Pool/, '  its log handler has objects of its own');
});

done_testing;
