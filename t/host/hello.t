# The thinnest thing that runs end to end: one handler, one page.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => <<'C', modules => { 'My/Hello.pm' => <<'P' });
<Location /hello>
    SetHandler modperl
    PerlResponseHandler My::Hello
</Location>
C
package My::Hello;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print("hello from perl\n");
    return Apache2::Const::OK;
}
1;
P
    my $answer = $s->get('/hello');
    is $answer->{status}, 200, 'the handler answers';
    is $answer->{content}, "hello from perl\n", 'with its text';
    is $answer->{headers}{'content-type'}, 'text/plain', 'and its content type';
    is $s->get('/nothing')->{status}, 404, 'other addresses are not ours';
});

done_testing;
