# Pages with Perl in them follow the rules of scripts of perl-class, and those of httpd for files.
use lib 't/lib';
use TestHttpd;

my %pages = (
    'count.phtml'  => q{<% our ($n, $begun); BEGIN { our $begun++ } %><%= ++$n %> <%= $begun %><% exit $r->args if length $r->args; %> whole},
    'module.phtml' => q{<% use My::Part; %><%= My::Part::text() %>},
    'end.phtml'    => q{page<% use T::Trace; END { T::Trace::note('END page'); print 'end' } %>},
    'deep.phtml'   => "one\n<% my \$x = '<q>';\nsub inner { die '<boom>' }\n%>four\n<%\ninner(\$x, 'two'); %>\nlast\n",
    'plain.phtml'  => "<p>no code</p>\n",
    'code.phtml'   => "<p>code</p>\n<% %>",
    'file.phtml'   => q{<%= __FILE__ =~ m{/file\.phtml\z} ? 1 : __FILE__ %> <%= $0 eq __FILE__ ? 1 : $0 %> <%= __LINE__ %>},
    'bom.phtml'    => "\xef\xbb\xbfx<% use utf8; my \$s = '\xc3\xa4'; %>\r\n<%\r\nif (length \$s == 1) { %>\r\none\r\n<% } # end\r\n%>",
    'crlf.phtml'   => "a\r\n<%\r\nmy \$x = 1;\r\n%>\r\n<% die 'on five' %>\r\n",
    'pod.phtml'    => "a<%\n\n=pod\n\nnot run\n %>b<% print 'c';\n\n=head1 d\n\n=cut\n\nprint 'e' %>f<%= __LINE__ %>",
    'here.phtml'   => "a<% print <<X;\nhere %%>\nX\n%>b",
    'select.phtml' => q{<% { local $, = ','; local $\ = '!'; print 1, 2; %>text<% } open my $o, '>', \my $b; my $old = select $o; print 'kept'; %>text<% select $old; %><%= $b %>},
    'layer.phtml'  => q{<% binmode STDOUT, ':encoding(UTF-8)'; print "\x{e4}" %>text<% print "\x{e4}" %>},
    'name.phtml'   => q{<% my $name = $0; $0 = 'other'; %><%= $name eq __FILE__ ? 1 : $name %>},
    'status.phtml' => 'gone<% $r->status(404) %>',
    'return.phtml' => 'before<% return 1 %>after',
    'parts.shtml'  => '<!--#include virtual="/code.phtml" -->|<!--#include virtual="/plain.phtml" -->|<!--#include virtual="/count.phtml" -->',
);
my %modules = (trace_module, 'My/Part.pm' => "package My::Part; sub text { 'first' } 1;\n");
my $CONF = <<'C';
PerlInterpStart 1
PerlInterpMax 1
PerlModule T::Trace
<Directory @root@/htdocs>
    Options +Includes
    AddHandler perl-embed .phtml
    AddOutputFilter INCLUDES .shtml
</Directory>
<PerlInterpClass never>
    PerlClassReloadOn never
    PerlClassLocation @root@/htdocs/never
</PerlInterpClass>
<PerlInterpClass watch>
    PerlClassReloadOn watch
    PerlClassLocation @root@/htdocs/watch
</PerlInterpClass>
<PerlInterpClass dev>
    PerlClassErrorPage dev
    PerlClassLocation @root@/htdocs/dev
</PerlInterpClass>
<PerlInterpClass said>
    PerlClassErrorPage plain
    PerlClassLocation @root@/htdocs/said
</PerlInterpClass>
<PerlInterpClass fresh>
    PerlClassInterpreters 0
    PerlClassLocation @root@/htdocs/fresh
</PerlInterpClass>
<PerlInterpClass reloaded>
    PerlClassReload 2
    PerlClassLocation @root@/htdocs/reloaded
</PerlInterpClass>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %files = map { my $dir = $_; map { ("htdocs/$dir$_" => $pages{$_}) } keys %pages } '', map { "$_/" } qw(never watch dev said fresh reloaded);
    my $one = $mpm eq 'prefork' ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n" : '';
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, load => ['include'], config => $one . $CONF, files => \%files);
    $s->expect_log(qr/<boom> at|on five at/);
    my $get = sub { $s->get($_[0])->{content} };
    my $write = sub { TestHttpd::spew($s->root . "/htdocs/$_[0]", $_[1]) };

    is $get->('/count.phtml'), '1 1 whole', 'a page is compiled when it is asked for';
    is $get->('/count.phtml'), '2 1 whole', 'a package variable stays, BEGIN has run once';
    is $get->('/count.phtml?0'), '3 1', 'exit 0 ends the run';
    is $get->('/count.phtml'), '4 1 whole', 'and keeps the page';
    is $get->('/count.phtml?3'), '5 1', 'another status';
    like $get->('/count.phtml'), qr/^\d+ 2 whole$/, 'drops it';
    is $get->('/file.phtml'), '1 1 1', '__FILE__, $0 and __LINE__ are the page\'s' for 1 .. 3;

    is $get->('/bom.phtml'), "\xef\xbb\xbfx\r\n\r\none\r\n", 'a byte order mark and line ends of two bytes are text, `use utf8` is the code\'s';
    is $s->get('/crlf.phtml')->{status}, 500, 'a page with line ends of two bytes fails';
    $s->log_like(qr/on five at \S+crlf\.phtml line 5/, 'at its line');
    is $get->('/pod.phtml'), 'abcef12', 'a pod ends with its piece' for 1, 2;
    is $get->('/here.phtml'), "ahere %>\nb", 'a text in code goes over lines';
    is $get->('/select.phtml'), '1,2!texttextkept', 'text is sent as it is, to the page, whatever print is told';
    is $get->('/layer.phtml'), "\xc3\xa4text\xc3\xa4", 'also behind what waits in a layer of STDOUT';
    is $get->('/name.phtml'), '1', 'what a page makes of $0 ends with it' for 1 .. 3;
    is join(' ', @{ $s->get('/status.phtml') }{qw(status content)}), '404 gone', 'a status';
    is $get->('/return.phtml'), 'before', 'a page may return';

    $write->('never/count.phtml', 'edited<% %>') if $get->('/never/count.phtml') eq '1 1 whole';
    is $get->('/never/count.phtml'), '2 1 whole', 'PerlClassReloadOn never';
    is $get->('/watch/module.phtml'), 'first', 'PerlClassReloadOn watch: before an edit of a module';
    my $module = "package My::Part; sub text { 'second time' } 1;\n";
    TestHttpd::spew(($s->root . '/lib/My/Part.pm'), $module) if -e $s->root . '/lib/My/Part.pm';
    is $get->('/watch/module.phtml'), 'second time', 'and after it';
    is $get->('/fresh/count.phtml'), '1 1 whole', 'PerlClassInterpreters 0' for 1, 2;
    is $get->('/fresh/end.phtml'), 'pageend', 'END blocks print into the page there';
    $s->trace;
    is $get->('/reloaded/end.phtml'), 'page', 'elsewhere they do not' for 1, 2;
    ok wait_until(sub { grep { /END page/ } $s->trace }), 'but run when the interpreter ends';

    my $shown = $s->get('/dev/deep.phtml');
    is $shown->{status}, 500, 'PerlClassErrorPage dev';
    like $shown->{content}, qr{&lt;boom&gt; at \S+deep\.phtml line 3}, 'has the message';
    like $shown->{content}, qr{^&gt;    3  sub inner \{ die}m, 'the line of the page';
    like $shown->{content}, qr{inner\(&#39;&lt;q&gt;&#39;, &#39;two&#39;\) called at \S+deep\.phtml line 6}, 'and the calls';
    unlike $shown->{content}, qr/\Aone/, 'what the page has printed gives way to it';
    my $said = $s->get('/said/deep.phtml')->{content};
    ok $said =~ /&lt;boom&gt;/ && $said !~ /sub inner/, 'PerlClassErrorPage plain has the message alone';
    unlike $get->('/deep.phtml'), qr/boom/, 'else nothing is shown';

    for my $page (qw(code plain)) {
        my $whole = $s->get("/$page.phtml");
        my $head  = $s->head("/$page.phtml");
        is join(' ', map { $_ // '' } @{ $head->{headers} }{qw(content-type content-length)}), "text/html " . length $whole->{content}, "$page: HEAD";
        is $head->{content} // '', '', 'has no body';
        my $again = $s->get("/$page.phtml", 'If-Modified-Since' => $whole->{headers}{'last-modified'} // 'Mon, 30 Nov 2037 00:00:00 GMT');
        is $again->{status}, $page eq 'code' ? 200 : 304, 'a page without code is a file for If-Modified-Since';
        is $s->get("/$page.phtml", Range => 'bytes=3-6')->{content}, $page eq 'code' ? 'code' : 'no c', 'and both for Range';
    }
    like $get->('/parts.shtml'), qr{^<p>code</p>\n\|<p>no code</p>\n\|\d+ 2 whole$}, 'pages are parts of others, by SSI';
});

done_testing;
