# When interpreters are short: who waits how long, what those learn who are turned away, and what the log says.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time);

plan skip_all => 'limits of ours' unless ours;

my %modules = (trace_module, 'My/Short.pm' => <<'P');
package My::Short;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my $mark;
sub handler {
    my $r = shift;
    T::Trace::note('in');
    my $file = '@var@/' . ($r->args || 'none');
    my ($seen, $end) = (0, time + 60);
    until (!$r->args || -e $file || time > $end) {
        my %pool = eval { require ModInterp::Status; ModInterp::Status->pool };
        T::Trace::note('waiting', $seen = $pool{waiting}) if ($pool{waiting} || 0) > $seen;
        select undef, undef, undef, 0.02;
    }
    $r->content_type('text/plain');
    $r->print(0 + \$mark);
    return Apache2::Const::OK;
}
sub ok  { Apache2::Const::OK }
sub log { T::Trace::note('log', $_[0]->uri); Apache2::Const::OK }
1;
P
my $BASE = <<'C';
PerlModule My::Short
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMinSpare 1
PerlInterpMaxSpare 1
<Location /s>
    SetHandler modperl
    PerlResponseHandler My::Short
</Location>
C

my $n = 0;
# A request whose handler stays in there until `release`.
sub occupied {
    my ($s) = @_;
    my $name = 'release' . ++$n;
    $s->trace;
    my $socket = $s->socket;
    print {$socket} "GET /s?$name HTTP/1.0\r\n\r\n";
    $s->wait_for_trace(qr/^in/m) or fail 'the handler did not start';
    return { socket => $socket, file => $s->root . "/var/$name" };
}
sub release {
    my ($busy) = @_;
    spew($busy->{file}, '');
    like TestHttpd::Client::read_all($busy->{socket}, 30), qr/200 OK/, '  the one that ran on is answered';
}

# Without PerlInterpMaxWait it is httpd's Timeout.
my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => "Timeout 1\n$BASE");
my $busy  = occupied($s);
my $start = time;
my @got = map { ref $_ ? $_->[0] : $_ } $s->parallel(3, sub { my $a = $s->get('/s'); "$a->{status} $a->{headers}{'retry-after'}" });
is_deeply \@got, [('503 1') x 3], 'a request waits as long as Timeout says, then it is told when to come again';
cmp_ok time - $start, '>', 0.9, '  not shorter';
cmp_ok time - $start, '<', 20, '  nor much longer';
$s->log_like(qr/PerlInterpMaxWait: no interpreter of the main server came free in 1s; "PerlInterpMax [234]" \(now 1\) would have avoided it/,
    '  the log names the directive, and the value that would have helped');
is scalar(() = $s->log =~ /PerlInterpMaxWait:/g), 1, '  once for all three';
release($busy);
is $s->get('/s')->{status}, 200, '  then it serves again';
$s->stop;

# Log and cleanup handlers do not wait: one interpreter more than PerlInterpMax is for them.
$s = TestHttpd->start(mpm => 'event', modules => \%modules, files => { 'htdocs/a.txt' => 'a file' }, config => "PerlInterpMaxWait 500ms\n$BASE" . <<'C');
<Location /a.txt>
    PerlLogHandler My::Short::log
</Location>
C
$busy = occupied($s);
is $s->get('/a.txt')->{content}, 'a file', 'a file with a log handler is sent';
ok scalar(grep { /^log/ } $s->wait_for_trace(qr/^log/m)), '  which runs while all are busy';
is $s->get('/s')->{status}, 503, '  no other request is served by it';
$s->expect_log(qr/PerlInterpMaxWait:/);
release($busy);
is $s->get('/a.txt')->{content}, 'a file', '  the next one';
ok scalar(grep { /^log/ } $s->wait_for_trace(qr/^log/m)), '  is logged, too';
$s->stop;

# Phases of a connection: it is closed.
$s = TestHttpd->start(mpm => 'event', modules => \%modules, files => { 'htdocs/a.txt' => 'a file' },
    config => "PerlInterpMaxWait 200ms\nPerlPreConnectionHandler My::Short::ok\n$BASE");
$s->expect_log(qr/PerlInterpMaxWait:/);
$busy = occupied($s);
is $s->raw("GET /a.txt HTTP/1.0\r\n\r\n", 30), '', 'a connection whose handler finds no interpreter is closed';
$s->log_like(qr/PerlInterpMaxWait:/, '  with a line in the log');
release($busy);
is $s->get('/a.txt')->{content}, 'a file', '  then it serves again';
$s->stop;

# PerlInterpMaxQueue: so many wait, the next one does not.
$s = TestHttpd->start(mpm => 'event', modules => \%modules, config => "PerlInterpMaxQueue 1\n$BASE");
$busy = occupied($s);
my $waits = $s->socket;
print {$waits} "GET /s HTTP/1.0\r\n\r\n";
$s->wait_for_trace(qr/^waiting 1$/m) or fail 'the next one does not wait';
$start = time;
my $answer = $s->raw("GET /s HTTP/1.0\r\n\r\n", 30);
like $answer, qr/^HTTP\/1\.1 503 .*^Retry-After: \d+/ms, 'PerlInterpMaxQueue 1: with one waiting the next is turned away';
cmp_ok time - $start, '<', 3.5, '  at once';
$s->log_like(qr/PerlInterpMaxQueue: 1 requests wait for an interpreter of the main server already; "PerlInterpMax \d" \(now 1\) would have avoided it/,
    '  the log names the directive and the value');
release($busy);
like TestHttpd::Client::read_all($waits, 30), qr/200 OK/, '  the one in the queue is served';
$s->stop;

# A virtual host with interpreters of its own: its limits are its own, and the log names it.
$s = TestHttpd->start(mpm => 'event', modules => \%modules, config => $BASE . <<'C');
<VirtualHost 127.0.0.1:@port@>
    ServerName main
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName own
    PerlOptions +Clone
    PerlInterpStart 2
    PerlInterpMax 2
    PerlInterpMaxSpare 2
    PerlInterpMaxWait 150ms
</VirtualHost>
C
$busy = occupied($s);
is $s->get('/s', Host => 'own')->{status}, 200, 'a virtual host with its own interpreters is served while those of the server are busy';
my @own = map { my $name = 'release' . ++$n; my $socket = $s->socket; print {$socket} "GET /s?$name HTTP/1.0\r\nHost: own\r\n\r\n"; { socket => $socket, file => $s->root . "/var/$name" } } 1, 2;
my $in = 0;
wait_until(sub { $in += grep { /^in/ } $s->trace; $in >= 3 }, 30);
is $s->get('/s', Host => 'own')->{status}, 503, '  with two busy there its limit is reached';
$s->log_like(qr/PerlInterpMaxWait: no interpreter of virtual host own:\d+ came free in 150ms; "PerlInterpMax 3" \(now 2\) would have avoided it/,
    '  the log names the virtual host, and its numbers');
release($_) for $busy, @own;
$s->stop;

# PerlInterpMaxAge: an old one is replaced, though it is never busy.
$s = TestHttpd->start(mpm => 'event', modules => \%modules, config => "PerlInterpMaxAge 3s\n$BASE");
$start = time;
my $first = $s->get('/s')->{content};
is $s->get('/s')->{content}, $first, 'the same interpreter serves two requests';
ok wait_until(sub { my $a = $s->get('/s'); $a->{status} == 200 && $a->{content} != $first }, 30), 'PerlInterpMaxAge: after three seconds another one does';
cmp_ok time - $start, '>', 2.5, '  not before';

done_testing;
