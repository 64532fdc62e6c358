# The demo site that `make serve` shows: every page answers in both languages, and says what it should.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use TestHttpd::WebSocket;
use TestNet;

my $demo = TestHttpd::top() . '/apache-conf/demo';
my %files;
for my $folder (qw(lib/Demo lua htdocs htdocs/perl htdocs/class htdocs/pages htdocs/lua/pages)) {
    $files{"$folder/$_"} = slurp("$demo/$folder/$_") for map { s{.*/}{}r } grep { -f } glob "$demo/$folder/*";
}
my $config = slurp("$demo/demo.conf") =~ s/^LoadModule perl_module.*\n//mr;

plan skip_all => 'needs DBI and DBD::SQLite (libdbd-sqlite3-perl)' unless eval { require DBD::SQLite; 1 };
plan skip_all => 'needs Net::Server (libnet-server-perl)' unless eval { require Net::Server; 1 };
plan skip_all => 'the module is built without Lua' unless TestHttpd::Lua::has_lua();
plan skip_all => 'the pages in Lua need this module' unless ours;
my $driver = grep { -e } glob '/usr/lib/*/apr-util-1/apr_dbd_sqlite3*.so';

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => $config, files => \%files);

    my $index = $s->get('/');
    is $index->{status}, 200, 'index page';
    my @shown = $index->{content} =~ m{<h3>((?:\w+/)*\w+\.\w+)</h3><pre class="code">(.*?)</pre>}gs;
    my %shown;
    while (my ($name, $text) = splice @shown, 0, 2) {
        $text =~ s/<[^>]*>//g;
        $text =~ s/&(lt|gt|quot|amp|#39);/{lt => '<', gt => '>', quot => '"', amp => '&', '#39' => "'"}->{$1}/ge;
        $shown{ ($name =~ /\.lua$/ ? 'lua' : $name =~ /\.(?:pl|phtml|lp)$/ ? 'htdocs' : 'lib') . "/$name" } = $text;
    }
    is_deeply [ sort keys %shown ],
        [ sort grep { m{^(?:lua|lib|htdocs/(?:perl|class|pages|lua/pages))/} && !m{/(?:Page|Index|Highlight|page)\.\w+$} } keys %files ], 'it shows each example';
    is $shown{$_}, $files{$_}, "the highlighter keeps every character of $_" for sort keys %shown;
    unlike $index->{content}, qr{<pre class="code short"></pre>}, 'and the configuration of each';
    for my $address ($index->{content} =~ m{<iframe src="([^"]+)"}g) {
        my $right = $driver || $address ne '/lua/guestbook' ? qr/^(?:200|403)$/ : qr/^503$/;
        like $s->get($address)->{status}, $right, "what it frames is there: $address";
    }

    for my $echo (['Perl', 'echo_perl'], ['Lua', 'echo_lua']) {
        my ($name, $port) = ($echo->[0], $s->port($echo->[1]));
        like $index->{content}, qr/nc 127\.0\.0\.1 $port</, "$name: the page says how to reach the echo server";
        like $index->{content} =~ s/<[^>]*>//gr, qr/^\s*(?:httpd\.conf)?.*Listen 127\.0\.0\.1:$port raw\n&lt;VirtualHost 127\.0\.0\.1:$port&gt;\n/m, "$name: and shows its lines";
        for my $n (1, 2) {
            my $client = $s->net($echo->[1]);
            is join('|', $client->answer, (map { $client->say_to($_) } 'one', 'two lines'), $client->say_to('quit')), 'Say something.|eno|senil owt|', "$name: client $n";
        }
    }

    like $s->get("$_/denied")->{content}, qr/No entry/, "$_/denied is a page before anything was denied" for '', '/lua';

    # The pages that there are in both languages.
    for my $language (['Perl', ''], ['Lua', '/lua']) {
        my ($name, $at) = @$language;
        like $s->get("$at/hello")->{content}, qr/Hello from $name/, "$name: plain handler";
        like $s->get("$at/form?name=%3Cb%3E+x")->{content}, qr{Hello <b>&lt;b&gt; x</b>}, "$name: form by GET";
        like $s->post("$at/form", 'name=Ada&colour=blue', 'Content-Type' => 'application/x-www-form-urlencoded')->{content},
            qr{Hello <b>Ada</b>, <b>blue</b>}, "$name: form by POST";
        my $denied = $s->get("$at/private");
        is $denied->{status}, 403, "$name: no password, no entry";
        like $denied->{content}, qr/No entry/, "$name:   with a page of its own";
        like $s->get("$at/private?password=sesame")->{content}, qr/You are in/, "$name: password opens";
        like $s->get("$at/method")->{content}, qr/Hi there/, "$name: an object is the handler";
        like $s->get("$at/method/formal")->{content}, qr/Good day/, "$name:   with another greeting";
        like $s->get("$at/pool")->{content}, qr/Interpreter <code>\w+/, "$name: pool page";
        like $s->get("$at/pool/work")->{content}, qr/^\{"process":\d+,"interpreter":"\w+","served":\d+\}$/, "$name: pool work";
    }
    like $s->get('/perl/visits.pl?name=Ada')->{content}, qr/Hello Ada\. .* has run the script \d+ times/, 'a CGI script';
    like $s->get('/class/cell.pl')->{content}, qr/Class <b>cell<\/b>, whose start-up code says: one at a time\. Run \d+ of/, 'a script of an interpreter class';
    like $s->get('/pages/table.phtml?n=3')->{content}, qr{<td>3</td><td>6</td><td>9</td>}, 'a page with Perl in it';
    like $s->get('/lua/pages/table.lp?n=3')->{content}, qr{<td>3</td><td>6</td><td>9</td>}, 'and one with Lua';
    my $environment = $s->get('/environment', 'X-Test' => 'a<b')->{content};
    like $environment, qr{<th>DEMO_GREETING</th><td>set by PerlSetEnv</td>}, 'perl-script page shows PerlSetEnv';
    like $environment, qr{<th>HTTP_X_TEST</th><td>a&lt;b</td>}, 'and request headers, escaped';
    $environment = $s->get('/lua/environment', 'X-Test' => 'a<b')->{content};
    like $environment, qr{<th>DEMO_GREETING</th><td>set by SetEnv</td>}, 'the environment in Lua';
    like $environment, qr{<th>X-Test</th><td>a&lt;b</td>}, 'and request headers, escaped';

    is $s->get('/guestbook')->{status}, 200, 'guest book opens its database';
    $s->post('/guestbook', 'name=%3Ci%3EBob&text=one%0Atwo&token=t1') for 1, 2;
    my @entries = $s->get('/guestbook')->{content} =~ /<article>.*?&lt;i&gt;Bob.*?<\/article>/gs;
    is scalar @entries, 1, 'an entry sent twice counts once and is escaped';
    my @statuses = map { ref $_ ? @$_ : $_ } $s->parallel(4, sub {
        my $i = shift;
        map { $s->post('/guestbook', "name=n&text=t&token=$i-$_")->{status} } 1 .. 10;
    });
    is "@statuses", join(' ', (200) x 40), 'four writers at once wait for each other';
    lua_guest_book($s);

    my $both = $s->get('/both')->{content};
    my ($perl) = $both =~ m{<th>Perl</th><td>(access: [^<]+)</td>};
    ok $perl, 'Lua sees the note of a Perl handler';
    like $both, qr{<th>Lua</th><td>fixups: saw “\Q$perl\E”</td>}, 'and so does a hook before it';

    is $s->get('/tide.html')->{content}, $files{'htdocs/tide.html'}, 'the filter leaves a file alone';
    is scalar(() = $s->get('/tide.html?word=sea')->{content} =~ m{<mark>sea</mark>}g), 3, 'and marks a word in it';
    is scalar(() = $s->get('/tide.html?word=p')->{content} =~ m{<mark>}g), 0, 'but not in a tag';

    is $s->get('/lua/echo')->{status}, 400, 'no upgrade was asked for';
    my $ws = TestHttpd::WebSocket->connect($s, '/lua/echo');
    ok $ws->is_upgraded, 'WebSocket';
    is $ws->next, 'text Say something.', 'it speaks first';
    $ws->send_frame('text', "w\xc3\xb6rld");
    is $ws->next, "text 1: dlr\xc3\xb6w", 'and answers, still in UTF-8';
    $ws->send_frame('close', pack 'n', 1000);
    is $ws->next, 'close 1000', 'a close is answered';
});

sub lua_guest_book {
    my ($s) = @_;
    my $page = $s->get('/lua/guestbook');
    if (!$driver) {
        like $page->{content}, qr/No database: /, 'without a driver the guest book in Lua says so (libaprutil1-dbd-sqlite3)';
        return;
    }
    like $page->{content}, qr/<article>.*&lt;i&gt;Bob/s, 'the guest book in Lua shows what was written in Perl';
    $s->post('/lua/guestbook', 'name=%3Ci%3EEve&text=one%0Atwo&token=t2', 'Content-Type' => 'application/x-www-form-urlencoded') for 1, 2;
    my @entries = $s->get('/guestbook')->{content} =~ m{<article><p>one<br>two</p><footer>&lt;i&gt;Eve}g;
    is scalar @entries, 1, 'and the other way round; sent twice it counts once';
    like $s->post('/lua/guestbook', 'name=+&text=t')->{content}, qr/A name and a few words/, 'an empty name is not taken';
}

done_testing;
