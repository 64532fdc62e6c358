# The demo site that `make serve` shows: every page answers, and says what it should.
use lib 't/lib';
use TestHttpd;

my $demo = TestHttpd::top() . '/apache-conf/demo';
my %files;
$files{"lib/Demo/$_"}   = slurp("$demo/lib/Demo/$_")   for map { s{.*/}{}r } glob "$demo/lib/Demo/*.pm";
$files{"htdocs/$_"}     = slurp("$demo/htdocs/$_")     for map { s{.*/}{}r } glob "$demo/htdocs/*";
my $config = slurp("$demo/demo.conf") =~ s/^LoadModule perl_module.*\n//mr;

plan skip_all => 'needs DBI and DBD::SQLite (libdbd-sqlite3-perl)' unless eval { require DBD::SQLite; 1 };

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => $config, files => \%files);

    my $index = $s->get('/');
    is $index->{status}, 200, 'index page';
    my @sources = $index->{content} =~ m{<pre class="code">(.*?)</pre>}gs;
    my @names   = $index->{content} =~ m{<h3>(Demo/\S+)</h3>}g;
    is scalar @sources, 7, 'it shows each example';
    for my $i (0 .. $#sources) {
        my $text = $sources[$i] =~ s/<[^>]*>//gr;
        $text =~ s/&(lt|gt|quot|amp|#39);/{lt => '<', gt => '>', quot => '"', amp => '&', '#39' => "'"}->{$1}/ge;
        is $text, $files{"lib/$names[$i]"}, "the highlighter keeps every character of $names[$i]";
    }

    like $s->get('/hello')->{content}, qr/Hello from Perl/, 'plain handler';
    my $environment = $s->get('/environment', 'X-Test' => 'a<b')->{content};
    like $environment, qr{<th>DEMO_GREETING</th><td>set by PerlSetEnv</td>}, 'perl-script page shows PerlSetEnv';
    like $environment, qr{<th>HTTP_X_TEST</th><td>a&lt;b</td>}, 'and request headers, escaped';
    like $s->get('/form?name=%3Cb%3E+x')->{content}, qr{Hello <b>&lt;b&gt; x</b>}, 'form by GET';
    like $s->post('/form', 'name=Ada&colour=blue')->{content}, qr{Hello <b>Ada</b>, <b>blue</b>}, 'form by POST';

    is $s->get('/guestbook')->{status}, 200, 'guest book opens its database';
    $s->post('/guestbook', 'name=%3Ci%3EBob&text=one%0Atwo&token=t1') for 1, 2;
    my @entries = $s->get('/guestbook')->{content} =~ /<article>.*?&lt;i&gt;Bob.*?<\/article>/gs;
    is scalar @entries, 1, 'an entry sent twice counts once and is escaped';
    my @statuses = map { ref $_ ? @$_ : $_ } $s->parallel(4, sub {
        my $i = shift;
        map { $s->post('/guestbook', "name=n&text=t&token=$i-$_")->{status} } 1 .. 10;
    });
    is "@statuses", join(' ', (200) x 40), 'four writers at once wait for each other';

    my $denied = $s->get('/private');
    is $denied->{status}, 403, 'no password, no entry';
    like $denied->{content}, qr/No entry/, 'with a page of its own';
    like $s->get('/private?password=sesame')->{content}, qr/You are in/, 'password opens';
    like $s->get('/method')->{content}, qr/Hi there/, 'method handler';
    like $s->get('/method/formal')->{content}, qr/Good day/, 'method of a subclass';
    like $s->get('/pool')->{content}, qr/Interpreter <code>\w+/, 'pool page';
    like $s->get('/pool/work')->{content}, qr/^\{"process":\d+,"interpreter":"\w+","served":\d+\}$/, 'pool work';
});

done_testing;
