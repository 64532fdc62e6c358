# The CGI variables of one request stood in %ENV until it was over; its interpreter served others meanwhile, which saw its
# cookies.
use lib 't/lib';
use TestHttpd;
use Socket ();

my %modules = (trace_module, 'My/Cookie.pm' => <<'P');
package My::Cookie;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::SubRequest ();
use Apache2::Const -compile => 'OK';
sub cookie { join ' ', map { defined $_ ? $_ : 'none' } @ENV{qw(HTTP_COOKIE REQUEST_URI)} }
sub long {
    my $r = shift;
    T::Trace::note('long', cookie());
    $r->content_type('text/plain');
    $r->print('x' x 60_000);
    return Apache2::Const::OK;
}
sub short  { my $r = shift; $r->content_type('text/plain'); $r->print(cookie()); Apache2::Const::OK }
sub around { my $r = shift; $r->content_type('text/plain'); $r->print('<'); $r->lookup_uri('/short')->run; $r->print('> ', cookie()); Apache2::Const::OK }
sub log    { my $r = shift; T::Trace::note('log', $r->uri, cookie()); Apache2::Const::OK }
1;
P

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::Cookie
PerlInterpStart 1
PerlInterpMax 1
SendBufferSize 4096
<Location />
    SetHandler modperl
    PerlLogHandler My::Cookie::log
</Location>
<Location /long>
    PerlOptions +SetupEnv
    PerlResponseHandler My::Cookie::long
</Location>
<Location /short>
    PerlResponseHandler My::Cookie::short
</Location>
<Location /around>
    PerlOptions +SetupEnv
    PerlResponseHandler My::Cookie::around
</Location>
C
    # A client that reads nothing: the answer is neither sent nor over.
    my $slow = IO::Socket::INET->new(Proto => 'tcp') or die $!;
    setsockopt $slow, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), 2048;
    connect $slow, Socket::pack_sockaddr_in($s->port, Socket::inet_aton('127.0.0.1')) or die $!;
    $slow->autoflush(1);
    print {$slow} "GET /long HTTP/1.0\r\nCookie: secret\r\n\r\n";
    my @trace = $s->wait_for_trace(qr/^long/m);
    is $trace[0], 'long secret /long', 'the handler sees the variables of its own request';
    # With us a request ends when its answer is complete, whether or not the client has it all.
    push @trace, $s->wait_for_trace(qr/^log \/long/m) if ours && !grep { /^log/ } @trace;
    is $trace[-1], 'log /long secret /long', 'its log handler sees them, too' if ours;
    SKIP: {
        skip 'worker writes while its thread and its interpreter wait', 2 if $mpm eq 'worker';
        is $s->get('/short')->{content}, 'none none', 'another request in the same interpreter does not, though the first is not sent';
        @trace = $s->wait_for_trace(qr/^log \/short/m);
        is_deeply [grep { /^log/ } @trace], ['log /short none none'], '  it is not, and the log handler of the other sees none either';
    }
    like TestHttpd::Client::read_all($slow, 20), qr/x{60000}\z/, 'the client reads on';
    unless (ours) {
        @trace = grep { /^log \/long/ } $s->wait_for_trace(qr/^log \/long/m);
        is $trace[0], 'log /long secret /long', 'the log handler of the first sees its variables again';
    }
    is $s->get('/short')->{content}, 'none none', 'then they are gone';
    SKIP: {
        skip 'with mod_perl a subrequest sees them', 1 unless ours;
        like $s->get('/around', Cookie => 'mine')->{content}, qr/^<.*> mine \/around\z/, 'they are there after a subrequest';
    }
});

done_testing;
