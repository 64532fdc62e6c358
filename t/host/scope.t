# PerlInterpScope: how long a request keeps its interpreter. One interpreter, and a foreign handler that takes its time.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'leases are ours' unless ours;

my %modules = (trace_module, 'My/Scope.pm' => <<'P');
package My::Scope;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Const -compile => 'OK';
sub fixup   { my $r = shift; T::Trace::note('fixup', $r->uri); $r->pnotes(kept => 'value') if ($r->args || '') =~ /pin/; Apache2::Const::OK }
sub log     { my $r = shift; T::Trace::note('log', $r->uri, $r->pnotes('kept')); Apache2::Const::OK }
sub connection { T::Trace::note('connection'); Apache2::Const::OK }
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('ok'); Apache2::Const::OK }
sub subs    { my $r = shift; $r->content_type('text/plain'); $r->print('<'); $r->lookup_uri('/ok')->run; $r->print('>', $r->lookup_uri('/ok')->status); Apache2::Const::OK }
1;
P
# scope; is another request served while a foreign handler runs; and while a kept connection is idle
my @CASES = (['handler', 1, 1], ['response', 1, 1], ['subrequest', 1, 1], ['request', 0, 1], ['connection', 0, 0], ['', 1, 1]);

for my $case (@CASES) {
    my ($scope, $beside, $idle) = @$case;
    my $s = TestHttpd->start(mpm => 'event', c_module => 't/c/mod_interp_test.c', modules => \%modules, config => ($scope && "PerlInterpScope $scope\n") . <<'C');
PerlModule My::Scope
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 150ms
KeepAliveTimeout 30
<Location />
    PerlFixupHandler My::Scope::fixup
    PerlLogHandler   My::Scope::log
</Location>
<Location /ok>
    SetHandler modperl
    PerlResponseHandler My::Scope
</Location>
<Location /subs>
    SetHandler modperl
    PerlResponseHandler My::Scope::subs
</Location>
<Location /hold>
    SetHandler c-hold
</Location>
C
    my $name = $scope || 'the default';
    $s->expect_log(qr/PerlInterpMaxWait|skipped, as no interpreter/);
    is $s->get('/subs')->{content}, '<ok>200', "$name: one interpreter is enough for subrequests";
    $s->trace;
    my $held = $s->socket;
    print {$held} "GET /hold?30 HTTP/1.0\r\n\r\n";
    $s->wait_for_trace(qr/^fixup \/hold/m);
    is $s->get('/ok')->{status}, $beside ? 200 : 503, '  while a foreign handler runs another request is ' . ($beside ? 'served' : 'not served');
    spew($s->root . '/var/release', '');
    like TestHttpd::Client::read_all($held, 30), qr/200 OK/, '  the foreign handler answers';
    close $held;    # until then httpd lingers
    ok wait_until(sub { $s->get('/ok')->{status} == 200 }, 20), '  then others are served';

    unlink $s->root . '/var/release';
    $s->trace;
    $held = $s->socket;
    print {$held} "GET /hold?30&pin HTTP/1.0\r\n\r\n";
    $s->wait_for_trace(qr/^fixup \/hold/m);
    is $s->get('/ok')->{status}, 503, '  with pnotes the request keeps it in each case';
    spew($s->root . '/var/release', '');
    TestHttpd::Client::read_all($held, 30);
    close $held;
    ok scalar(grep { $_ eq 'log /hold value' } $s->wait_for_trace(qr/^log \/hold/m)), '  up to its log handler';
    ok wait_until(sub { $s->get('/ok')->{status} == 200 }, 20), '  then others are served';

    my $client = $s->client;
    is $client->get('/ok')->{status}, 200, '  a connection is kept open';
    wait_until(sub { grep { /^log/ } $s->trace }, 20);
    is $s->get('/ok')->{status}, $idle ? 200 : 503, '  another one is ' . ($idle ? 'served' : 'not served');
    undef $client;
    ok wait_until(sub { $s->get('/ok')->{status} == 200 }, 20), '  and is once it ends';
    $s->stop;
}

# A connection's own phases: the interpreter that its first handler took is the connection's until it ends.
for my $case (['connection', 0], ['response', 1]) {
    my ($scope, $beside) = @$case;
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, files => { 'htdocs/static.txt' => 'static' }, config => <<"C");
PerlModule My::Scope
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 150ms
PerlInterpScope $scope
PerlPreConnectionHandler My::Scope::connection
C
    $s->expect_log(qr/PerlInterpMaxWait/);
    $s->trace;
    my $silent = $s->socket;
    print {$silent} 'GET ';    # before that the kernel does not hand it over
    $s->wait_for_trace(qr/^connection/m);
    is $s->get('/static.txt')->{content} eq 'static' || 0, $beside, "$scope: while a connection is open another is " . ($beside ? 'served' : 'closed');
    close $silent;
    ok TestHttpd::wait_until(sub { $s->get('/static.txt')->{content} eq 'static' }), '  and served once that is closed';
}

done_testing;
