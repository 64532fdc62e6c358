# What a script keeps with a connection held its interpreter for as long as the connection: five idle browsers, and nobody
# else was served.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'leases are ours' unless ours;

my %modules = (trace_module, 'My/Home.pm' => <<'P');
package My::Home;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Const -compile => 'OK';
our $started = 0;
my ($uses, $mark) = (0);
END { T::Trace::note('END', 0 + \$mark) if $uses }
sub My::Home::Guard::DESTROY { T::Trace::note('DESTROY', 0 + \$mark) }
sub handler {
    my $r = shift;
    my ($how, $ms) = split /,/, $r->args || '';
    $uses++;
    my $c = $r->connection;
    if ($how eq 'keep') { $c->pnotes(guard => bless [], 'My::Home::Guard'); $c->pnotes(n => ($c->pnotes('n') || 0) + 1) }
    T::Trace::note('in', 0 + \$mark);
    select undef, undef, undef, $ms / 1000 if $ms;
    $r->content_type('text/plain');
    $r->print(join ' ', 0 + \$mark, $how eq 'plain' ? '-' : $c->pnotes('n') || 'none');
    return Apache2::Const::OK;
}
1;
P
my $conf = sub { my ($n, @more) = @_; join "\n", "PerlInterpStart $n", "PerlInterpMax $n", "PerlInterpMinSpare $n", "PerlInterpMaxSpare $n", "PerlInterpMaxWait 5", @more, <<'C' };
KeepAliveTimeout 30
PerlModule My::Home
<Location /h>
    SetHandler modperl
    PerlResponseHandler My::Home
</Location>
C
sub ask { my $answer = $_[0]->get("/h?$_[1]"); $answer->{status} == 200 ? split ' ', $answer->{content} : ($answer->{status}, $answer->{content}) }

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf->(1));
    my @clients = map { $s->client } 1 .. 3;
    my @got = map { (ask($_, 'keep'))[1] } @clients, @clients, @clients;
    is "@got", '1 1 1 2 2 2 3 3 3', 'three kept connections with values share the one interpreter, each with its own';
    is +(ask($s, 'plain'))[1], '-', 'a connection beside them is served';
    undef @clients;
    my @lines;
    wait_until(sub { push @lines, $s->trace; 9 <= grep { /^DESTROY/ } @lines }, 10);
    is scalar(grep { /^DESTROY/ } @lines), 9, 'the values go when replaced or with their connections' or diag join "\n", @lines;
    $s->stop;

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf->(3));
    my $client = $s->client;
    my ($home) = ask($client, 'keep');
    my %others = map { $_ => 1 } map { ref $_ ? @$_ : $_ } $s->parallel(3, sub { map { (ask($s, 'plain,50'))[0] } 1 .. 3 });
    cmp_ok scalar(keys %others), '>', 1, 'others are served by several interpreters';
    is_deeply [ask($client, 'keep')], [$home, 2], 'the connection meets its own again, and its values';

    # While somebody else has it, the connection waits for this one, though others are idle.
    $s->trace;
    my ($busy, $in);
    for (1 .. 20) {
        $busy = $s->socket;
        print {$busy} "GET /h?plain,700 HTTP/1.0\r\n\r\n";
        ($in) = map { /^in (\d+)/ } $s->wait_for_trace(qr/^in/m);
        last if $in == $home;
    }
    SKIP: {
        skip 'it did not come to be busy', 1 unless $in == $home;
        is_deeply [ask($client, 'keep')], [$home, 3], 'also when it must wait for it';
    }
    $s->stop;

    # Worn out, it serves only those who live there, until the last one goes.
    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf->(1, 'PerlInterpMaxRequests 3'));
    $client = $s->client;
    ($home) = ask($client, 'keep');
    my $other = wait_until(sub { my ($at) = ask($s, 'plain'); $at != $home && $at }, 10);
    ok $other, 'past PerlInterpMaxRequests another interpreter serves others';
    is_deeply [ask($client, 'keep')], [$home, 2], 'the old one serves the connection that is at home there';
    is_deeply [ask($client, 'keep')], [$home, 3], '  for as long as that lasts';
    ok !(grep { $_ eq "END $home" } $s->trace), '  and is not ended';
    undef $client;
    @lines = $s->wait_for_trace(qr/^END $home$/m, 10);
    ok scalar(grep { $_ eq "END $home" } @lines), 'then it ends';
    is +(ask($s, 'keep'))[1], 1, 'and all goes on';
});

done_testing;
