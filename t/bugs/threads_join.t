# threads.xs keeps in a context of each interpreter which thread it is, and puts others there while it makes or joins one. Clones
# shared the parent's: two handlers that did so at a time left the wrong one, and a join said "Cannot join self".
use lib 't/lib';
use TestHttpd;

my %modules = ('T/Join.pm' => <<'P');
package T::Join;
use strict;
use warnings;
use threads;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
our $held = 0;
sub note { my ($what) = @_; open my $fh, '>', "@var@/$what" or die $! }
sub await { my ($what) = @_; for (1 .. 1000) { return 1 if -e "@var@/$what"; select undef, undef, undef, .01 } die "$what: not in 10 s" }

# Called within threads->create of the first request: that lasts until the second has begun to join. What it reads there is not
# to be seen from outside, hence a moment more.
sub CLONE {
    return unless $held;
    note('creates');
    await('joins');
    select undef, undef, undef, .2;
}
sub first {
    my $r = shift;
    await('made');
    my $thread = do { local $held = 1; threads->create(sub { 1 }) };
    await('joined');
    $r->print('first ', $thread->join, "\n");
    return 0;
}
sub second {
    my $r = shift;
    my $thread = threads->create(sub { 2 });
    note('made');
    await('creates');
    note('joins');
    my $got = $thread->join;
    note('joined');
    $r->print("second $got\n");
    return 0;
}
sub own {
    my $r = shift;
    my $self = threads->self->tid;
    my @threads = map { my $n = $_; threads->create(sub { [$n, threads->self->tid] }) } 1 .. 3;
    my @got = map { $_->join } @threads;
    my %tids = map { $_->[1] => 1 } @got;
    $r->print(join(' ', 'own', $self == threads->self->tid ? 'same' : 'other', (map { $_->[0] } @got), scalar(keys %tids), $tids{$self} ? 'ours' : 'others'), "\n");
    return 0;
}
1;
P

my $mpm = 'event';      # the interpreters of one process
if (grep { $_ eq $mpm } TestHttpd::wanted_mpms($mpm)) {
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule T::Join
PerlInterpStart 2
PerlInterpMax 4
<Location /first>
    SetHandler modperl
    PerlResponseHandler T::Join::first
</Location>
<Location /second>
    SetHandler modperl
    PerlResponseHandler T::Join::second
</Location>
<Location /own>
    SetHandler modperl
    PerlResponseHandler T::Join::own
</Location>
C
    my @sockets = map { my $socket = $s->socket; print {$socket} "GET /$_ HTTP/1.0\r\n\r\n"; $socket } qw(first second);
    like TestHttpd::Client::read_all($sockets[0], 30), qr/\r\n\r\nfirst 1\n\z/, 'a thread made while another is joined can be joined';
    like TestHttpd::Client::read_all($sockets[1], 30), qr/\r\n\r\nsecond 2\n\z/, 'and so can the other';
    is $s->get('/own')->{content}, "own same 1 2 3 3 others\n", 'an interpreter knows its own thread' for 1 .. 4;
}

done_testing;
