# A process that a handler forked waited for ever for a lock of perl's that another thread had at that moment: that of the
# environment, which localtime takes as well as %ENV, that of hints, which a string eval takes, or that of ops, which code takes that is made or goes. The handler then waited for the
# process, and its child of the server never ended.
use lib 't/lib';
use TestHttpd;

my %modules = ('T/Locks.pm' => <<'P');
package T::Locks;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();

# What takes the locks, again and again, until the other handler is done.
sub busy {
    my $r = shift;
    my $n = 0;
    open my $mark, '>', "@var@/busy.@{[$r->args]}" or die $!;
    until (-e "@var@/done") {
        if ($r->args == 1) { use integer; eval '1' for 1 .. 100 }
        elsif ($r->args == 2) { for my $x (1 .. 20_000) { my $c = sub { $x }; $c->() } }
        else { localtime for 1 .. 10_000 }
        last if $n++ > 20_000;
    }
    $r->print('busy');
    return 0;
}

# A program that is not there: perl says so in the new process, where code of the script is called.
sub starts {
    my $r = shift;
    my $told = 0;
    for (1 .. 1000) { last if (() = glob "@var@/busy.*") == 3; select undef, undef, undef, .01 }
    local $SIG{__WARN__} = sub { my $now = localtime; $ENV{T_TOLD} = $now; eval 'use integer; 1'; my $c = eval 'sub { 1 }'; undef $c };
    for (1 .. 300) { my $got = `/there/is/no/such/program`; $told++ if $? }
    open my $fh, '>', "@var@/done" or die $!;
    $r->print("starts $told");
    return 0;
}
1;
P

my $mpm = 'event';      # several threads in one process
if (grep { $_ eq $mpm } TestHttpd::wanted_mpms($mpm)) {
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule T::Locks
PerlInterpStart 4
PerlInterpMax 4
StartServers 1
MaxSpareThreads 75
<Location /busy>
    SetHandler modperl
    PerlResponseHandler T::Locks::busy
</Location>
<Location /starts>
    SetHandler modperl
    PerlResponseHandler T::Locks::starts
</Location>
C
    my @got = map { ref $_ ? $_->[0] : $_ } $s->parallel(4, sub { $s->get($_[0] ? "/busy?$_[0]" : '/starts')->{content} });
    is $got[0], 'starts 300', 'three hundred processes have told that their program is missing, and ended';
    is "@got[1 .. 3]", 'busy busy busy', 'the handlers beside have gone on';
    $s->terminate;
}

done_testing;
