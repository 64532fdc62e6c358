# A child that ends while its keeper makes a clone waited for the parent interpreter, which the keeper had for as long as
# the clone took; httpd killed it in the end.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time);

my $s = TestHttpd->start(mpm => 'event', modules => { trace_module, 'My/Slow.pm' => <<'P' }, config => <<'C');
package My::Slow;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub CLONE {
    return unless -e '@var@/slow';
    T::Trace::note('cloning');
    my $end = time + 60;
    select undef, undef, undef, 1 while time < $end && -e '@var@/slow';
    T::Trace::note('cloned');
}
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('ok'); Apache2::Const::OK }
1;
P
PerlModule My::Slow
PerlInterpStart 1
PerlInterpMaxRequests 2
<Location /s>
    SetHandler modperl
    PerlResponseHandler My::Slow
</Location>
C
plan skip_all => 'mod_perl has no keeper' unless ours;
is $s->get('/s')->{content}, 'ok', 'a request';
spew($s->root . '/var/slow', '');
my @got = map { ref $_ ? @$_ : $_ } $s->parallel(3, sub { map { $s->get('/s')->{status} } 1 .. 3 });
is_deeply [grep { $_ != 200 } @got], [], 'requests are served while a successor is in the making';
ok scalar(grep { /^cloning/ } $s->wait_for_trace(qr/^cloning/m)), 'the keeper is in the middle of a clone';
$s->expect_log(qr/AH00045/);
$s->terminate;
my $start = time;
ok $s->wait_ended(40), 'the server stops';
cmp_ok time - $start, '<', 12, '  in time';
unlike $s->log, qr/AH00046|SIGKILL/, '  without killing its child';
$s->log_like(qr/the keeper did not end in time/, '  and the log says what was skipped');
ok !(grep { /^cloned/ } $s->trace), '  the clone was not waited for';

done_testing;
