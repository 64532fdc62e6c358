# SetHandler perl-embed: pages with Perl in them.
use lib 't/lib';
use TestHttpd;

my %pages = (
    'loop.phtml'    => qq{<% for (1..3) { %><b><%= \$_ %></b><% } %>\n},
    'escape.phtml'  => q{<%h "<x>" %>|<%= "<x>" %>|<%== "<y>" %>|<%h q(&"') %>},
    'script.aspl'   => qq{a<SCRIPT LANGUAGE="PerlScript" RUNAT="Server">\nmy \$x = 1;\n</SCRIPT>b<% print \$x + 1 %>c<script>x</script>},
    'comment.phtml' => q{<%-- no <% code --%>text <% print 'a %%> b' # why %>!<%% x},
    'die.phtml'     => "1\n2\n<% my \$x = 1;\n%>4\n5\n<%= \$x %>\n<% die 'at seven' %>\n",
    'syntax.phtml'  => "1\n2\n<% my \$x = ; %>\n",
    'unclosed.phtml' => "1\n2\n<% print 1\n",
    'plain.phtml'   => "<p>no code</p>\n" x 3,
    'large.phtml'   => '' . ('x' x 79 . "\n") x 65536,
    'mixed.phtml'   => '' . ('y' x 79 . "\n") x 20_000 . '<%= 7 %>' . 'z' x 300_000,
    'header.phtml'  => q{<% $r->content_type('text/plain'); $r->headers_out->set('X-Own' => 'yes') %>hello <%= $ENV{QUERY_STRING} %>},
    'count.phtml'   => q{<% our $n; my $m = 0; %><%= ++$n %> <%= ++$m %>},
    'exit.phtml'    => q{before<% exit if $r->args; %>after},
    'sub.phtml'     => q{<% sub twice { return 2 * shift } %><%= twice(21) %>},
    'mixed.aspl'    => qq{<%\@ LANGUAGE="PerlScript" %>\r\n<% if (1) { %>yes<% } else { %>no<% } %>},
    'edit.phtml'    => 'one<% 1 %>',
    'utf8.phtml'    => "\xc3\xa4<%= \"\\x{263a}\" %>",
);
my $CONF = <<'C';
<Directory @root@/htdocs>
    AddHandler perl-embed .phtml .aspl
    AllowOverride All
</Directory>
<Location /escaped>
    PerlOptions +EmbedEscape
</Location>
Alias /escaped @root@/htdocs/own
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['alias'], config => $CONF,
        files => { (map { ("htdocs/$_" => $pages{$_}) } keys %pages), 'htdocs/own/escape.phtml' => $pages{'escape.phtml'},
            'htdocs/user/.htaccess' => "SetHandler perl-embed\n", 'htdocs/user/x.html' => '<%= 1 %>' });
    $s->expect_log(qr/perl:error/);
    my $get = sub { $s->get("/$_[0]")->{content} };
    for (1, 2) {
        is $get->('loop.phtml'), "<b>1</b><b>2</b><b>3</b>\n", "a block opened in one piece and closed in another, run $_";
        is $get->('escape.phtml'), q{&lt;x&gt;|<x>|<y>|&amp;&quot;&#39;}, 'values are escaped where they say so';
        is $get->('escaped/escape.phtml'), q{&lt;x&gt;|&lt;x&gt;|<y>|&amp;&quot;&#39;}, 'or all of a directory unless they say otherwise';
        is $get->('script.aspl'), 'ab2c<script>x</script>', 'a script that runs at the server';
        is $get->('comment.phtml'), 'text a %> b!<% x', 'comments and literal marks';
        is $get->('mixed.aspl'), "\r\nyes", 'what ASP pages begin with';
        is $get->('sub.phtml'), '42', 'a sub in a page';
        is $get->('utf8.phtml'), "\xc3\xa4\xe2\x98\xba", 'text is bytes, a wide character is written as UTF-8';
    }
    is $s->get('/loop.phtml')->{headers}{'content-type'}, 'text/html', 'a page is HTML';
    my $a = $s->get('/header.phtml?who');
    is "$a->{headers}{'content-type'} $a->{headers}{'x-own'} $a->{content}", 'text/plain yes hello who', 'unless it says otherwise, by $r';
    my @counts = map { $get->('count.phtml') } 1, 2;
    like "@counts", qr/^\d+ 1 \d+ 1$/, 'my variables are fresh in each run';
    is $get->('exit.phtml?1'), 'before', 'exit ends a page';
    is $get->('exit.phtml'), 'beforeafter', 'and that run only';

    is $get->('plain.phtml'), $pages{'plain.phtml'}, 'a page without code';
    is $get->('plain.phtml'), $pages{'plain.phtml'}, 'is as its file, again';
    is $s->get('/plain.phtml', Range => 'bytes=0-2')->{content}, '<p>', 'which httpd sends itself';
    ok $get->('large.phtml') eq $pages{'large.phtml'}, '5 MB without code' for 1, 2;
    (my $mixed = $pages{'mixed.phtml'}) =~ s/<%= 7 %>/7/;
    ok $get->('mixed.phtml') eq $mixed, '2 MB around a value' for 1, 2;

    for (['die.phtml', qr/at seven at \S+die\.phtml line 7/], ['syntax.phtml', qr/syntax error at \S+syntax\.phtml line 3/],
         ['unclosed.phtml', qr/this code, <%, is not closed by %> at \S+unclosed\.phtml line 3/]) {
        is $s->get("/$_->[0]")->{status}, 500, "$_->[0] fails";
        $s->log_like($_->[1], 'and the log has the line of the page');
    }
    TestHttpd::spew($s->root . '/htdocs/edit.phtml', 'two<% 1 %>') if $get->('edit.phtml') eq 'one';
    is $get->('edit.phtml'), 'two', 'an edit is seen at once';
    TestHttpd::spew($s->root . '/htdocs/plain.phtml', 'now <%= "code" %>');
    is $get->('plain.phtml'), 'now code', 'also of a page that had no code';
    is $s->get('/missing.phtml')->{status}, 404, 'a page that is not there';
    is $s->get('/user/x.html')->{status}, 500, 'a .htaccess alone does not make a file a page with code';
    my @all = map { ref $_ ? @$_ : $_ } $s->parallel(6, sub { map { $s->get('/mixed.phtml')->{content} eq $mixed ? 'same' : 'other' } 1 .. 5 });
    is_deeply [grep { $_ ne 'same' } @all], [], 'many at once';
});

done_testing;
