# A child that is killed, a client that goes away: the interpreters come back and the server serves on.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(sleep);

my %modules = (trace_module, 'My/Fault.pm' => <<'P');
package My::Fault;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my $how = $r->args || '';
    T::Trace::note('in', $how);
    if ($how eq 'read') { my ($n, $piece) = (0); while ($r->read($piece, 8192)) { $n += length $piece } $r->print($n) }
    elsif ($how eq 'write') { for (1 .. 2000) { $r->print('x' x 8192) } }
    elsif ($how eq 'slow') { select undef, undef, undef, 0.5; $r->print('slow') }
    else { $r->print($$) }
    T::Trace::note('out', $how);
    return Apache2::Const::OK;
}
1;
P
my $CONF = <<'C';
PerlModule My::Fault
PerlInterpStart 2
PerlInterpMax 2
Timeout 10
<Location /f>
    SetHandler modperl
    PerlResponseHandler My::Fault
</Location>
C

for_each_mpm(qw(event prefork worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF);
    # What a read or a print says of a client that went away is httpd's: its words differ by moment.
    $s->expect_log(qr/Connection (?:aborted|reset)|Broken pipe|end of file|request body|End of file|AH0\d+.*(?:abort|incomplete)|Apache2::RequestIO/);
    for (1 .. 5) {
        my $socket = $s->socket;
        print {$socket} "POST /f?read HTTP/1.0\r\nContent-Length: 100000\r\n\r\n", 'x' x 5000;
        $s->wait_for_trace(qr/^in read/m, 20);
        close $socket;
        is $s->get('/f')->{status}, 200, 'a client gone in the middle of its body' if $_ == 5;
    }
    for (1 .. 5) {
        my $socket = $s->socket;
        print {$socket} "GET /f?write HTTP/1.0\r\n\r\n";
        sysread $socket, my $some, 1000;
        close $socket;
        is $s->get('/f')->{status}, 200, 'a client gone in the middle of an answer' if $_ == 5;
    }
    for (1 .. 5) {
        my $socket = $s->socket;
        print {$socket} "GET /f?slow HTTP/1.0\r\n\r\n";
        close $socket;
    }
    is $s->get('/f')->{status}, 200, 'clients gone while their handlers run';
    is scalar(grep { ref $_ && $_->[0] == 200 } $s->parallel(6, sub { $s->get('/f?slow')->{status} })), 6, 'all interpreters are back';
    is_deeply [$s->unexpected], [], 'nothing else was logged';

    $s->expect_log(qr/exit signal (?:Killed|Segmentation)/);
    my $pid = $s->get('/f')->{content};
    my $socket = $s->socket;
    print {$socket} "GET /f?slow HTTP/1.0\r\n\r\n";
    kill KILL => $pid;
    ok wait_until(sub { $s->get('/f')->{status} == 200 }, 30), 'a killed child is replaced';
    isnt $s->get('/f')->{content}, $pid, 'by another process' if $s->is_threaded;
});

done_testing;
