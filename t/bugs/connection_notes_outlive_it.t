# What a connection's pnotes held lived on until somebody used the interpreter again, if only the keeper, once a second.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Conn.pm' => <<'P' }, config => <<'C');
package My::Conn;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Const -compile => 'OK';
sub My::Conn::Guard::DESTROY { T::Trace::note('destroyed') }
sub handler {
    my $r = shift;
    $r->connection->pnotes(guard => bless [], 'My::Conn::Guard');
    $r->print('ok');
    return Apache2::Const::OK;
}
1;
P
PerlModule My::Conn
PerlInterpStart 1
PerlInterpMax 1
<Location /c>
    SetHandler modperl
    PerlResponseHandler My::Conn
</Location>
C
    my @seconds;
    for my $n (1 .. 9) {
        is $s->get('/c', Connection => 'close')->{content}, 'ok', 'served';
        my $begun = time;
        ok scalar(grep { $_ eq 'destroyed' } $s->wait_for_trace(qr/^destroyed/m)), 'the value dies';
        push @seconds, time - $begun;
    }
    # Most of them: on a busy machine one or another takes its time.
    my $median = (sort { $a <=> $b } @seconds)[4];
    cmp_ok $median, '<', 0.25, 'with its connection' or diag "@seconds";
});

done_testing;
