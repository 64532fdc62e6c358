# ModPerl::Registry and PerlRun under taint mode, by HTTP/2, on worker, and in virtual hosts that have interpreters of their own.
use lib 't/lib';
use TestHttpd;

my $PLAIN = q{print "Content-Type: text/plain\n\n"; };
my %scripts = (
    kept    => q{our $n++; print "$n $ENV{SERVER_NAME}"},
    taint   => q{use Scalar::Util 'tainted'; print join ' ', ${^TAINT}, map { tainted($_) ? 1 : 0 } $ENV{QUERY_STRING}, $0, __FILE__, 'text'},
    program => q{$ENV{PATH} = '/usr/bin:/bin'; delete @ENV{qw(IFS CDPATH ENV BASH_ENV)}; print `echo done`; eval { system $ENV{QUERY_STRING} }; print $@ =~ /^Insecure/ ? 'refused' : "no: $@"},
    post    => q{read STDIN, my $body, $ENV{CONTENT_LENGTH} || 0; print length $body},
    status  => q{my $r = shift; $r->status(404); print 'my own page'},
    large   => q{print 'x' x 300_000},
    data    => qq{print <DATA>;\n__DATA__\nbehind the script},
);

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $hosts = join '', map { "<VirtualHost *:\@port\@>\n    ServerName $_->[0].example\n    PerlOptions $_->[1]\n</VirtualHost>\n" } ['first', '-Clone'], ['cloned', '+Clone'], ['parent', '+Parent'];
    my $threaded = $mpm ne 'prefork';
    my $s = TestHttpd->start(
        mpm      => $mpm,
        switches => '-T',
        $threaded && have_httpd_module('http2') ? (load => ['http2']) : (),
        files    => { map { ("htdocs/$_.pl" => $PLAIN . $scripts{$_}) } keys %scripts },
        config   => ($threaded && have_httpd_module('http2') ? "Protocols h2c http/1.1\n" : '') . <<"C",
PerlModule ModPerl::Registry
PerlModule ModPerl::PerlRun
PerlInterpStart 1
PerlInterpMax 1
\@one_child\@
<Directory "\@root\@/htdocs">
    Options +ExecCGI
</Directory>
Alias /perl "\@root\@/htdocs"
Alias /run "\@root\@/htdocs"
<Location /perl>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
</Location>
<Location /run>
    SetHandler perl-script
    PerlResponseHandler ModPerl::PerlRun
    PerlOptions +ParseHeaders
</Location>
$hosts
C
    );
    for my $place (qw(perl run)) {
        my $body = sub { my ($script, %headers) = @_; $s->get("/$place/$script", %headers)->{content} };
        is $body->('taint.pl?a=1'), '1 1 0 0 0', "$place: under taint mode what the client sent is tainted, and the script's name is not" for 1 .. 3;
        is $body->('program.pl?true'), "done\nrefused", '  and starts no program' for 1 .. 3;
        is $body->('data.pl'), 'behind the script', '  DATA is there' for 1 .. 3;
        is $s->post("/$place/post.pl", 'x' x 20_000)->{content}, 20_000, '  and the body' for 1, 2;
    }
    my $kept = sub { my ($host) = @_; join ',', map { $s->get('/perl/kept.pl', Host => "$host.example")->{content} =~ s/\.example//r } 1 .. 3 };
    is $kept->('first'),  '1 first,2 first,3 first',    'a script in a virtual host';
    is $kept->('cloned'), '1 cloned,2 cloned,3 cloned', '  has variables of its own where that has interpreters of its own' if $threaded;
    is $kept->('parent'), '1 parent,2 parent,3 parent', '  or a parent of its own';
    is $kept->('first'),  '4 first,5 first,6 first',    '  and those of before in the first' if $threaded;

    SKIP: {
        skip 'HTTP/2 needs threads, mod_http2 and curl', 8 unless $threaded && have_httpd_module('http2') && $s->have_h2;
        for my $place (qw(perl run)) {
            like $s->h2("/$place/kept.pl", "-H", "Host: first.example")->{content}, qr/\d first\.example/, "$place: by HTTP/2" for 1, 2;
            is length $s->h2("/$place/large.pl")->{content}, 300_000, '  a large page';
            my $got = $s->h2("/$place/status.pl");
            is "$got->{status} $got->{content}", '404 my own page', '  a status';
        }
    }
});

done_testing;
