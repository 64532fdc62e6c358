# A PerlChildInitHandler that dies is told in the log, with the handler and its line, and the child serves. mod_perl drops the message.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Child.pm' => <<'P');
package My::Child;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub init    { die "no connection to the queue\n" }
sub handler { $_[0]->print('served'); 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::Child
PerlChildInitHandler My::Child::init
<Location /c>
    SetHandler modperl
    PerlResponseHandler My::Child
</Location>
C
    is $s->get('/c')->{content}, 'served', 'a child whose handler died serves';
    $s->log_like(qr/:error\].*no connection to the queue/, 'and the log says what it died of');
    $s->log_like(qr/no connection to the queue.*\(PerlChildInitHandler My::Child::init, \S+:\d+\)/, '  with the line that named it') if ours;
});

done_testing;
