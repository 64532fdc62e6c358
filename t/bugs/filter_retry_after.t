# An answer whose output filter found no interpreter was 503 without Retry-After, and an answer whose filter failed had none of the headers
# that are for errors too: httpd's filter of headers had put them among those of the answer that there was to be, which an error's page drops.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl waits for ever' unless ours;

my $s = TestHttpd->start(mpm => 'event', files => { map { ("htdocs/$_/a.txt" => 'a page') } qw(perl fails dies) }, modules => { trace_module, 'My/Retry.pm' => <<'P' }, config => <<'C');
package My::Retry;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Filter ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    T::Trace::note('in');
    my $end = time + 20;
    select undef, undef, undef, 0.02 while !-e '@var@/release' && time < $end;
    $r->print('ok');
    return Apache2::Const::OK;
}
sub fixup { my $r = shift; $r->err_headers_out->set('X-Error' => 'from fixup'); return Apache2::Const::OK }
sub fails { my $f = shift; $f->r->err_headers_out->set('X-Filter' => 'from the filter'); return 404 }
sub dies { my $f = shift; die "died of it\n" }
sub filter { my $f = shift; while ($f->read(my $data, 1024)) { $f->print(uc $data) } return Apache2::Const::OK }
1;
P
PerlModule My::Retry
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 200ms
<Location /wait>
    SetHandler modperl
    PerlResponseHandler My::Retry
</Location>
<Location /perl>
    PerlOutputFilterHandler My::Retry::filter
</Location>
<Location /fails>
    PerlFixupHandler My::Retry::fixup
    PerlOutputFilterHandler My::Retry::fails
</Location>
<Location /dies>
    PerlFixupHandler My::Retry::fixup
    PerlOutputFilterHandler My::Retry::dies
    ErrorDocument 500 /perl/a.txt
</Location>
C
$s->expect_log(qr/PerlInterpMaxWait:|died of it/);
is $s->get('/perl/a.txt')->{content}, 'A PAGE', 'the filter works';
my $failed = $s->get('/fails/a.txt');
is join(' ', $failed->{status}, map { $_ // 'none' } @{ $failed->{headers} }{qw(x-error x-filter)}), '404 from fixup from the filter', 'the page of a filter that fails has its headers';
my $died = $s->get('/dies/a.txt');
is join(' ', $died->{status}, $died->{content}, $died->{headers}{'x-error'} // 'none'), '500 A PAGE from fixup', 'an ErrorDocument, too, with its own filter';
my $busy = $s->socket;
print {$busy} "GET /wait HTTP/1.0\r\n\r\n";
$s->wait_for_trace(qr/^in/m);
my $answer = $s->get('/perl/a.txt');
is $answer->{status}, 503, 'an answer whose filter finds no interpreter';
like $answer->{headers}{'retry-after'}, qr/^\d+\z/, 'says when to come again';
unlike $answer->{content}, qr/a page/i, 'and has nothing of the page';
spew($s->root . '/var/release', '');
like TestHttpd::Client::read_all($busy, 30), qr/ok\z/, 'the one that has the interpreter goes on';
is $s->get('/perl/a.txt')->{content}, 'A PAGE', 'then it filters again';

done_testing;
