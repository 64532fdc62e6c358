# Requests share the interpreters of a pool: they wait their turn, at most as long as allowed, and what needs no Perl
# does not wait.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time sleep);
use IO::Select;

my %modules = (trace_module, 'My/Pool.pm' => <<'P');
package My::Pool;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my $mark;
sub handler {
    my $r = shift;
    my ($how, $id) = split /,/, $r->args || '0';
    T::Trace::note('in', defined $id ? $id : '', \$mark . '');
    select undef, undef, undef, $how / 1000 if $how =~ /^\d+\z/;
    stay() if $how eq 'stay';
    $r->content_type('text/plain');
    $r->print(0 + \$mark);
    return Apache2::Const::OK;
}
# Until the file is there; tells how many wait.
sub stay {
    my ($seen, $end) = (0, time + 60);
    until (-e '@var@/release' || time > $end) {
        my %pool = eval { require ModInterp::Status; ModInterp::Status->pool };
        T::Trace::note('waiting', $seen = $pool{waiting}) if ($pool{waiting} || 0) > $seen;
        select undef, undef, undef, 0.02;
    }
}
sub access { Apache2::Const::OK }
1;
P
my $BASE = <<'C';
PerlModule My::Pool
<Location /pool>
    SetHandler modperl
    PerlResponseHandler My::Pool
</Location>
C
my $conf = sub { my ($max, @more) = @_; join "\n", "PerlInterpStart $max", "PerlInterpMax $max", "PerlInterpMinSpare $max", "PerlInterpMaxSpare $max", @more, $BASE };

# Sends a request whose handler stays in there until `release`; returns once it is there.
sub occupied {
    my ($s) = @_;
    unlink $s->root . '/var/release';
    $s->trace;
    my $socket = asked($s, 'stay');
    $s->wait_for_trace(qr/^in/m) or fail 'the handler did not start';
    return $socket;
}
sub asked { my ($s, $what) = @_; my $socket = $s->socket; print {$socket} "GET /pool?$what HTTP/1.0\r\n\r\n"; return $socket }
sub release { my ($s) = @_; spew($s->root . '/var/release', '') }
sub answer { TestHttpd::Client::read_all($_[0], 60) }

# The lines of the trace up to the one that says that so many wait. mod_perl does not tell: there it is a guess.
sub queued { my ($s, $n) = @_; return $s->wait_for_trace(qr/^waiting $n$/m) if ours; sleep 0.2; return $s->trace }

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => { 'htdocs/a.txt' => 'static' }, config => $conf->(1));

    my $busy = occupied($s);
    is $s->get('/a.txt')->{content}, 'static', 'a file is sent while every interpreter is busy';
    my $waits = asked($s, 0);
    queued($s, 1);
    ok !IO::Select->new($waits)->can_read(0), 'a request for Perl waits for the interpreter';
    release($s);
    like answer($_), qr/200 OK/, '  and both are answered' for $busy, $waits;

    # First come, first served: each starts when the one before is in the queue.
    my $first = occupied($s);
    my (@sockets, @lines);
    for my $id (1 .. 6) {
        push @sockets, asked($s, "0,$id");
        push @lines, queued($s, $id);
    }
    release($s);
    like answer($_), qr/200 OK/, 'served' for $first, @sockets;
    is join(' ', map { /^in (\d+)/ ? $1 : () } @lines, $s->trace), '1 2 3 4 5 6', 'in the order in which they came' if ours;

    # Keep-alive connections hold no interpreter.
    my @clients = map { $s->client } 1 .. 5;
    is scalar(grep { $_->get('/pool?0')->{status} == 200 } @clients, @clients), 10, 'five kept connections share one interpreter';
});

for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    plan skip_all => 'directives of ours' unless ours;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf->(1, 'PerlInterpMaxWait 200ms'));
    $s->expect_log(qr/PerlInterpMax/);
    my $busy   = occupied($s);
    my $answer = $s->get('/pool?0');
    is $answer->{status}, 503, 'a wait longer than PerlInterpMaxWait is 503';
    like $answer->{headers}{'retry-after'}, qr/^\d+$/, '  with Retry-After';
    $s->log_like(qr/PerlInterpMax\b/, '  and the log names the directive');
    release($s);
    ok wait_until(sub { $s->get('/pool?0')->{status} == 200 }, 20), 'then it serves again';
    $s->stop;

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf->(1, 'PerlInterpMaxQueue 0'));
    $s->expect_log(qr/PerlInterp/);
    $busy = occupied($s);
    my $start = time;
    is $s->get('/pool?0')->{status}, 503, 'PerlInterpMaxQueue 0: 503';
    cmp_ok time - $start, '<', 20, '  at once, not after the 60 s that Timeout is';
    release($s);
    answer($busy);
    $s->stop;

    # The pool grows up to PerlInterpMax and no further.
    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "PerlInterpStart 1\nPerlInterpMax 4\nPerlInterpMinSpare 1\nPerlInterpMaxSpare 4\n$BASE");
    my @marks = map { ref $_ ? @$_ : $_ } $s->parallel(12, sub { $s->get('/pool?300')->{content} });
    my %seen  = map { $_ => 1 } @marks;
    is scalar(grep { !/^\d+$/ } @marks), 0, 'twelve requests at once are served';
    cmp_ok scalar(keys %seen), '<=', 4, '  by at most PerlInterpMax interpreters';
    cmp_ok scalar(keys %seen), '>', 1, '  and by more than one';
});

# An access handler in front of slow work of another module keeps no interpreter.
for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    plan skip_all => 'mod_perl keeps interpreters here' unless ours;
    plan skip_all => 'needs mod_proxy_http' unless have_httpd_module('proxy_http');
    my $backend = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1') or die $!;
    my $s = TestHttpd->start(mpm => $mpm, load => [qw(proxy proxy_http)], modules => \%modules, config => <<"C" . $conf->(2));
ProxyPass /slow http://127.0.0.1:@{[$backend->sockport]}/
ThreadLimit 128
MinSpareThreads 1
ServerLimit 1
StartServers 1
ThreadsPerChild 128
MaxRequestWorkers 128
<Location /slow>
    PerlAccessHandler My::Pool::access
</Location>
C
    my $pid = $s->background(sub {
        # Answers each connection two seconds after it came.
        my @due;
        my $end = time + 60;
        my $select = IO::Select->new($backend);
        while (time < $end) {
            for ($select->can_read(0.02)) { my $c = $backend->accept or next; push @due, [time + 2, $c] }
            while (@due && $due[0][0] <= time) { my $c = (shift @due)->[1]; print {$c} "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nslow"; close $c }
        }
    });
    my $start = time;
    my @got = map { ref $_ ? @$_ : $_ } $s->parallel(50, sub { $s->get('/slow/')->{status} });
    is "@got", join(' ', (200) x 50), 'fifty proxied requests of two seconds behind an access handler, two interpreters';
    cmp_ok time - $start, '<', 25, '  run side by side: two at a time would take fifty seconds';
    kill KILL => $pid;
    waitpid $pid, 0;
});

done_testing;
