# A filter of input that returned OK and gave nothing was asked again and again, for ever, when httpd read away a body that the
# response had not read: a process was busy with it until it was killed, and its memory grew.
use lib 't/lib';
use TestHttpd;
use IO::Select;

my %modules = ('My/Nothing.pm' => <<'P');
package My::Nothing;
use strict;
use warnings;
use Apache2::Filter ();
use base 'Apache2::Filter';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use Apache2::Const -compile => qw(OK DECLINED MODE_READBYTES);
use APR::Brigade ();
use APR::Bucket ();

sub nothing : FilterRequestHandler { 0 }
sub silent  : FilterConnectionHandler { my ($f, $bb, $mode) = @_; $mode == Apache2::Const::MODE_READBYTES ? 0 : -1 }
# It reads and drops all, the end too.
sub drops   : FilterRequestHandler { my ($f, $bb, @ask) = @_; my $rv = $f->next->get_brigade(my $own = APR::Brigade->new($f->c->pool, $f->c->bucket_alloc), @ask); $own->destroy; $rv }
# It reads and drops all but the end, piece by piece.
sub ends    : FilterRequestHandler {
    my ($f, $bb, @ask) = @_;
    my $own = APR::Brigade->new($f->c->pool, $f->c->bucket_alloc);
    my $rv = $f->next->get_brigade($own, @ask);
    while (my $b = $own->first) { $b->remove; $b->is_eos ? $bb->insert_tail($b) : $b->destroy }
    $rv;
}
sub reads   : FilterRequestHandler { my $f = shift; 1 while $f->read(my $data, 4096); 0 }
sub leaves  : FilterRequestHandler { my $f = shift; $f->remove; 0 }

sub page { my $r = shift; $r->content_type('text/plain'); $r->print('page'); 0 }
sub body { my $r = shift; my $n = 0; while ($r->read(my $data, 4096)) { $n += length $data } $r->print("read $n"); 0 }
1;
P
my @FILTERS = qw(nothing drops ends reads leaves);
my $locations = join '', map { my $f = $_; map { <<C } qw(page body) } @FILTERS;
<Location /$f/$_>
    SetHandler modperl
    PerlResponseHandler My::Nothing::$_
    PerlInputFilterHandler My::Nothing::$f
</Location>
C
my $config = "PerlModule My::Nothing\n$locations" . <<'C';
Timeout 20
<Location /silent/page>
    SetHandler modperl
    PerlResponseHandler My::Nothing::page
</Location>
Listen 127.0.0.1:@port:silent@
<VirtualHost *:@port:silent@>
    PerlInputFilterHandler My::Nothing::silent
</VirtualHost>
C
my $SIZE = 300_000;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $config);
    my %body = (
        'a body' => "Content-Length: $SIZE\r\n\r\n" . 'x' x $SIZE,
        'one in chunks' => "Transfer-Encoding: chunked\r\n\r\n" . (sprintf("%x\r\n", 30_000) . 'x' x 30_000 . "\r\n") x 10 . "0\r\n\r\n",
    );
    # What comes back until the answer is whole, or nothing comes for five seconds.
    my $ask = sub {
        my ($path, $kind, $port) = @_;
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port // $s->port, Timeout => 10) or die $!;
        local $SIG{PIPE} = 'IGNORE';
        print {$socket} "POST $path HTTP/1.1\r\nHost: x\r\n$body{$kind}";
        my $got = '';
        while (IO::Select->new($socket)->can_read(5) and sysread $socket, $got, 65536, length $got) { last if $got =~ /page|read \d+|<\/html>/ }
        return $got =~ m{^HTTP/1.1 (\d+).*?(page|read \d+|</html>)}s ? "$1 $2" : 'none';
    };
    for my $kind (sort keys %body) {
        is $ask->("/$_/page", $kind), '200 page', "$kind that nobody reads, and a filter: $_" for @FILTERS;
        is $ask->('/silent/page', $kind, $s->port('silent')), '200 page', "$kind, and a filter of the connection that gives nothing";
        is $ask->("/$_/body", $kind), '500 </html>', "$kind that is read: $_" for qw(nothing drops);
        is $ask->('/reads/body', $kind), '200 read 0', "$kind that is read through a filter that drops it";
    }
    $s->log_like(qr/PerlInputFilterHandler My::Nothing::$_,.*: it returned OK, and gave nothing/, "the log says so: $_") for qw(nothing drops silent);
    $s->expect_log(qr/My::Nothing|Aborting read/);
    is $s->get('/nothing/page')->{content}, 'page', 'and the server serves on';
});

done_testing;
