# Apache2::ConnectionIO: the bytes of a connection whose protocol a handler speaks. In Lua: t/net/lua.t.
use lib 't/lib';
use TestApi;
use TestHttpd;
use TestNet;

plan skip_all => 'mod_perl has no such module' unless ours;

# What each says where the protocol is HTTP, in any handler of a request.
api_rows(
    rows => <<'R',
Apache2::Connection::read    | $c->read             | /^died: .*read.* needs a handler that speaks the connection's protocol: PerlProcessConnectionHandler, LuaConnectionHandler at /
Apache2::Connection::receive | $c->receive(10)      | /^died: .*receive.* needs a handler that speaks/
Apache2::Connection::write   | $c->write('x')       | /^died: .*write.* needs a handler that speaks/
Apache2::Connection::flush   | $c->flush            | /^died: .*flush.* needs a handler that speaks/
Apache2::Connection::timeout | $c->timeout          | /^died: .*timeout.* needs a handler that speaks/
Apache2::Connection::close   | $c->close            | /^died: .*close.* needs a handler that speaks/
R
);

my %modules = (trace_module, 'My/Lines.pm' => <<'P');
package My::Lines;
use strict;
use warnings;
use Apache2::ConnectionIO ();
use Scalar::Util 'tainted';
use T::Trace ();
sub show { join ' ', map { defined $_ ? "'" . s/([^ -~])/sprintf '<%02x>', ord $1/ger . "'" : 'undef' } @_ }
my %does = (
    echo    => sub { my $c = shift; while (defined(my $line = $c->read)) { $c->write($line, "\r\n") } },
    list    => sub { my $c = shift; my @line = $c->read; $c->read('a'); my @none = $c->read; my $none = $c->read; $c->write(show(@line, scalar(@none), @none, $none), "\r\n") },
    forms   => sub { my $c = shift; $c->write(show($c->read('L'), $c->read(3), $c->read('4'), $c->receive(1), scalar $c->read('a')), "\r\n") },
    late    => sub { my $c = shift; my $was = $c->timeout(0.2); $c->write(show($was, $c->timeout, $c->read), "\r\n") },
    taint   => sub { my $c = shift; $c->write(tainted($c->read) ? 1 : 0, "\r\n") },
    close   => sub { my $c = shift; $c->write("bye\r\n"); $c->close; T::Trace::note('closed ' . show($c->write('x'), $c->read)) },
    fill    => sub { my $c = shift; while (1) { my ($ok, $why) = $c->write('x' x 65536); $ok or return T::Trace::note("stopped: $why") } },
    wrong   => sub { my $c = shift; $c->write(join('; ', map { eval { $_->(); 1 } ? 'fine' : $@ =~ s/ at \S+ line.*//sr } sub { $c->read('x') }, sub { $c->timeout(-1) }), "\r\n") },
    die     => sub { die "died of it\n" },
);
sub handler {
    my $c = shift;
    $c->write("220 ready\r\n");
    my $word = $c->read // return 0;
    $does{$word}->($c);
    return 0;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => [tls_load()], modules => \%modules, files => {tls_files()}, switches => $mpm eq 'prefork' ? '-T' : undef, config => <<'C' . (tls() ? <<'C2' : ''));
PerlModule My::Lines
<PerlInterpClass two>
    PerlInterpStart 2
    PerlClassInterpreters 2
</PerlInterpClass>
Listen 127.0.0.1:@port:plain@ raw
<VirtualHost 127.0.0.1:@port:plain@>
    PerlUseClass two
    PerlProcessConnectionHandler My::Lines
</VirtualHost>
C
Listen 127.0.0.1:@port:tls@ raw
<VirtualHost 127.0.0.1:@port:tls@>
    PerlUseClass two
    PerlProcessConnectionHandler My::Lines
    SSLEngine On
    SSLCertificateFile @root@/tls.pem
</VirtualHost>
C2
    for my $way ('plain', tls() ? 'tls' : ()) {
        my $ask = sub { my ($text) = @_; my $c = $s->net($way); $c->answer; $c->send($text); $c->done_sending; return join '|', $c->rest };
        is $ask->("echo\r\none\ntwo\r\n\r\nend"), 'one|two||end', "$way: lines";
        is $ask->("list\r\n\r\nmore"), "'' '2' undef 'closed' undef", "$way: in list context a reason follows undef";
        is $ask->("forms\r\nline\r\nabcdefghij"), "'line<0d><0a>' 'abc' 'defg' 'h' 'ij'", "$way: forms of reading";
        is $ask->("wrong\r\n") =~ s/Apache2::Connection(?:IO)?:://gr, 'read: what is read is "l", "L", "a", or a number of bytes; timeout: the time is a number of seconds from 0 to 2000000', "$way: wrong arguments";
        is $ask->("taint\r\nx\r\n"), $mpm eq 'prefork' ? 1 : 0, "$way: what is read is tainted";
        my $late = $s->net($way);
        $late->answer;
        is $late->say_to('late'), "'30' '0.2' undef 'timeout'", "$way: a time-out";
        $s->trace;
        my $closed = $s->net($way);
        $closed->answer;
        is $closed->say_to('close') . $closed->answer, 'bye', "$way: close";
        like join("\n", $s->wait_for_trace(qr/^closed/m)), qr/closed undef 'closed' undef 'closed'/, "$way: for the script as well";
        my $fill = $s->net($way);
        $fill->answer;
        $fill->say('fill');
        $fill->_more;
        $fill->reset;
        like join("\n", $s->wait_for_trace(qr/^stopped/m)), qr/stopped: closed/, "$way: a client that is gone";
        $s->expect_log(qr/died of it/);
        is $ask->("die\r\n"), '', "$way: a handler that dies closes the connection";
        next if $mpm eq 'prefork';
        my @silent = map { $way eq 'tls' ? $s->socket($s->port($way)) : () } 1 .. 3;
        my @busy = map { my $c = $s->net($way); $c->answer; $c } 1 .. 2;
        my $third = $s->net($way);
        $_->done_sending for @busy;
        is $third->answer, '220 ready', "$way: as many at once as the class has interpreters" . (@silent ? ', whoever does not shake hands' : '');
    }
});

done_testing;
