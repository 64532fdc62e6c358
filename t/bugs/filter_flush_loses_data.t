# A filter that reads and prints gets the data behind a flush bucket of its brigade. mod_perl's read returns 0 there, which ends the script's loop, and the rest
# is lost: here all of "two", and the end.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm => $mpm, modules => { 'My/Flush.pm' => <<'P' },
package My::Flush;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Filter ();
use Apache2::Connection ();
use APR::Brigade ();
use APR::Bucket ();
sub pass { my $f = shift; while ($f->read(my $b)) { $f->print($b) } 0 }
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my $ba = $r->connection->bucket_alloc;
    my $bb = APR::Brigade->new($r->pool, $ba);
    $bb->insert_tail(APR::Bucket::flush_create($ba));
    $bb->insert_tail(APR::Bucket->new($ba, 'two'));
    $bb->insert_tail(APR::Bucket::eos_create($ba));
    $r->output_filters->pass_brigade($bb);
    return 0;
}
1;
P
        config => "PerlModule My::Flush\n<Location /x>\nSetHandler modperl\nPerlResponseHandler My::Flush\nPerlOutputFilterHandler My::Flush::pass\n</Location>\n",
    );
    is $s->client->get('/x')->{content}, 'two', 'what stands behind a flush bucket arrives';
});

done_testing;
