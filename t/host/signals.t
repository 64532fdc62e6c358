# SIGTERM while handlers sleep, loop and allocate: the server ends, soon, without a core.
# Ten times here, 200 times under `make soak`.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time sleep);

my $TIMES   = soak(10, 200);
my $HANDLER = <<'P';
package My::Busy;
use strict;
use warnings;
use T::Trace ();
use Time::HiRes ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my $how = $r->args || 'sleep';
    T::Trace::note('in', $how);
    my $end = Time::HiRes::time() + ($how eq 'nap' ? 0.7 : 20);
    if ($how =~ /sleep|nap/) { select undef, undef, undef, 0.1 while Time::HiRes::time() < $end }
    if ($how eq 'loop')      { my $i; $i++ while time < $end }
    if ($how eq 'allocate')  { my @list; while (time < $end) { push @list, 'x' x 1000; @list = () if @list > 10_000 } }
    $r->print('done');
    return Apache2::Const::OK;
}
sub hello { my $r = shift; $r->content_type('text/plain'); $r->print('hello'); Apache2::Const::OK }
1;
P
my $CONF = <<'C';
PerlModule My::Busy
PerlInterpMax 30
PerlInterpStart 26
PerlInterpMaxSpare 30
<IfModule !mpm_prefork_module>
    ThreadsPerChild 32
    MaxRequestWorkers 32
</IfModule>
<IfModule mpm_prefork_module>
    ServerLimit 32
    MaxRequestWorkers 32
    StartServers 26
</IfModule>
<Location />
    SetHandler modperl
    PerlResponseHandler My::Busy
</Location>
<Location /hello>
    PerlResponseHandler My::Busy::hello
</Location>
C

# Opens that many requests that stay in their handler.
sub occupy {
    my ($s, $how, $n) = @_;
    $s->trace;
    my @sockets = map { my $socket = $s->socket; print {$socket} "GET /busy?$how HTTP/1.0\r\n\r\n"; $socket } 1 .. $n;
    my $in = 0;
    wait_until(sub { $in += () = $s->trace; $in >= $n }, 30) or fail "only $in of $n handlers run";
    return @sockets;
}

# Threads cannot be ended: under event a handler that naps is waited for.
my %tries = (event => ['nap'], prefork => [qw(sleep loop allocate)]);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for my $how (@{ $tries{$mpm} }) {
        my $n       = $how =~ /sleep|nap/ ? 25 : 4;
        my $times   = $TIMES;
        my $slowest = 0;
        for my $i (1 .. $times) {
            my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Busy.pm' => $HANDLER }, config => $CONF);
            $s->expect_log(qr/AH00045|is left|in use/);       # but no child that had to be killed: AH00046
            my @sockets = occupy($s, $how, $n);
            my $start   = time;
            kill TERM => $s->pid;
            my $ended = $s->wait_ended(30);
            my $took  = time - $start;
            $slowest = $took if $took > $slowest;
            if (!$ended || $s->unexpected || $s->group_pids || $i == $times) {
                ok $ended, "$how, SIGTERM to the parent: ends";
                $s->stop;
            }
            else { $s->discard }
        }
        note sprintf "%s %s: %d times, slowest %.2f s", $mpm, $how, $times, $slowest;
        # httpd looks at its children in steps of up to a second, and kills after nine; the handlers would go on for twenty.
        cmp_ok $slowest, '<', 8, "$how: no hang";
    }

    # The same to one child: under prefork it ends and the others serve on; a threaded httpd's child takes no notice.
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Busy.pm' => $HANDLER }, config => $CONF);
    my $wrong = 0;
    for my $i (1 .. ($mpm eq 'prefork' ? $TIMES : ($TIMES + 4) / 5)) {
        my $child = wait_until(sub { ($s->child_pids)[0] }, 30);
        my @sockets = occupy($s, $mpm eq 'prefork' ? 'sleep' : 'nap', 3);
        kill TERM => $child;
        if ($mpm eq 'prefork') {
            wait_until(sub { !grep { $_ == $child } $s->child_pids }, 15) or $wrong++, diag "child $child still there";
            kill TERM => $s->child_pids;    # those that sleep, so that the next round finds free ones
        }
        else {
            my @answers = map { TestHttpd::Client::read_all($_, 30) } @sockets;
            $wrong += grep { !/done$/ } @answers;
        }
        wait_until(sub { $s->get('/hello')->{status} == 200 }, 30) or $wrong++, diag 'not served';
    }
    is $wrong, 0, 'SIGTERM to one child during sleeping handlers: no hang, and the server serves on';
});

done_testing;
