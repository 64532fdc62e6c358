# Many kept connections on few interpreters: none is preferred, and what needs no Perl does not wait.
# The figures are judged under `make soak` only; here only the order of service.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time);

my $REQUESTS    = soak(1000, 20_000);
my $CONNECTIONS = 64;

for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Fair.pm' => <<'P' }, files => { 'htdocs/k.txt' => 'x' x 1024 }, config => <<'C');
package My::Fair;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler { my $r = shift; select undef, undef, undef, 0.005; $r->content_type('text/plain'); $r->print('x'); 0 }
1;
P
PerlModule My::Fair
ThreadsPerChild 128
MaxRequestWorkers 128
MaxSpareThreads 128
MaxKeepAliveRequests 0
PerlInterpStart 5
PerlInterpMax 5
PerlInterpMaxSpare 5
<Location /fair>
    SetHandler modperl
    PerlResponseHandler My::Fair
</Location>
C
    # One process, all connections in one loop: the client must not be what is unfair.
    my ($result) = $s->parallel(1, sub {
        my $select = IO::Select->new;
        my (%sent, %count, @times);
        my $request = "GET /fair HTTP/1.1\r\nHost: x\r\n\r\n";
        my @sockets = map { $s->socket } 1 .. $CONNECTIONS;
        for (@sockets) { $select->add($_); $sent{$_} = time; syswrite $_, $request }
        my ($done, %buffer) = (0);
        my $end = time + 120;
        while ($done < $REQUESTS && time < $end) {
            for my $socket ($select->can_read(1)) {
                sysread $socket, $buffer{$socket}, 65536, length($buffer{$socket} || '') or die "connection closed after $done: $!\n";
                next unless $buffer{$socket} =~ /\r\n\r\n(?:x|1\r\nx\r\n0\r\n\r\n)\z/;
                die "not served: $buffer{$socket}\n" unless $buffer{$socket} =~ /^HTTP\/1\.1 200/;
                push @times, time - $sent{$socket};
                $count{$socket}++;
                $done++;
                $buffer{$socket} = '';
                $sent{$socket} = time;
                syswrite $socket, $request;
            }
        }
        @times = sort { $a <=> $b } @times;
        my @counts = sort { $a <=> $b } map { $count{$_} || 0 } @sockets;
        ($done, $times[@times / 2], $times[@times * 0.99], $counts[0], $counts[-1]);
    });
    ref $result or fail("the client: $result"), return;
    my ($done, $median, $p99, $fewest, $most) = @$result;
    cmp_ok $done, '>=', $REQUESTS, "$REQUESTS requests on $CONNECTIONS kept connections";
    note sprintf 'median %.1f ms, p99 %.1f ms (%.2f times), fewest/most %d/%d (%.2f)', $median * 1e3, $p99 * 1e3, $p99 / $median, $fewest, $most, $fewest / $most;
    cmp_ok $fewest / $most, '>', 0.9, 'no connection is preferred' if $ENV{SOAK} && ours;
    cmp_ok $p99 / $median, '<', 1.3, 'p99 near the median' if $ENV{SOAK} && ours;

    # Clients that do not read hold back neither the interpreters nor others for longer than the answer fits.
    my @slow = map { my $socket = $s->socket; print {$socket} "GET /fair HTTP/1.1\r\nHost: x\r\n\r\n"; $socket } 1 .. 20;
    my $start = time;
    is $s->get('/fair')->{status}, 200, 'served beside twenty clients that do not read';
    cmp_ok time - $start, '<', 15, '  soon';
});

done_testing;
