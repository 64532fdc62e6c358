# While one interpreter is being made, those that are there serve. mod_perl makes it in the request that lacks one, with the pool's lock held: whoever wants an interpreter, or
# brings one back, waits until it is done.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time);

my %modules = (trace_module, 'My/Slow.pm' => <<'P');
package My::Slow;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub until_there { my ($file) = @_; my $end = time + 15; select undef, undef, undef, 0.02 until -e "@var@/$file" || time > $end }
sub CLONE {
    return unless -e '@var@/slow';
    T::Trace::note('cloning');
    until_there('cloned');
}
sub handler {
    my ($r) = @_;
    if (($r->args // '') eq 'keep') { T::Trace::note('kept'); until_there('go') }
    $r->print('served');
    return 0;
}
1;
P

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::Slow
PerlInterpStart 1
PerlInterpMinSpare 0
PerlInterpMaxSpare 3
PerlInterpMax 3
<Location /slow>
    SetHandler modperl
    PerlResponseHandler My::Slow
</Location>
C
    my $var = $s->root . '/var';
    spew("$var/slow", '');
    my @sockets = map { $s->socket } 1, 2;
    print { $sockets[0] } "GET /slow?keep HTTP/1.0\r\n\r\n";
    ok $s->wait_for_trace(qr/^kept/m), 'the only interpreter is in use';
    print { $sockets[1] } "GET /slow HTTP/1.0\r\n\r\n";
    ok $s->wait_for_trace(qr/^cloning/m), 'another request has one made, which takes long';
    spew("$var/go", '');
    like $s->raw("GET /slow HTTP/1.0\r\n\r\n", 5), qr/served\z/, 'the first one is done meanwhile, and its interpreter serves a third request' or diag 'no answer within 5 seconds';
    spew("$var/cloned", '');
    like join('', readline $sockets[1]), qr/served/, 'the second is served, too';
});

done_testing;
