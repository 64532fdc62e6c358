# Requests share the interpreters of a pool: they wait their turn, at most as long as allowed, and what needs no Perl
# does not wait.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time sleep);

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
    my ($ms, $id) = split /,/, $r->args || '0';
    T::Trace::note('in', defined $id ? $id : '', \$mark . '');
    select undef, undef, undef, $ms / 1000 if $ms;
    $r->content_type('text/plain');
    $r->print(0 + \$mark);
    return Apache2::Const::OK;
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

# Sends a request whose handler sleeps and returns once it is in there.
sub occupied {
    my ($s, $ms) = @_;
    $s->trace;
    my $socket = $s->socket;
    print {$socket} "GET /pool?$ms HTTP/1.0\r\n\r\n";
    $s->wait_for_trace(qr/^in/m) or fail 'the handler did not start';
    return $socket;
}

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => { 'htdocs/a.txt' => 'static' }, config => $conf->(1));

    my $busy = occupied($s, 1500);
    my $start = time;
    is $s->get('/a.txt')->{content}, 'static', 'a file';
    cmp_ok time - $start, '<', 0.7, '  is not delayed while every interpreter is busy';
    is $s->get('/pool?0')->{status}, 200, 'a request for Perl';
    cmp_ok time - $start, '>', 1, '  waits for the interpreter';
    close $busy;

    # First come, first served: each starts when the one before is surely queued.
    $s->trace;
    my $first = occupied($s, 1200);
    my @sockets;
    for my $id (1 .. 6) {
        my $socket = $s->socket;
        print {$socket} "GET /pool?0,$id HTTP/1.0\r\n\r\n";
        push @sockets, $socket;
        sleep 0.1;    # no sign tells from outside that a request has queued up
    }
    like TestHttpd::Client::read_all($_, 10), qr/200 OK/, 'served' for @sockets;
    is join(' ', map { /^in (\d+)/ ? $1 : () } $s->trace), '1 2 3 4 5 6', 'in the order in which they came' if ours;

    # Keep-alive connections hold no interpreter.
    my @clients = map { $s->client } 1 .. 5;
    is scalar(grep { $_->get('/pool?0')->{status} == 200 } @clients, @clients), 10, 'five kept connections share one interpreter';
});

for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    plan skip_all => 'directives of ours' unless ours;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf->(1, 'PerlInterpMaxWait 200ms'));
    $s->expect_log(qr/PerlInterpMax/);
    my $busy   = occupied($s, 1500);
    my $start  = time;
    my $answer = $s->get('/pool?0');
    is $answer->{status}, 503, 'a wait longer than PerlInterpMaxWait is 503';
    cmp_ok time - $start, '<', 1, '  soon';
    like $answer->{headers}{'retry-after'}, qr/^\d+$/, '  with Retry-After';
    $s->log_like(qr/PerlInterpMax\b/, '  and the log names the directive');
    close $busy;
    ok wait_until(sub { $s->get('/pool?0')->{status} == 200 }, 5), 'then it serves again';
    $s->stop;

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf->(1, 'PerlInterpMaxQueue 0'));
    $s->expect_log(qr/PerlInterp/);
    $busy  = occupied($s, 1500);
    $start = time;
    is $s->get('/pool?0')->{status}, 503, 'PerlInterpMaxQueue 0: 503';
    cmp_ok time - $start, '<', 0.5, '  at once';
    $s->stop;

    # The pool grows up to PerlInterpMax and no further.
    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "PerlInterpStart 1\nPerlInterpMax 4\nPerlInterpMinSpare 1\nPerlInterpMaxSpare 4\n$BASE");
    my @marks = map { ref $_ ? @$_ : $_ } $s->parallel(12, sub { $s->get('/pool?150')->{content} });
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
        my $end = time + 30;
        my $select = IO::Select->new($backend);
        while (time < $end) {
            for ($select->can_read(0.02)) { my $c = $backend->accept or next; push @due, [time + 2, $c] }
            while (@due && $due[0][0] <= time) { my $c = (shift @due)->[1]; print {$c} "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nslow"; close $c }
        }
    });
    my $start = time;
    my @got = map { ref $_ ? @$_ : $_ } $s->parallel(50, sub { $s->get('/slow/')->{status} });
    is "@got", join(' ', (200) x 50), 'fifty proxied requests of two seconds behind an access handler, two interpreters';
    cmp_ok time - $start, '<', 3, '  run side by side';
    kill KILL => $pid;
    waitpid $pid, 0;
});

done_testing;
