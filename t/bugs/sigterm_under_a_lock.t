# Prefork ends a child within its handler of SIGTERM, which clears the child's pools. Where the signal met the child while it noted something
# about a bucket or a brigade, the cleanups of other brigades waited for that note's lock, which their own thread had: httpd killed
# the child ten seconds later.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time);

my %modules = (trace_module, 'My/Locks.pm' => <<'P');
package My::Locks;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use APR::Pool ();
use APR::Brigade ();
sub busy {
    my $r = shift;
    APR::Brigade->new($r->pool, $r->connection->bucket_alloc) for 1 .. 40_000;
    return 0;
}
# From now on the child is about to forget all of them.
sub done { T::Trace::note('done'); return 0 }
1;
P
my $N = 4;
my $s = TestHttpd->start(mpm => 'prefork', modules => \%modules, config => <<"C");
StartServers $N
MinSpareServers 1
MaxSpareServers $N
MaxRequestWorkers $N
PerlModule My::Locks
<Location /busy>
    SetHandler modperl
    PerlResponseHandler My::Locks::busy
    PerlCleanupHandler My::Locks::done
</Location>
C
my @clients = map { my $socket = $s->socket; print {$socket} "GET /busy HTTP/1.0\r\n\r\n"; $socket } 1 .. $N;
my $done = 0;
wait_until(sub { $done += grep { /^done/ } $s->trace; $done == $N }, 30);
is $done, $N, 'in each child a request ends that made many brigades';
my $began = time;
kill TERM => $s->pid;
ok $s->wait_ended(30), 'the server ends';
cmp_ok time - $began, '<', 5, 'all children heed the signal';
$s->log_unlike(qr/still did not exit/, 'none had to be killed');

done_testing;
