# Figures: what is counted agrees with what was sent, to the request, over restarts and killed processes.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Figures qw(figures status interpreters);

plan skip_all => 'is about this module' unless ours;

my $CONFIG = <<'C';
PerlModule My::Do
PerlInterpMaxRequests 7
<Location /metrics>
    SetHandler interp-metrics
    Require local
</Location>
<Location /status>
    SetHandler interp-status
    Require local
</Location>
<Location /do>
    SetHandler modperl
    PerlResponseHandler My::Do
</Location>
<Location /guarded>
    PerlAccessHandler My::Do::access
    ErrorDocument 404 /do
</Location>
<Location /none>
    SetHandler modperl
    PerlResponseHandler My::None
</Location>
<PerlInterpClass slow>
    PerlInterpMaxWait 10ms
    PerlInterpStart 1
    PerlInterpMax 1
</PerlInterpClass>
<Location /slow>
    SetHandler modperl
    PerlUseClass slow
    PerlResponseHandler My::Do
</Location>
C

my $DO = <<'P';
package My::Do;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub access { return Apache2::Const::OK }
sub handler {
    my $r = shift;
    my $what = $r->args // '';
    die "as asked\n" if $what eq 'die';
    kill KILL => $$ if $what eq 'kill';
    if ($what eq 'wait') {
        open my $there, '>', '@var@/there' or die $!;
        select undef, undef, undef, 0.02 until -e '@var@/go';
        unlink '@var@/there';
    }
    $r->print("$$\n");
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => $CONFIG, modules => { 'My/Do.pm' => $DO });
    my $main = { language => 'Perl', server => 'the main server', class => 'default' };

    is figures($s, 'requests_total', $main), 0, 'a request for the figures is none that is counted';
    my $sent = 0;
    my $send = sub { my ($path, $times) = @_; $sent += $times; return map { $s->get($path)->{status} } 1 .. $times };
    $send->('/do', 10);
    $send->('/guarded/there-is-no-such-page', 3);
    is figures($s, 'requests_total', $main), $sent, 'each request counts once, whatever phases and pages of errors it has';
    $send->('/do?die', 4);
    $send->('/none', 2);
    is figures($s, 'errors_total', $main, kind => 'died'), 4, 'handlers that die are counted';
    is figures($s, 'errors_total', $main, kind => 'not_found'), 2, 'and those that are not there';
    $s->expect_log(qr/as asked/, qr/My::None/);

    for my $round (1 .. 3) {
        $s->graceful;
        $send->('/do', 5);
        # The client would repeat a GET.
        $s->post('/do?kill', '') and $sent++;
        wait_until(sub { my @pids = $s->child_pids; @pids && !grep { !kill 0, $_ } @pids });
        $send->('/do', 5);
    }
    cmp_ok figures($s, 'requests_total', $main), '==', $sent, 'over three graceful restarts and three killed processes none is lost';
    is figures($s, 'errors_total', $main, kind => 'died'), 4, 'nor an error';
    $s->expect_log(qr/exit signal Killed/);
    my $state = sub { figures($s, 'interpreters', $main, state => $_[0]) };
    ok wait_until(sub { figures($s, 'processes', $main) == $s->child_pids }), 'each process that is there has a line, and no other';
    ok wait_until(sub { $state->('idle') == ($mpm eq 'prefork' ? 1 : 3) * figures($s, 'processes', $main) }), 'whose interpreters are idle';
    is $state->('busy'), 0, 'and not busy';
    if ($mpm ne 'prefork') {
        cmp_ok figures($s, 'restarts_total', $main, reason => 'requests'), '>', 0, 'interpreters that are replaced are counted by reason';
        cmp_ok figures($s, 'made_total', $main), '>=', 3 * 4, 'and those that are made, the first ones of each start once';
        cmp_ok figures($s, 'making_seconds_total', $main), '>', 0, 'with the time that this took';
    }

    # Somebody has the one interpreter of the class, and another one waits in vain.
    my $slow = { %$main, class => 'slow' };
    my $waiting = $s->background(sub { $s->get('/slow?wait') });
    wait_until(sub { -e "$s->{root}/var/there" });
    my ($one) = grep { $_->{busy} } interpreters($s, 'slow');
    is $one->{busy}{uri}, '/slow', 'what an interpreter does now is seen from any process';
    like $one->{id}, qr/^\d+-\d+$/, 'and which one it is';
    is figures($s, 'interpreters', $slow, state => 'busy'), 1, 'it is busy';
    if ($mpm ne 'prefork') {
        is $s->get('/slow')->{status}, 503, 'another request waits in vain';
        is figures($s, 'refused_total', $slow, reason => 'wait'), 1, 'which is counted';
        is figures($s, 'wait_seconds_count', $slow), 1, 'as a wait';
        cmp_ok figures($s, 'wait_seconds_sum', $slow), '>=', 0.01, 'of its length';
        is figures($s, 'wait_seconds_bucket', $slow, le => '0.004096'), 0, 'in the histogram';
        is figures($s, 'wait_seconds_bucket', $slow, le => '+Inf'), 1, 'where it belongs';
        $s->expect_log(qr/PerlInterpMaxWait/);
    }
    TestHttpd::spew("$s->{root}/var/go", '');
    waitpid $waiting, 0;
    is figures($s, 'requests_total', $slow), 1, 'a request without an interpreter is refused, and none that was served';
    ok wait_until(sub { !grep { $_->{busy} } interpreters($s, 'slow') }), 'nothing is busy afterwards';
    my ($all) = grep { !$_->{class} && $_->{language} eq 'Perl' } @{ status($s)->{stocks} };
    is $all->{all}{requests}, $sent, 'JSON has the same numbers';
});

done_testing;
