# A process without memory for another interpreter: perl wrote "Out of memory!" and ended it in the middle of a clone. Now the
# clone fails, the log names the directive, and those that are there serve on.
use lib 't/lib';
use TestHttpd;

my $mpm = 'event';      # prefork makes no clones
if (grep { $_ eq $mpm } TestHttpd::wanted_mpms($mpm)) {
    my $s = TestHttpd->start(
        mpm  => $mpm,
        wrap => ['sh', '-c', 'ulimit -v 1000000; exec "$@"', 'sh'],
        modules => { 'T/Big.pm' => <<'P' }, config => <<'C');
package T::Big;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
our @data = map { [('x' x 50) x 10] } 1 .. 20_000;      # some 20 MB
sub handler { my $r = shift; $r->print("served\n"); return 0 }
1;
P
# httpd's own threads begin while clones are made, and want little: without one of them httpd ends.
ThreadStackSize 131072
ThreadsPerChild 3
MaxRequestWorkers 3
PerlModule T::Big
PerlInterpStart 1
PerlInterpMax 300
PerlInterpMinSpare 250
PerlInterpMaxSpare 300
<Location /big>
    SetHandler modperl
    PerlResponseHandler T::Big
</Location>
C
    $s->expect_log(qr/PerlInterpMax: the main server: cannot make another interpreter/);
    my $pid = ($s->child_pids)[0];
    # Which of the two it is depends on how much of the address space the stacks of httpd's threads have taken.
    ok wait_until(sub { $s->get('/big'); $s->log =~ /PerlInterpMax: the main server: cannot make another interpreter: (?:there is no memory for it: \d+ MiB would have to be free|no thread with a stack of \d+ bytes: Resource temporarily unavailable.*); next try in/ }, 60),
        'the log says what there is no memory for, how much is wanted, and by which directive';
    is $s->get('/big')->{content}, "served\n", 'requests are answered' for 1 .. 20;
    is(($s->child_pids)[0], $pid, 'by the same process');
    unlike $s->log, qr/Out of memory/, 'perl itself did not run out of it';
}

done_testing;
