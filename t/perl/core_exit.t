# CORE::exit in the serving process. Prefork: the process exits, as with mod_perl. Threaded: the handler ends with 500.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/X.pm' => <<'P' }, config => <<'C');
package My::X;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    CORE::exit(0) if ($r->args || '') eq 'exit';
    $r->content_type('text/plain');
    $r->print($$);
    0;
}
1;
P
PerlModule My::X
<Location /x>
    SetHandler modperl
    PerlResponseHandler My::X
</Location>
C
    $s->expect_log(qr/CORE::exit/);
    my @before = $s->child_pids;
    my $answer = $s->get('/x?exit');
    if ($mpm eq 'prefork') {
        is $answer->{status}, 599, 'prefork: the connection ends without an answer';
        ok wait_until(sub { my %now = map { $_ => 1 } $s->child_pids; grep { !$now{$_} } @before }, 30), '  and a child is gone';
    }
    elsif (ours) {
        is $answer->{status}, 500, 'threaded: 500';
        $s->log_like(qr/CORE::exit/, '  and a line in the log');
        is_deeply [$s->child_pids], \@before, '  and the child lives';
    }
    ok wait_until(sub { $s->get('/x')->{status} == 200 }, 30), 'the server serves on';
});

done_testing;
