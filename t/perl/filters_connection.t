# Filters of connections: all that goes over a connection, requests and answers one behind the other.
use lib 't/lib';
use TestHttpd;

my $CODE = <<'P';
package My::C;
use strict;
use warnings;
use base 'Apache2::Filter';
use Apache2::Connection ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::FilterRec ();
use Apache2::ServerUtil ();
use APR::Brigade ();
use APR::Bucket ();
use APR::Table ();
use APR::Const -compile => 'SUCCESS';
use Apache2::Const -compile => qw(OK DECLINED MODE_GETLINE);

# The name of a header in each request, by brigades.
sub rename : FilterConnectionHandler {
    my ($f, $bb, $mode, $block, $readbytes) = @_;
    return Apache2::Const::DECLINED if $mode != Apache2::Const::MODE_GETLINE;
    my $ba = $f->c->bucket_alloc;
    my $new = APR::Brigade->new($f->c->pool, $ba);
    my $rv = $f->next->get_brigade($new, $mode, $block, $readbytes);
    return $rv if $rv != APR::Const::SUCCESS;
    while (my $b = $new->first) {
        my $n = $b->read(my $line);
        $b->remove;
        if ($line =~ s/^X-Old:/X-New:/) { $b->destroy; $b = APR::Bucket->new($ba, $line) }
        $bb->insert_tail($b);
    }
    $new->destroy;
    return 0;
}
# Every answer, read and printed.
sub upper : FilterConnectionHandler { my $f = shift; while ($f->read(my $b)) { $f->print($b =~ s/(hello)/uc $1/ger) } 0 }
sub counts : FilterConnectionHandler { my $f = shift; my $own = $f->ctx; $f->ctx($own = { n => 0, interp => ${ $f->c } }) if !$own; $own->{n}++; $f->c->notes->set(calls => $own->{n}); -1 }
sub begins : FilterInitHandler { my $f = shift; $f->ctx('begun'); 0 }
sub begun : FilterConnectionHandler FilterHasInitHandler(\&begins) { my $f = shift; $f->c->notes->set(begun => $f->ctx); $f->remove; -1 }
sub dies : FilterConnectionHandler { my $f = shift; die "died as asked\n" }
sub for_requests : FilterRequestHandler { my $f = shift; while ($f->read(my $b)) { $f->print("[$b]") } 0 }
sub adds { my $c = shift; $c->add_output_filter(\&upper); $c->add_input_filter(\&rename); 0 }
our $anonymous = sub : FilterConnectionHandler { my $f = shift; while ($f->read(my $b)) { $f->print($b =~ s/hello/HELLO/gr) } 0 };

sub hello { my $r = shift; $r->content_type('text/plain'); $r->print("hello ", $r->headers_in->get('X-New') // 'none', "\n"); 0 }
sub notes { my $r = shift; $r->content_type('text/plain'); my $n = $r->connection->notes; $r->print(join ' ', map { $_ . '=' . ($n->get($_) // 'none') } qw(calls begun)); 0 }
sub chain { my $r = shift; $r->content_type('text/plain'); my @n; for (my $f = $r->connection->output_filters; $f; $f = $f->next) { push @n, $f->frec->name } $r->print("@n"); 0 }
sub adds_late { my $r = shift; $r->connection->add_output_filter(\&upper); $r->connection->add_output_filter($anonymous); hello($r) }
1;
P
my %hosts = (
    plain  => '',
    both   => "PerlInputFilterHandler My::C::rename\nPerlOutputFilterHandler My::C::upper",
    added  => 'PerlPreConnectionHandler My::C::adds',
    counts => 'PerlInputFilterHandler My::C::counts',
    init   => "PerlOutputFilterHandler My::C::begun",
    dies   => 'PerlOutputFilterHandler My::C::dies',
    dies_in => 'PerlInputFilterHandler My::C::dies',
    request => "PerlOutputFilterHandler My::C::for_requests",
    named  => 'PerlSetOutputFilter DEFLATE',
);
my $conf = join '', map { "Listen 127.0.0.1:\@port:$_\@\n<VirtualHost *:\@port:$_\@>\n$hosts{$_}\n</VirtualHost>\n" } sort keys %hosts;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm => $mpm, load => ['deflate'], modules => { 'My/C.pm' => $CODE },
        config => "PerlModule My::C\n$conf" . join '', map { "<Location /$_>\nSetHandler modperl\nPerlResponseHandler My::C::$_\n</Location>\n" } qw(hello notes chain adds_late),
    );
    my $ask = sub {
        my ($host, @paths) = @_;
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->port($host), Timeout => 10) or die "$host: $!";
        my @answers;
        for my $path (@paths) {
            print $socket "GET $path HTTP/1.1\r\nHost: x\r\nX-Old: value\r\n\r\n";
            my $head = '';
            while (defined(my $line = <$socket>)) { $head .= $line; last if $line eq "\r\n" }
            my $content = '';
            if ($head =~ /^Content-Length: (\d+)/mi) { read $socket, $content, $1 }
            elsif ($head =~ /^Transfer-Encoding: chunked/mi) { while (my ($n) = <$socket> =~ /^([0-9a-f]+)/i) { read $socket, my $piece, hex $n; <$socket>; last unless hex $n; $content .= $piece } }
            push @answers, $content;
        }
        return @answers;
    };
    is_deeply [ $ask->('plain', '/hello') ], ["hello none\n"], 'without filters';
    is_deeply [ $ask->('both', ('/hello') x 3) ], [ ours() ? ("HELLO value\n") x 3 : ("HELLO value\n", ("hello value\n") x 2) ],
        'an input filter changes the lines of each request, an output filter each answer on the connection';
    is_deeply [ $ask->('added', ('/hello') x 2) ], [ ("HELLO value\n") x (ours() ? 2 : 1), ours() ? () : "hello value\n" ], 'filters that a PreConnection handler adds';
    is_deeply [ $ask->('plain', '/adds_late', '/hello') ], [ "hello none\n", "HELLO none\n" ], 'filters that a request adds to its connection are there for the next one';
    my @counts = map { /calls=(\d+)/ ? $1 : 0 } $ask->('counts', ('/notes') x 3);
    ok $counts[0] > 0 && $counts[1] > $counts[0] && $counts[2] > $counts[1], 'ctx is kept as long as the connection';
    is_deeply [ $ask->('init', '/hello', '/notes') ], [ "hello none\n", 'calls=none begun=begun' ], 'an init handler, and a filter that removes itself';
    is_deeply [ $ask->('dies', '/hello') ], [''], 'a filter of output that dies ends the connection';
    is_deeply [ $ask->('dies_in', '/hello') ], [''], 'so does one of input';
    $s->log_like(qr/died as asked.*Perl${_}FilterHandler My::C::dies/, 'the log says so') for qw(Input Output);
    is_deeply [ $ask->('request', '/hello') ], ["[hello none\n]"], 'a filter of requests is none of connections' if ours();
    unlike join('', $ask->('named', '/chain')), qr/deflate/, 'a filter of httpd\'s that works on content is not put into a connection';
    is_deeply [ $ask->('plain', '/hello') ], ["hello none\n"], 'and the server serves on';
});

done_testing;
