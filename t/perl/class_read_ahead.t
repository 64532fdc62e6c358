# PerlClassReadAhead: the body of a request is read before an interpreter is taken.
use lib 't/lib';
use TestHttpd;
use Digest::MD5 ();

my %scripts = (
    'echo.pl'  => q{binmode STDIN; local $/; my $b = <STDIN>; $b //= ''; require Digest::MD5; print "Content-Type: text/plain\n\n", length $b, ' ', Digest::MD5::md5_hex($b), ' ', $ENV{CONTENT_LENGTH} // 'none';},
    'part.pl'  => q{read STDIN, my $b, 3; print "Content-Type: text/plain\n\n$b";},
    'none.pl'  => q{print "Content-Type: text/plain\n\nnone";},
    'get.pl'   => q{print "Content-Type: text/plain\n\ngot";},
    'go.pl'    => q{my $r = shift; $r->internal_redirect('/on/echo.pl');},
    'sub.pl'   => q{my $r = shift; $r->content_type('text/plain'); $r->lookup_uri('/on/none.pl')->run; read STDIN, my $b, 100; print " $b";},
    'ran.pl'   => q{use T::Trace; T::Trace::note('ran'); print "Content-Type: text/plain\n\nran";},
);
my %modules = (trace_module, 'My/Read.pm' => <<'P');
package My::Read;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::SubRequest ();
use base qw(Apache2::Filter);
use Apache2::Connection ();
use APR::Brigade ();
use APR::Bucket ();
use Digest::MD5 ();
use Apache2::Const -compile => qw(OK MODE_READBYTES MODE_GETLINE MODE_SPECULATIVE);
use APR::Const -compile => qw(SUCCESS BLOCK_READ);
sub read { my $r = shift; my ($all, $b) = ''; $all .= $b while $r->read($b, 1000); $r->print(length $all, ' ', Digest::MD5::md5_hex($all)); 0 }
sub brigade {
    my $r = shift;
    my ($bb, $all, $end) = (APR::Brigade->new($r->pool, $r->connection->bucket_alloc), '', 0);
    my $get = sub { my ($mode, $n) = @_; $r->input_filters->get_brigade($bb, $mode, APR::Const::BLOCK_READ, $n); $end = 1 if $bb->last->is_eos; $bb->flatten(my $text); $bb->cleanup; $text };
    my $ahead = $get->(Apache2::Const::MODE_SPECULATIVE, 4);
    $end = 0;
    my $line  = $get->(Apache2::Const::MODE_GETLINE, 0);
    $all = $line;
    $all .= $get->(Apache2::Const::MODE_READBYTES, 1000) until $end;
    my $after = $get->(Apache2::Const::MODE_READBYTES, 10) . ($end ? 'end' : '');
    chomp $line;
    $r->print(join ' ', $ahead, length $line, length $all, Digest::MD5::md5_hex($all), $after);
    0;
}
sub upper : FilterRequestHandler { my $f = shift; while ($f->read(my $b, 1000)) { $f->print(uc $b) } Apache2::Const::OK }
sub early { my $r = shift; $r->headers_out->set('X-Early' => 'yes'); 0 }
1;
P
my $CONF = <<'C';
PerlModule T::Trace My::Read
<IfModule !mpm_prefork_module>
    ThreadsPerChild 12
    MaxRequestWorkers 12
    ServerLimit 1
</IfModule>
<Directory @root@/htdocs>
    SetHandler perl-class
    Options +ExecCGI
</Directory>
<PerlInterpClass on>
    PerlClassLocation @root@/htdocs/on
    PerlClassReadAhead On
    PerlInterpStart 1
    PerlInterpMax 1
    PerlInterpMaxWait 2
</PerlInterpClass>
<PerlInterpClass off>
    PerlClassLocation @root@/htdocs/off
    PerlInterpStart 1
    PerlInterpMax 1
    PerlInterpMaxWait 200ms
</PerlInterpClass>
<Location /on/limited>
    LimitRequestBody 1000
</Location>
<Location /on/early>
    PerlFixupHandler My::Read::early
</Location>
<Location /on/handler>
    SetHandler modperl
    PerlResponseHandler My::Read::read
</Location>
<Location /on/brigade>
    SetHandler modperl
    PerlResponseHandler My::Read::brigade
</Location>
<Location /on/script>
    SetHandler perl-script
    PerlResponseHandler My::Read::read
</Location>
<Location /on/upper>
    PerlInputFilterHandler My::Read::upper
</Location>
C

sub chunked { my ($path, $body, $size) = @_; return "POST $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" . join('', map { sprintf "%x\r\n%s\r\n", length, $_ } unpack "(a$size)*", $body) . "0\r\n\r\n" }
sub body_of { my ($answer) = @_; return $answer =~ /\r\n\r\n(.*)/s ? $1 =~ s/\r\n//gr =~ s/^[0-9a-f]+(?=\d+ [0-9a-f]{32})//r : $answer }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %files = map { my $dir = $_; map { ("htdocs/$dir/$_" => $scripts{$_}) } keys %scripts } qw(on off on/limited on/early on/upper);
    $files{"htdocs/on/$_"} = '' for qw(handler brigade script);
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF, files => \%files, env => { TMPDIR => '@var@' });
    $s->expect_log(qr/AH01587|AH01588|AH01590|AH02\d+|AH00161|PerlInterpMax/);
    my $text = sub { my ($n) = @_; return substr join("\n", 1 .. $n / 2 + 10), 0, $n };
    my $sum = sub { my ($body) = @_; return length($body) . ' ' . Digest::MD5::md5_hex($body) };

    subtest 'the same bytes' => sub {
        for my $n (0, 1, 7999, 100_000, 262_144, 262_145, 1_500_000) {
            my $body = $text->($n);
            is $s->post('/on/echo.pl', $body)->{content}, $sum->($body) . " $n", "STDIN, $n bytes";
            is $s->post("/on/$_", $body)->{content}, $sum->($body), "\$r->read, $_, $n bytes" for qw(handler script);
        }
        for my $n (100, 300_000) {
            my $body = $text->($n);
            my ($line) = $body =~ /^(.*)/;
            is $s->post('/on/brigade', $body)->{content}, join(' ', substr($body, 0, 4), length $line, $sum->($body), 'end'), "a brigade, ahead of what is read, by line and by bytes, $n";
            like $s->raw(chunked('/on/echo.pl', $body, 1000), 10), qr/\r\n\r\n(?:[0-9a-f]+\r\n)?\Q@{[$sum->($body)]}\E none/, "in chunks, $n bytes";
        }
        my $body = "abc\n" x 100_000;
        is $s->post('/on/upper/echo.pl', $body)->{content}, $sum->(uc $body) . ' 400000', 'through an input filter';
        is $s->post('/on/early/echo.pl', $body)->{headers}{'x-early'}, 'yes', 'where a handler has run before';
        is $s->post('/on/early/echo.pl', $body)->{content}, $sum->($body) . ' 400000', '  the same';
        is_deeply [grep { /^mod_interp/ } map { m{([^/]+)$} } glob $s->root . '/var/*'], [], 'no file is left';
    };
    subtest 'not all of it is read' => sub {
        my $client = $s->client;
        for (1, 2) {
            is $client->post('/on/part.pl', $text->(300_000))->{content}, "1\n2", 'a part';
            is $client->post('/on/none.pl', $text->(300_000))->{content}, 'none', 'nothing';
            is $client->get('/on/get.pl')->{content}, 'got', 'the connection goes on';
        }
    };
    subtest 'other requests' => sub {
        my $body = $text->(300_000);
        is $s->get('/on/echo.pl')->{content}, '0 ' . Digest::MD5::md5_hex('') . ' none', 'GET';
        is $s->head('/on/get.pl')->{status}, 200, 'HEAD';
        is $s->post('/on/go.pl', $body)->{content}, $sum->($body) . ' 300000', 'a request that this one is redirected to has the body';
        is $s->post('/on/sub.pl', 'the body')->{content}, 'none the body', 'a subrequest leaves it';
        my $answer = $s->raw("POST /on/echo.pl HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", 10);
        like $answer, qr{^HTTP/1\.1 100 Continue\r\n\r\nHTTP/1\.1 200 .*3 900150983cd24fb0d6963f7d28e17f72}s, 'a client that waits for 100 Continue gets it';
    };
    subtest 'what is refused' => sub {
        is $s->post('/on/limited/ran.pl', 'x' x 1001)->{status}, 413, 'a body longer than LimitRequestBody';
        like $s->raw(chunked('/on/limited/ran.pl', 'x' x 5000, 400), 10), qr{^HTTP/1\.1 413 }, 'in chunks, too';
        is $s->post('/on/limited/ran.pl', 'x' x 1000)->{content}, 'ran', 'one that is as long';
        like $s->raw("POST /on/ran.pl HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 10), qr{^HTTP/1\.1 400 }, 'nonsense for chunks';
        $s->trace;
        my $half = $s->socket;
        print $half "POST /on/ran.pl HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf";
        close $half;
        is $s->get('/on/get.pl')->{content}, 'got', 'a client goes in the middle';
        $s->restart;
        is_deeply [grep { /ran/ } $s->trace], [], 'its script has not run';
    };
    subtest 'EnableReadAhead' => sub {
        plan skip_all => 'a process of prefork has one request' unless $s->is_threaded;
        for my $dir (qw(off on)) {
            is $s->get("/$dir/get.pl")->{status}, 200, "$dir: an interpreter is there";
            my $slow = $s->socket;
            print $slow "POST /$dir/part.pl HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\n1";
            $slow->flush;
            if ($dir eq 'off') {
                ok TestHttpd::wait_until(sub { $s->get('/off/get.pl')->{status} == 503 }), 'off: others find the interpreter busy as long as the body does not come';
            } else {
                # The first of these may come before the body's begin.
                my @got = map { $s->get('/on/get.pl')->{content} } 1 .. 20;
                is_deeply \@got, [('got') x 20], 'on: others are answered meanwhile';
            }
            print $slow '234567890';
            $slow->flush;
            like join('', <$slow>), qr/123\s*\z/, "$dir: the body is whole in the end";
        }
    };
});

done_testing;
