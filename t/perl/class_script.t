# SetHandler perl-class: CGI scripts that are compiled once and stay, by the rules of PerlEx. Each subtest has the name of a row of its manual.
use lib 't/lib';
use TestHttpd;

my %scripts = (
    'count.pl'   => q{our ($n, $begun); my $mine = 0; BEGIN { $main::begun++ } print "Content-Type: text/plain\n\n", ++$n, ' ', ++$mine, " $main::begun"; exit $ENV{QUERY_STRING} if length $ENV{QUERY_STRING};},
    'end.pl'     => qq{use T::Trace; print "Content-Type: text/plain\\n\\nran"; END { T::Trace::note('END end.pl') }},
    'data.pl'    => qq{print "Content-Type: text/plain\\n\\n", join '', <DATA>;\n__DATA__\none\ntwo\n},
    'name.pl'    => q{print "Content-Type: text/plain\n\n$0 ", __FILE__, ' ', __LINE__;},
    'body.pl'    => q{print 'body only';},
    'status.pl'  => qq{print "Status: 404\\nContent-Type: text/plain\\nX-Own: yes\\n\\nnot there";},
    'module.pl'  => q{use My::Part; print "Content-Type: text/plain\n\n", My::Part::text();},
    'id.pl'      => q{use ModInterp::Status; print "Content-Type: text/plain\n\n", ModInterp::Status->interpreter;},
    'die.pl'     => qq{print "Content-Type: text/plain\\n\\n";\n\ndie "on line 3";\n},
    'deep.pl'    => qq{print "Content-Type: text/plain\\n\\n";\nsub inner { die '<boom>' }\nsub outer { inner(\$_[0], 'two') }\neval { die 'caught' };\nouter('<one>');\n},
    'env.pl'     => q{print "Content-Type: text/plain\n\n$ENV{GATEWAY_INTERFACE} $ENV{MOD_PERL} $ENV{REQUEST_METHOD} $ENV{SCRIPT_NAME}";},
);
my %modules = (trace_module, 'My/Part.pm' => "package My::Part; sub text { 'first' } 1;\n");
my $CONF = <<'C';
PerlInterpStart 1
PerlInterpMax 1
PerlModule T::Trace
<Directory @root@/htdocs>
    SetHandler perl-class
    Options +ExecCGI +Includes
</Directory>
<PerlInterpClass never>
    PerlClassReloadOn never
    PerlClassLocation @root@/htdocs/never
</PerlInterpClass>
<PerlInterpClass watch>
    PerlClassReloadOn watch
    PerlClassLocation @root@/htdocs/watch
</PerlInterpClass>
<PerlInterpClass sent>
    PerlClassCGIHeader On
    PerlClassLocation @root@/htdocs/sent
</PerlInterpClass>
<PerlInterpClass dev>
    PerlClassErrorPage dev
    PerlClassLocation @root@/htdocs/dev
</PerlInterpClass>
<PerlInterpClass said>
    PerlClassErrorPage plain
    PerlClassLocation @root@/htdocs/said
</PerlInterpClass>
<PerlInterpClass reloaded>
    PerlClassReload 3
    PerlClassLocation @root@/htdocs/reloaded
</PerlInterpClass>
<Location /registry>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
</Location>
<Files *.shtml>
    SetHandler none
    AddOutputFilter INCLUDES .shtml
</Files>
<Location /off>
    Options -ExecCGI
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %files = map { my $dir = $_; map { ("htdocs/$dir$_" => $scripts{$_}) } keys %scripts } '', map { "$_/" } qw(never watch sent dev said reloaded registry off);
    $files{'htdocs/page.shtml'} = q{<p><!--#include virtual="/status.pl" --></p>};
    my $one = $mpm eq 'prefork' ? "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 1\n" : '';
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, load => ['include'], config => $one . $CONF, files => \%files);
    $s->expect_log(qr/on line 3 at|<boom> at|Options ExecCGI is off/);
    my $get = sub { $s->get($_[0])->{content} };
    my $write = sub {
        my ($file, $text, $time) = @_;
        TestHttpd::spew($s->root . "/htdocs/$file", $text);
        utime $time, $time, $s->root . "/htdocs/$file" if $time;
    };

    subtest 'Global data' => sub {
        is $get->('/count.pl'), '1 1 1', 'a script is compiled when it is asked for';
        is $get->('/count.pl'), '2 1 1', 'a package variable stays, a lexical one is fresh, BEGIN has run once';
    };
    subtest 'exit' => sub {
        is $get->('/count.pl?0'), '3 1 1', 'with 0';
        is $get->('/count.pl'), '4 1 1', 'the script stays';
        is $get->('/count.pl?3'), '5 1 1', 'with another status';
        is $get->('/count.pl'), '6 1 2', 'it is compiled anew';
    };
    subtest 'Change detection' => sub {
        my $now = time;
        $write->('edit.pl', q{print "Content-Type: text/plain\n\nnew"}, $now);
        is $get->('/edit.pl'), 'new', 'a new file';
        $write->('edit.pl', q{print "Content-Type: text/plain\n\nold"}, $now - 1000);
        is $get->('/edit.pl'), 'old', 'a file that is older than the one before is another one';
        $write->('never/edit.pl', q{print "Content-Type: text/plain\n\none"}, $now);
        is $get->('/never/edit.pl'), 'one', 'with never';
        $write->('never/edit.pl', q{print "Content-Type: text/plain\n\ntwo"}, $now + 10);
        is $get->('/never/edit.pl'), 'one', 'no file is looked at again';
        is $get->('/module.pl'), 'first', 'a module';
        is $get->('/watch/module.pl'), 'first', 'a module, with watch';
        TestHttpd::spew($s->root . '/lib/My/Part.pm', "package My::Part; sub text { 'second one' } 1;\n");
        is $get->('/module.pl'), 'first', 'is not looked at';
        is $get->('/watch/module.pl'), 'second one', 'with watch it is loaded again';
        TestHttpd::spew($s->root . '/lib/My/Part.pm', $modules{'My/Part.pm'});
    };
    subtest '__DATA__' => sub { is $get->('/data.pl'), "one\ntwo\n", "run $_" for 1, 2 };
    subtest 'EnableCGIHeader' => sub {
        my $a = $s->get('/status.pl');
        is "$a->{status} $a->{headers}{'x-own'} $a->{content}", '404 yes not there', 'the script prints its header';
        $a = $s->get('/sent/body.pl');
        is "$a->{status} $a->{headers}{'content-type'} $a->{content}", '200 text/html body only', 'or the server has its own';
        is $s->get('/page.shtml')->{content}, '<p>not there</p>', 'and a page that includes a script shows no header';
    };
    subtest '$0, __FILE__ and lines' => sub {
        my $file = $s->root . '/htdocs/name.pl';
        is $get->('/name.pl'), "$file $file 1", 'are the script\'s';
        is $s->get('/die.pl')->{status}, 500, 'an error';
        $s->log_like(qr/\Qon line 3 at @{[$s->root]}\E\/htdocs\/die\.pl line 3[.,]/, 'is told with the script\'s line');
    };
    subtest 'Identity' => sub { is $get->('/env.pl'), 'CGI-Perl/1.1 mod_perl/2.0.12 GET /env.pl', 'what CGI.pm and DBI look for' };
    subtest 'EnableDebugOutput' => sub {
        my $a = $s->get('/deep.pl');
        is $a->{status}, 500, 'a script fails';
        unlike $a->{content}, qr/boom/, 'off: the page does not say of what';
        $a = $s->get('/said/deep.pl');
        like $a->{content}, qr/&lt;boom&gt; at \S+deep\.pl line 2/, 'plain: it does';
        unlike $a->{content}, qr/DOCUMENT_ROOT/, 'and no more';
        $a = $s->get('/dev/deep.pl');
        is $a->{status}, 500, 'dev: the status is that of an error';
        like $a->{content}, qr/&gt;    2  sub inner \{ die &#39;&lt;boom&gt;&#39; \}/, 'with the lines of the script';
        like $a->{content}, qr/inner\(&#39;&lt;one&gt;&#39;, &#39;two&#39;\) called at \S+deep\.pl line 3\n\S+outer\(&#39;&lt;one&gt;&#39;\) called at \S+deep\.pl line 5/, 'the calls';
        like $a->{content}, qr/DOCUMENT_ROOT=/, 'and the environment';
        unlike $a->{content}, qr/<boom>|<one>/, 'all of it escaped';
    };
    subtest 'what may not run' => sub {
        is $s->get('/off/body.pl')->{status}, 403, 'without Options ExecCGI';
        is $s->get('/missing.pl')->{status}, 404, 'a file that is not there';
    };
    subtest 'Reload' => sub {
        plan skip_all => 'interpreters of prefork are processes' unless $s->is_threaded;
        my @ids = map { $get->('/reloaded/id.pl') } 1 .. 3;
        is "@ids", join(' ', ($ids[0]) x 3), 'three requests in one interpreter';
        ok TestHttpd::wait_until(sub { $get->('/reloaded/id.pl') != $ids[0] }), 'then another takes its place';
    };
    subtest 'END' => sub {
        $get->('/end.pl') for 1 .. 5;
        my $count = 0;
        my $traced = sub { $count += grep { /END end\.pl/ } $s->trace };
        is $traced->(), 0, 'an END block does not run with the requests of perl-class';
        $get->('/registry/end.pl') for 1 .. 5;
        is $traced->(), 5, 'but with those of ModPerl::Registry';
        $write->('end.pl', $scripts{'end.pl'} . "\n");
        $get->('/end.pl');
        is $traced->(), 6, 'it runs when its script is replaced';
        $s->restart;
        ok TestHttpd::wait_until(sub { $traced->() == 7 }), 'and when its interpreter ends';
    };
});

done_testing;
