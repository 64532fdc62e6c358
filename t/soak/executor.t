# Adopted connections: short requests on threads of ours whose connections are closed at once, so that a connection often ends while the
# worker that had it has not quite left it; kept ones and clients that vanish beside them; then graceful restarts under it. Every answer
# is whole, no child ends by a signal, memory stays flat. 12,000 requests and 8 restarts here, 1,000,000 and 200 under `make soak`.
use lib 't/lib';
use TestHttpd;
use POSIX ();

my $REQUESTS = soak(12_000, 1_000_000);
my $RESTARTS = soak(8, 200);
my $CLIENTS  = 6;

my %modules = ('My/Short.pm' => <<'P');
package My::Short;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('short ', $r->args, "\n"); Apache2::Const::OK }
1;
P
my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => <<'C');
PerlModule My::Short
PerlInterpMax 8
PerlClassThreads 4 8
ThreadsPerChild 4
MaxRequestWorkers 4
MinSpareThreads 1
MaxSpareThreads 4
AsyncRequestWorkerFactor 60
MaxKeepAliveRequests 0
<Location /short>
    SetHandler modperl
    PerlResponseHandler My::Short
</Location>
C

# What went wrong with one request whose connection is closed, if anything.
sub closing {
    my ($s, $token) = @_;
    my $socket = eval { $s->socket } or return "no connection: $@";
    print {$socket} "GET /short?$token HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    my $got = '';
    1 while sysread $socket, $got, 4096, length $got;
    return $got =~ m{\AHTTP/1\.1 200 .*\r\n\r\nshort \Q$token\E\n\z}s ? () : "wrong answer: $got";
}

# Ten requests on one connection, sent one by one; a server that is restarted may close it between two.
sub keeping {
    my ($s, $token) = @_;
    my $socket = eval { $s->socket } or return "no connection: $@";
    for my $n (1 .. 10) {
        print {$socket} "GET /short?$token.$n HTTP/1.1\r\nHost: a\r\n\r\n";
        my $got = '';
        while ($got !~ /\n\z/ || $got !~ /\r\n\r\nshort /) { sysread $socket, $got, 4096, length $got or last }
        last if $got eq '' && $n > 1;
        return "wrong answer: $got" if $got !~ m{\AHTTP/1\.1 200 .*\r\n\r\nshort \Q$token.$n\E\n\z}s;
    }
    return;
}

# A client that asks and is gone.
sub vanishing {
    my ($s) = @_;
    my $socket = eval { $s->socket } or return;
    print {$socket} "GET /short?gone HTTP/1.1\r\nHost: a\r\n\r\n";
    return;
}

sub run {
    my ($s, $each, $client) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my @wrong;
    for my $n (1 .. $each) {
        my $token = "$client-$n";
        push @wrong, closing($s, $token);
        push @wrong, keeping($s, $token) if $n % 50 == 0;
        vanishing($s) if $n % 40 == 0;
        last if @wrong > 5;
    }
    return @wrong;
}
sub all_run { my ($each) = @_; map { ref $_ ? @$_ : $_ } $s->parallel($CLIENTS, sub { run($s, $each, $_[0]) }) }

my $each = int($REQUESTS / $CLIENTS / 4);
is_deeply [all_run($each)], [], 'a quarter of the requests is answered';
my ($child) = $s->child_pids;
my $memory = $s->private_memory($child);
my $descriptors = $s->descriptors($child);
is_deeply [all_run($each) , all_run($each)], [], 'two more are';
is join(' ', $s->child_pids), $child, 'the child has served them all';
ok wait_until(sub { $s->descriptors($child) <= $descriptors + 8 }, 20), 'its descriptors are not more';
cmp_ok $s->private_memory($child), '<', $memory * 1.2 + 4e6, 'nor is its memory much';

my $restarts = 0;
my @clients = map { my $client = $_; my $file = $s->root . "/var/wrong.$client"; $s->background(sub { my @wrong = run($s, $each, $client); TestHttpd::spew($file, join "\n", @wrong) }) } 1 .. $CLIENTS;
my %running = map { $_ => 1 } @clients;
while (%running) {
    if ($restarts < $RESTARTS) { $s->graceful; $restarts++ }
    else                       { select undef, undef, undef, 0.05 }
    delete @running{ grep { waitpid($_, POSIX::WNOHANG()) } keys %running };
}
is join('', map { slurp($s->root . "/var/wrong.$_") } 1 .. $CLIENTS), '', "the last quarter is answered during $restarts graceful restarts";
ok wait_until(sub { $s->child_pids == 1 }, 60), 'old children end';
$s->log_unlike(qr/exit signal|AH00052|AH00045|panick/, 'no child has ended by a signal');
diag sprintf '%d requests closed, %d restarts, %d kB then %d kB', 4 * $each * $CLIENTS, $restarts, $memory / 1024, $s->private_memory(($s->child_pids)[0]) / 1024;
done_testing;
