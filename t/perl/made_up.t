# A request that a script makes and chooses to be the current one, in a protocol handler where there is no other.
use lib 't/lib';
use TestHttpd;

my %modules = ('T/Protocol.pm' => <<'P');
package T::Protocol;
use strict;
use warnings;
use Apache2::Connection ();
use Apache2::RequestRec ();
use Apache2::RequestUtil ();
use APR::Pool ();
use APR::Socket ();
use Apache2::Const -compile => 'OK';
sub current { my $uri = eval { Apache2::RequestUtil->request->uri }; defined $uri ? $uri : $@ =~ /is not available/ ? 'none' : $@ }
sub handler {
    my $c = shift;
    my @got = current();
    my $pool = APR::Pool->new;
    my $r = Apache2::RequestRec->new($c, $pool);
    $r->uri('/made-up');
    Apache2::RequestUtil->request($r);
    push @got, current(), Apache2::RequestRec->uri;
    undef $_ for $r, $pool;
    push @got, current();
    $c->client_socket->send(join(',', @got) . "\n");
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule T::Protocol
Listen 127.0.0.1:@port:protocol@
<VirtualHost 127.0.0.1:@port:protocol@>
    PerlProcessConnectionHandler T::Protocol
</VirtualHost>
C
    for my $n (1 .. 3) {
        my $socket = $s->socket($s->port('protocol'));
        print {$socket} "hello\n";      # the kernel hands a connection over once there is something to read
        my $line = <$socket>;
        is $line, "none,/made-up,/made-up,none\n", "connection $n: there, and gone with its pool";
    }
});

done_testing;
