# APR::Const::END could not be called: perl takes a sub of this name for an END block, runs it at the end, and forgets it. It is there,
# and the END blocks of a package that imports its group are its own.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/End.pm' => <<'P' }, config => <<'C');
package My::End;
use strict;
use warnings FATAL => 'all';
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Const ':error';
use APR::Const -compile => 'END';
use Apache2::Const -compile => 'OK';
END { T::Trace::note('END of the package') }
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print(join ',', defined &APR::Const::END ? APR::Const::END() : 'none', EOF);
    return Apache2::Const::OK;
}
1;
P
PerlModule My::End
<Location />
    SetHandler modperl
    PerlResponseHandler My::End
</Location>
C
    is $s->get('/')->{content}, '2,70014', 'the constant has its value, others of its group too';
    $s->restart;
    ok scalar($s->wait_for_trace(qr/^END of the package/m)), 'the END block of the package runs at the end';
});

done_testing;
