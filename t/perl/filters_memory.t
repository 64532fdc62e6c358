# Content of any size goes through filters in bounded memory, and requests leave none behind.
use lib 't/lib';
use TestHttpd;

my $CODE = <<'P';
package My::M;
use strict;
use warnings;
use base 'Apache2::Filter';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use APR::Brigade ();
use APR::Bucket ();
sub stream { my $f = shift; $f->ctx(($f->ctx // 0) + 1); while ($f->read(my $b)) { $f->print($b) } 0 }
sub brigade { my ($f, $bb) = @_; for (my $b = $bb->first; $b; $b = $bb->next($b)) { $b->read(my $d) } $f->next->pass_brigade($bb) }
sub fills { my ($f, $bb, @ask) = @_; my $rv = $f->next->get_brigade($bb, @ask); for (my $b = $bb->first; $b; $b = $bb->next($b)) { $b->read(my $d) } $rv }
sub begins : FilterInitHandler { 0 }
sub begun : FilterRequestHandler FilterHasInitHandler(\&begins) { -1 }
sub prints { my $r = shift; $r->content_type('text/plain'); my $piece = 'x' x 8192; $r->print($piece) for 1 .. $r->args; 0 }
sub reads { my $r = shift; my $n = 0; while (my $l = $r->read(my $b, 65536)) { $n += $l } $r->content_type('text/plain'); $r->print($n); 0 }
sub adds { my $r = shift; $r->add_output_filter(sub { my $f = shift; $f->ctx({}) ; while ($f->read(my $b)) { $f->print($b) } 0 }); $r->content_type('text/plain'); $r->print('ok'); 0 }
1;
P
my $conf = "PerlModule My::M\nEnableMMAP Off\n\@one_child\@\nPerlInterpMax 1\n";
for my $way (['out', 'prints', 'Output', 'stream', 'brigade'], ['in', 'reads', 'Input', 'stream', 'fills']) {
    my ($at, $answer, $phase, @handlers) = @$way;
    $conf .= "<Location /$at/$_>\nSetHandler modperl\nPerlResponseHandler My::M::$answer\nPerl${phase}FilterHandler My::M::$_\n</Location>\n" for @handlers;
}
$conf .= "<Location /adds>\nSetHandler modperl\nPerlResponseHandler My::M::adds\nPerlOutputFilterHandler My::M::begun\n</Location>\n";
$conf .= "Alias /static \"\@root\@/htdocs\"\n<Location /static>\nPerlOutputFilterHandler My::M::stream\n</Location>\n";

my $MB = soak(32, 1024);
my $N = soak(300, 200_000);

# The most memory that a process has had.
sub peak { my ($pid) = @_; slurp("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m ? $1 << 10 : die "no VmHWM of $pid" }

# Reads what is written to a socket until it is closed; returns the number of bytes behind the headers.
sub drain { my ($socket) = @_; my ($n, $head) = (0, ''); while (sysread $socket, my $b, 1 << 20) { if (defined $head) { $head .= $b; $head =~ s/^.*?\r\n\r\n//s or next; $n += length $head; undef $head } else { $n += length $b } } $n }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => $conf, modules => { 'My/M.pm' => $CODE }, files => { 'htdocs/big' => '' });
    open my $big, '>', "$s->{root}/htdocs/big" or die $!;
    truncate $big, $MB << 20;
    my ($child) = grep { $_ != $s->pid } $s->child_pids;
    my $grows = sub {
        my ($name, $once, $many) = @_;
        $once->() for 1 .. 3;
        my $before = peak($child);
        $many->();
        my $grown = peak($child) - $before;
        cmp_ok $grown, '<', 1 << 20, "$name: memory stays" or diag "$grown bytes more";
    };
    my $get = sub {
        my ($path) = @_;
        my $socket = $s->socket;
        print $socket "GET $path HTTP/1.0\r\nHost: x\r\n\r\n";
        return drain($socket);
    };
    my $post = sub {
        my ($path, $mb) = @_;
        my $socket = $s->socket;
        print $socket "POST $path HTTP/1.0\r\nHost: x\r\nContent-Length: " . ($mb << 20) . "\r\n\r\n";
        my $piece = 'x' x (1 << 20);
        print $socket $piece for 1 .. $mb;
        return drain($socket);
    };
    for my $how (qw(stream brigade)) {
        $grows->("an answer of $MB MB, $how", sub { $get->("/out/$how?100") }, sub { is $get->("/out/$how?" . $MB * 128), $MB << 20, "an answer of $MB MB, $how" });
    }
    $grows->("a file of $MB MB", sub { $get->('/out/stream?100') }, sub { is $get->('/static/big'), $MB << 20, "a file of $MB MB" });
    for my $how (qw(stream fills)) {
        $grows->("a body of $MB MB, $how", sub { $post->("/in/$how", 1) }, sub { cmp_ok $post->("/in/$how", $MB), '>', 0, "a body of $MB MB, $how" });
    }
    my $client = $s->client;
    for my $path ('/out/stream?2', '/out/brigade?2', '/adds') {
        $grows->("$N requests of $path", sub { $client->get($path) for 1 .. 100 }, sub { $client->get($path) for 1 .. $N });
    }
});

done_testing;
