# Perl's filters in line with httpd's own and its protocols: a proxy, compression, TLS, HTTP/2, bodies in chunks; redirects and tainted data.
use lib 't/lib';
use TestFilters;
use TestHttpd;
use IO::Compress::Gzip ();
use IO::Uncompress::Gunzip ();

my $CODE = <<'P' . filter_subs() . "1;\n";
package My::Mix;
use strict;
use warnings;
use base 'Apache2::Filter';
use Scalar::Util ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Response ();
use Apache2::Connection ();
use APR::Brigade ();
use APR::Bucket ();
use APR::Table ();

sub upper { my $f = shift; while ($f->read(my $b, 1000)) { $f->print(uc $b) } 0 }
sub bb_in {
    my ($f, $bb, @ask) = @_;
    my $rv = $f->next->get_brigade($bb, @ask);
    return $rv if $rv;
    in_capitals($bb);
    return 0;
}
sub taints { my $f = shift; my $t = 0; while ($f->read(my $b)) { $t |= Scalar::Util::tainted($b) } $f->print("tainted: $t") if $f->seen_eos; 0 }
sub bb_taints { my ($f, $bb) = @_; my $b = $bb->first; if ($b->read(my $d)) { my $new = APR::Bucket->new($bb->bucket_alloc, 'tainted: ' . (Scalar::Util::tainted($d) ? 1 : 0)); $b->insert_before($new); $b->delete } $f->next->pass_brigade($bb) }
sub redirects { my $f = shift; if (!$f->ctx) { $f->ctx(1); $f->r->internal_redirect('/to') } 1 while $f->read(my $b); 0 }

# On connections.
sub shouts : FilterConnectionHandler { my $f = shift; while ($f->read(my $b)) { $f->print($b =~ s/(hello)/uc $1/ger) } 0 }
sub notes : FilterConnectionHandler {
    my ($f, $bb, $mode, @rest) = @_;
    my $own = $f->ctx;
    $f->ctx($own = { n => 0, interp => My::Mix::number(), moved => 0 }) if !$own;
    $own->{n}++;
    $own->{moved}++ if $own->{interp} != My::Mix::number();
    $f->c->notes->set("calls" => "$own->{n} $own->{moved}");
    return -1;
}
our $number;
sub number { eval { require ModInterp::Status; ModInterp::Status->interpreter } // 0 }

sub hello { my $r = shift; $r->content_type('text/plain'); $r->print("hello\n"); 0 }
sub calls { my $r = shift; select undef, undef, undef, 0.005; $r->content_type('text/plain'); $r->print($r->connection->notes->get('calls') // 'none'); 0 }
sub to { my $r = shift; $r->content_type('text/plain'); $r->print('the other page'); 0 }
sub goes { my $r = shift; $r->internal_redirect('/filtered'); 0 }
P

my $BIG = join '', map { "line $_\n" } 1 .. 60_000;
my $SHORT = "some text that is long enough to be compressed, some text that is long enough\n";
my $tls = have_httpd_module('ssl') && eval { require IO::Socket::SSL; require IO::Socket::SSL::Utils; 1 };
my %files = ('htdocs/big.txt' => $BIG, 'htdocs/short.txt' => $SHORT);
if ($tls) {
    my ($cert, $key) = IO::Socket::SSL::Utils::CERT_create(CA => 0, subject => { commonName => 'x.example.com' }, purpose => 'server');
    $files{'tls.pem'} = IO::Socket::SSL::Utils::PEM_cert2string($cert) . IO::Socket::SSL::Utils::PEM_key2string($key);
}

# Chains behind a proxy; the back end's page is compressed, or not. The kinds of httpd's filters have their places: INFLATE comes before all
# that work on content, DEFLATE behind them.
my @CHAINS = (
    # chain                   back end    text
    ['INFLATE upper DEFLATE', 'packed', sub { uc $_[0] }, 1],
    ['INFLATE bb_upper DEFLATE', 'packed', sub { uc $_[0] }, 1],
    ['INFLATE around upper DEFLATE', 'packed', sub { '[' . uc($_[0]) . ']' }, 1],
    ['INFLATE upper', 'packed', sub { uc $_[0] }],
    ['upper DEFLATE', 'plain', sub { uc $_[0] }, 1],
    ['upper DEFLATE INFLATE around', 'plain', sub { '[' . uc($_[0]) . ']' }, 1],
    ['upper SUBSTITUTE around DEFLATE', 'plain', sub { '[' . uc($_[0]) =~ s/LONG/SHORT/gr . ']' }, 1],
    ['around upper', 'plain', sub { '[' . uc($_[0]) . ']' }],
);
my $proxied = '';
for my $i (0 .. $#CHAINS) {
    my ($chain, $behind) = @{ $CHAINS[$i] };
    my $lines = join '', map { /^[A-Z]+$/ ? "    PerlSetOutputFilter $_\n" : "    PerlOutputFilterHandler My::Mix::$_\n" } split / /, $chain;
    $proxied .= "<Location /p$i>\n    ProxyPass http://127.0.0.1:\@port:$behind\@\n$lines</Location>\n";
}
my $CONF = <<'C' . $proxied;
PerlModule My::Mix
PerlInterpStart 2
PerlInterpMax 4
Substitute s/LONG/SHORT/
Listen 127.0.0.1:@port:packed@
Listen 127.0.0.1:@port:plain@
Listen 127.0.0.1:@port:calls@
<VirtualHost *:@port:packed@>
    KeepAlive Off
    SetOutputFilter DEFLATE
</VirtualHost>
<VirtualHost *:@port:plain@>
    KeepAlive Off
    <Location /body>
        SetHandler modperl
        PerlResponseHandler My::Mix::body
    </Location>
</VirtualHost>
<VirtualHost *:@port:calls@>
    PerlInputFilterHandler My::Mix::notes
    SetHandler modperl
    PerlResponseHandler My::Mix::calls
</VirtualHost>
<LocationMatch ^/(?:body|in|bb_in|twice|gunzip|gunzip_all)$>
    SetHandler modperl
    PerlResponseHandler My::Mix::body
</LocationMatch>
<Location /in>
    PerlInputFilterHandler My::Mix::upper
</Location>
<Location /bb_in>
    PerlInputFilterHandler My::Mix::bb_in
</Location>
<Location /twice>
    PerlInputFilterHandler My::Mix::twice
</Location>
<Location /gunzip>
    PerlInputFilterHandler My::Mix::upper
    PerlSetInputFilter DEFLATE
</Location>
<Location /gunzip_all>
    PerlInputFilterHandler My::Mix::upper
    PerlSetInputFilter DEFLATE
    PerlSetOutputFilter DEFLATE
    PerlOutputFilterHandler My::Mix::around
    PerlSetOutputFilter INFLATE
</Location>
<Location /proxied_body>
    ProxyPass http://127.0.0.1:@port:plain@/body
    PerlInputFilterHandler My::Mix::twice
</Location>
<Location /redirects>
    SetHandler modperl
    PerlResponseHandler My::Mix::hello
    PerlOutputFilterHandler My::Mix::redirects
</Location>
<Location /to>
    SetHandler modperl
    PerlResponseHandler My::Mix::to
</Location>
<Location /goes>
    SetHandler modperl
    PerlResponseHandler My::Mix::goes
    PerlOutputFilterHandler My::Mix::around
</Location>
<Location /filtered>
    SetHandler modperl
    PerlResponseHandler My::Mix::to
    PerlOutputFilterHandler My::Mix::upper
</Location>
<Location /hello>
    SetHandler modperl
    PerlResponseHandler My::Mix::hello
</Location>
C
my $TLS_CONF = $tls ? <<'C' : '';
Listen 127.0.0.1:@port:tls@
<VirtualHost 127.0.0.1:@port:tls@>
    SSLEngine On
    Protocols h2 http/1.1
    SSLCertificateFile @root@/tls.pem
    PerlOutputFilterHandler My::Mix::shouts
    PerlInputFilterHandler My::Mix::notes
    <Location /packed>
        PerlOutputFilterHandler My::Mix::around
        PerlSetOutputFilter DEFLATE
    </Location>
    Alias /packed "@root@/htdocs"
</VirtualHost>
C

sub unpacked { my ($res) = @_; my $packed = $res->{content}; IO::Uncompress::Gunzip::gunzip(\$packed, \my $text); return $text }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $h2 = have_httpd_module('http2') && $mpm ne 'prefork';
    my $s = TestHttpd->start(
        mpm => $mpm, load => ['filter', 'deflate', 'substitute', 'proxy', 'proxy_http', $tls ? qw(socache_shmcb ssl) : (), $h2 ? 'http2' : ()],
        modules => { 'My/Mix.pm' => $CODE }, files => \%files, config => ($h2 ? "Protocols h2c http/1.1\n" : '') . $CONF . $TLS_CONF . ($mpm eq 'prefork' ? "StartServers 6\nMinSpareServers 6\n" : ''),
    );
    my $client = $s->client;
    for my $file (['short.txt', $SHORT], ['big.txt', $BIG]) {
        for my $i (0 .. $#CHAINS) {
            my ($chain, $behind, $makes, $packs) = @{ $CHAINS[$i] };
            for my $http ($s, $client) {
                my $res = $http->get("/p$i/$file->[0]", 'Accept-Encoding' => 'gzip');
                my $name = "$chain behind a proxy, $file->[0]" . ($http == $s ? '' : ', connection kept');
                is $res->{headers}{'content-encoding'}, $packs ? 'gzip' : undef, "$name: Content-Encoding";
                ok(($packs ? unpacked($res) : $res->{content}) eq $makes->($file->[1]), $name);
            }
        }
    }

    # Bodies.
    my $chunked = sub {
        my ($path, @pieces) = @_;
        my $body = join '', map { sprintf "%x\r\n%s\r\n", length, $_ } @pieces;
        my $raw = $s->raw("POST $path HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n${body}0\r\nX-End: yes\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        return $raw =~ s/^Date:.*\r\n//mgr;
    };
    for my $way (['in', 'A BODY IN CHUNKS'], ['bb_in', 'A BODY IN CHUNKS'], ['twice', 'a ba bodyody in in chuchunksnks']) {
        my $raw = $chunked->("/$way->[0]", 'a bo', 'dy in', ' chunks');
        like $raw, qr/\r\n\r\n(?:[0-9a-f]+\r\n)?\Q$way->[1]\E/, "a body in chunks, with a trailer, through $way->[0]" if $way->[0] ne 'twice';
        like $raw, qr/hello\n\z|hello\n\r\n0\r\n\r\n\z/, "$way->[0]: the next request on the connection is served";
    }
    IO::Compress::Gzip::gzip(\$BIG, \my $packed);
    ok $s->post('/gunzip', $packed, 'Content-Encoding' => 'gzip')->{content} eq uc $BIG, 'a compressed body, unpacked by httpd, then ours';
    ok $s->post('/gunzip_all', $packed, 'Content-Encoding' => 'gzip', 'Accept-Encoding' => 'gzip')->{status} == 200, 'the same with filters of the answer';
    is $s->post('/proxied_body', 'abcdef')->{content}, 'abcabcdefdef', 'a body that grows on its way through a proxy';
    is length $s->post('/proxied_body', 'x' x 100_000)->{content}, 200_000, 'a large one';

    # Redirects.
    like $s->get('/redirects')->{content}, qr/^the other page/, 'a filter that redirects: the page is the other';
    is $s->get('/goes')->{content}, 'THE OTHER PAGE', 'a handler that redirects: the filter is that of the other page';
    is $client->get('/redirects')->{status}, 200, 'a filter that redirects, connection kept';
    is $client->get('/hello')->{content}, "hello\n", 'and the next request is served';

    # Connections have a home.
    my @got = $s->parallel(4, sub {
        my $socket = $s->socket($s->port('calls'));
        my @answers;
        for (1 .. 20) {
            print $socket "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
            my $head = '';
            while (defined(my $line = <$socket>)) { $head .= $line; last if $line eq "\r\n" }
            my ($length) = $head =~ /^Content-Length: (\d+)/mi or die "no length: $head";
            read $socket, my $content, $length;
            push @answers, $content;
        }
        return @answers;
    });
    for my $i (0 .. 3) {
        my @answers = ref $got[$i] ? @{ $got[$i] } : diag $got[$i];
        is scalar(grep { /^\d+ 0$/ } @answers), 20, "connection $i, one of four at the same time: its filter's ctx lives in one interpreter";
        my @n = map { /^(\d+)/ ? $1 : 0 } @answers;
        is_deeply [ sort { $a <=> $b } @n ], \@n, "connection $i: and is its own";
    }

    # TLS and HTTP/2.
    # A client that has what it wants may be gone before all of the connection's end has gone through its filter.
    $s->expect_log(qr/connection abort|Broken pipe|Connection reset/);
  SKIP: {
        skip 'needs TLS', 5 if !$tls;
        my $ask = sub {
            my ($path) = @_;
            my $socket = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $s->port('tls'), SSL_verify_mode => 0, Timeout => 20) or die "TLS: $IO::Socket::SSL::SSL_ERROR";
            print $socket "GET $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n";
            local $/;
            my $raw = <$socket>;
            my ($head, $body) = split /\r\n\r\n/, $raw, 2;
            return { head => $head, content => $body };
        };
        like $ask->('/hello')->{content}, qr/HELLO\n/, 'TLS: a connection\'s filter sees what is not encrypted';
        my $answer = $ask->('/packed/short.txt');
        like $answer->{head}, qr/^Content-Encoding: gzip/mi, 'TLS: a compressed answer through both kinds of filter';
        is unpacked({ content => $answer->{content} =~ s/^([0-9a-f]+)\r\n(.*?)\r\n0\r\n\r\n\z/$2/sr }), "[$SHORT]", 'TLS: it is whole' ;
        skip 'needs HTTP/2', 2 unless $h2 && $s->have_h2;
        my $url = 'https://127.0.0.1:' . $s->port('tls');
        my $got = `curl -sSk --http2 -w ' %{http_version} %{http_code}' $url/hello 2>&1`;
        like $got, qr/^hello\n 2 200\z/i, 'HTTP/2 over TLS with filters of the connection';
        is `curl -sSk --http2 --compressed $url/packed/short.txt 2>&1`, "[$SHORT]", 'HTTP/2 over TLS: compressed';
    }
    if ($h2 && $s->have_h2) {
        ok $s->h2("/p0/big.txt", '--compressed')->{content} eq uc $BIG, 'a compressing chain behind a proxy by HTTP/2';
    }
});

# Tainted data.
my $tainted = TestHttpd->start(mpm => 'prefork', switches => '-T', modules => { 'My/Mix.pm' => $CODE }, files => \%files, config => <<'C');
PerlModule My::Mix
<Location /short.txt>
    PerlOutputFilterHandler My::Mix::taints
</Location>
<Location /big.txt>
    PerlOutputFilterHandler My::Mix::bb_taints
</Location>
<Location /in>
    SetHandler modperl
    PerlResponseHandler My::Mix::body
    PerlInputFilterHandler My::Mix::taints
</Location>
C
is $tainted->get('/short.txt')->{content}, 'tainted: 1', 'with -T what an output filter reads is tainted';
like $tainted->get('/big.txt')->{content}, qr/^tainted: 1/, 'what a bucket has, too';
is $tainted->post('/in', 'a body')->{content}, 'tainted: 1', 'and what an input filter reads';

done_testing;
