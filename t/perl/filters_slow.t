# A client that reads slowly does not keep an interpreter, though filters have worked on its answer: up to 64 KiB wait with httpd.
use lib 't/lib';
use TestHttpd;
use Socket ();
use Time::HiRes qw(time);

plan skip_all => 'leases are ours' unless ours;

my %modules = ('My/Slow.pm' => <<'P');
package My::Slow;
use strict;
use warnings;
use Apache2::Filter ();
use base 'Apache2::Filter';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
sub reads     : FilterRequestHandler { my $f = shift; while ($f->read(my $data, 4096)) { $f->print($data) } 0 }
sub passes    : FilterRequestHandler { my ($f, $bb) = @_; $f->next->pass_brigade($bb) }
sub keeps     : FilterRequestHandler { my $f = shift; $f->ctx(($f->ctx || 0) + 1); reads($f) }
sub c_reads   : FilterConnectionHandler { my $f = shift; while ($f->read(my $data, 4096)) { $f->print($data) } 0 }
sub c_passes  : FilterConnectionHandler { -1 }
sub c_keeps   : FilterConnectionHandler { my $f = shift; $f->ctx(($f->ctx || 0) + 1); -1 }
sub page  { my $r = shift; $r->content_type('text/plain'); $r->print('x' x 60_000); 0 }
sub notes { my $r = shift; $r->pnotes(mine => 1); page($r) }
sub quick { my $r = shift; $r->content_type('text/plain'); $r->print('quick'); 0 }
1;
P
my @OF_REQUESTS = qw(reads passes keeps);
my %OF_CONNECTIONS = (none => '', map { ($_ => "PerlOutputFilterHandler My::Slow::$_") } qw(c_reads c_passes c_keeps));
my $config = <<'C' . join '', (map { my $f = $_; map { <<L } qw(page notes) } @OF_REQUESTS), map { "Listen 127.0.0.1:\@port:$_\@\n<VirtualHost *:\@port:$_\@>\n$OF_CONNECTIONS{$_}\n</VirtualHost>\n" } sort keys %OF_CONNECTIONS;
SendBufferSize 8192
PerlModule My::Slow
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 5
<Location /quick>
    SetHandler modperl
    PerlResponseHandler My::Slow::quick
</Location>
C
<Location /$f/$_>
    SetHandler modperl
    PerlResponseHandler My::Slow::$_
    PerlOutputFilterHandler My::Slow::$f
</Location>
L

for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $config);
    for my $host (sort keys %OF_CONNECTIONS) {
        for my $path (map { ("/$_/page", "/$_/notes") } @OF_REQUESTS) {
            socket my $slow, Socket::AF_INET(), Socket::SOCK_STREAM(), 0 or die $!;
            setsockopt $slow, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), 4096;
            connect $slow, Socket::sockaddr_in($s->port($host), Socket::inet_aton('127.0.0.1')) or die $!;
            syswrite $slow, "GET $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            sysread $slow, my $got = '', 100;
            my $began = time;
            is $s->get('/quick')->{content}, 'quick', "$host, $path: another request is served while the client is slow";
            cmp_ok time - $began, '<', 3, '  at once';
            1 while sysread $slow, $got, 65536, length $got;
            like $got, qr/\r\n\r\nx{60000}\z/, '  which gets all of it' if $got !~ /chunked/i;
        }
    }
    $s->terminate;
});

done_testing;
