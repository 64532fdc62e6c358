# What sites bring along: sessions, template systems, CGI.pm, as Debian packages them. They are run as they are.
use lib 't/lib';
use TestHttpd;

# The packages of each, those of which it depends included.
my %PACKAGES = (
    'Apache::Session' => [qw(libapache-session-perl libcrypt-urandom-perl)],
    'CGI'             => [qw(libcgi-pm-perl)],
    'Template'        => [qw(libtemplate-perl libappconfig-perl)],
    'HTML::Template'  => [qw(libhtml-template-perl)],
    'Text::Xslate'    => [qw(libtext-xslate-perl libdata-messagepack-perl libmouse-perl)],
    'HTML::Mason'     => [qw(libhtml-mason-perl libcache-cache-perl libclass-container-perl libexception-class-perl libparams-validate-perl liblog-any-perl
        libdevel-stacktrace-perl libclass-data-inheritable-perl libmodule-implementation-perl libtry-tiny-perl libmodule-runtime-perl liberror-perl libhtml-parser-perl)],
);
my (%have, @lib, @wanted);
for my $module (sort keys %PACKAGES) {
    my ($one) = $module eq 'Apache::Session' ? 'Apache::Session::File' : $module;
    if (!eval "require $one; 1") {
        push @wanted, $module;
    }
    $have{$module} = 1;
}
$have{Plack} = grep { -e "$_/Plack/Handler/Apache2.pm" } @INC;
if (@wanted) {
    my $root = scratch_package(map { @{ $PACKAGES{$_} } } @wanted);
    @have{@wanted} = (0) x @wanted unless defined $root;
    @lib = ("$root/usr/share/perl5", glob "$root/usr/lib/*/perl5/*.*") if defined $root;
}
my $place = sub { my ($module, $name, $kind) = (@_, 'modperl'); $have{$module} ? "PerlModule My::$name\n<Location /$name>\n    SetHandler $kind\n    PerlResponseHandler My::$name\n</Location>\n" : '' };

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => {
        'My/Session.pm' => <<'P',
package My::Session;
use strict;
use warnings;
use Apache::Session::File ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
# In the body of the request, tied: each ends with its request, and the lock with it.
sub handler {
    my $r = shift;
    my ($id) = ($r->headers_in->get('Cookie') // '') =~ /session=(\w+)/;
    tie my %session, 'Apache::Session::File', $id, { Directory => '@var@', LockDirectory => '@var@', Transaction => 1 };
    $session{visits}++;
    $r->err_headers_out->set('Set-Cookie' => "session=$session{_session_id}");
    $r->print("$session{visits}\n");
    untie %session;
    return 0;
}
1;
P
        'My/Toolkit.pm' => <<'P',
package My::Toolkit;
use strict;
use warnings;
use Template ();
use Apache2::RequestIO ();
use Apache2::RequestRec ();
# One object for all requests, made by start-up code; it prints to the request itself.
our $template = Template->new(INCLUDE_PATH => '@root@/templates', POST_CHOMP => 1);
sub handler {
    my $r = shift;
    $template->process('page.tt', { name => $r->args, list => [1 .. 3] }, $r) or die $template->error;
    return 0;
}
1;
P
        'My/HtmlTemplate.pm' => <<'P',
package My::HtmlTemplate;
use strict;
use warnings;
use HTML::Template ();
use Apache2::RequestIO ();
use Apache2::RequestRec ();
sub handler {
    my $r = shift;
    my $template = HTML::Template->new(filename => '@root@/templates/page.tmpl', cache => 1);
    $template->param(name => $r->args, list => [map { { n => $_ } } 1 .. 3]);
    $r->print($template->output);
    return 0;
}
1;
P
        'My/Xslate.pm' => <<'P',
package My::Xslate;
use strict;
use warnings;
use Text::Xslate ();
use Apache2::RequestIO ();
use Apache2::RequestRec ();
our $xslate;    # each interpreter makes its own: its compiled templates are C's
sub handler {
    my $r = shift;
    $xslate ||= Text::Xslate->new(path => '@root@/templates', cache => 0);
    $r->print($xslate->render('page.tx', { name => $r->args, list => [1 .. 3] }));
    return 0;
}
1;
P
        'My/Cgi.pm' => <<'P',
package My::Cgi;
use strict;
use warnings;
use CGI ();
use Apache2::RequestIO ();
use Apache2::RequestRec ();
sub handler {
    my $r = shift;
    my $q = CGI->new($r);
    my $file = $q->upload('file');
    my $text = $file ? join '', <$file> : '';
    $q->print($q->header(-type => 'text/plain', -cookie => $q->cookie(-name => 'c', -value => 'v')), join('|', map { scalar($q->param($_)) // 'none' } qw(a b)), "|$text\n");
    return 0;
}
1;
P
    }, files => {
        'app.psgi' => <<'P',
use strict;
use warnings;
# Answers in pieces, whole, and by a handle; says what the server can do.
sub {
    my ($env) = @_;
    my $is = $env->{PATH_INFO};
    if ($is eq '/pieces') {
        return sub {
            my $writer = $_[0]->([200, ['Content-Type' => 'text/plain', 'X-Is' => 'streamed']]);
            $writer->write("piece $_\n") for 1 .. 3;
            $writer->close;
        };
    }
    return sub { $_[0]->([201, ['Content-Type' => 'text/plain'], ['whole']]) } if $is eq '/later';
    if ($is eq '/handle') { open my $in, '<', '@root@/app.psgi' or die $!; return [200, ['Content-Type' => 'text/plain'], $in] }
    die "of the program\n" if $is eq '/dies';
    my $body = '';
    while ($env->{'psgi.input'}->read(my $piece, 10)) { $body .= $piece }
    return [200, ['Content-Type' => 'text/plain'], [join '|', $env->{REQUEST_METHOD}, $env->{SCRIPT_NAME}, $env->{QUERY_STRING}, $body, $env->{'psgi.streaming'} ? 'streaming' : '', $env->{'psgi.url_scheme'}]];
};
P
        'templates/page.tt'   => "Hello [% name | html %][% FOREACH n IN list %] [% n %][% END %].\n",
        'templates/page.tmpl' => "Hello <TMPL_VAR NAME=name ESCAPE=HTML><TMPL_LOOP NAME=list> <TMPL_VAR NAME=n></TMPL_LOOP>.\n",
        'templates/page.tx'   => "Hello <: \$name :>\n: for \$list -> \$n {\n<: \$n :>\n: }\n",
        'htdocs/mason/page.html'     => "<%args>\n\$name => 'nobody'\n</%args>\nHello <% \$name | h %><& list.mas, list => [1 .. 3] &>.\n",
        'htdocs/mason/list.mas'      => "<%args>\n\@list\n</%args>\n% foreach my \$n (\@list) {\n <% \$n %>\\\n% }\n",
        'htdocs/mason/status.html'   => "% \$r->headers_out->set('X-Mason' => 'set'); \$m->abort(403);\n",
        'htdocs/mason/error.html'    => "% die \"of a component\\n\";\n",
    }, config => join('', map { "PerlSwitches -I$_\n" } @lib)
        . $place->('Apache::Session', 'Session') . $place->(Template => 'Toolkit') . $place->('HTML::Template', 'HtmlTemplate') . $place->('Text::Xslate', 'Xslate') . $place->(CGI => 'Cgi', 'perl-script')
        . ($have{Plack} ? "PerlModule Plack::Handler::Apache2\n<Location /psgi>\n    SetHandler perl-script\n    PerlResponseHandler Plack::Handler::Apache2\n    PerlSetVar psgi_app \@root\@/app.psgi\n</Location>\n" : '')
        . ($have{'HTML::Mason'} ? <<'C' : ''));
PerlModule CGI HTML::Mason::ApacheHandler
<Location /mason>
    SetHandler perl-script
    PerlResponseHandler HTML::Mason::ApacheHandler
    PerlSetVar MasonCompRoot @root@/htdocs/mason
    PerlSetVar MasonDataDir @var@/mason
    PerlSetVar MasonArgsMethod CGI
    PerlSetVar MasonErrorMode fatal
</Location>
C
    SKIP: {
        skip 'no Apache::Session', 3 unless $have{'Apache::Session'};
        my $first = $s->get('/Session');
        my ($cookie) = ($first->{headers}{'set-cookie'} // '') =~ /(session=\w+)/;
        is $first->{content}, "1\n", 'Apache::Session: the first visit';
        is $s->get('/Session', Cookie => $cookie)->{content}, "$_\n", "visit $_ of the same session" for 2, 3;
        my @visits = map { ref $_ ? @$_ : $_ } $s->parallel(4, sub { $s->get('/Session', Cookie => $cookie)->{content} });
        is_deeply [sort { $a <=> $b } map { tr/0-9//cdr } @visits], [4 .. 7], 'visits at once are counted one by one';
    }
    my %says = (Toolkit => 'Template', HtmlTemplate => 'HTML::Template', Xslate => 'Text::Xslate');
    for my $name (sort keys %says) {
        SKIP: {
            skip "no $says{$name}", 2 unless $have{ $says{$name} };
            like $s->get("/$name?a<b")->{content}, qr/^Hello a&lt;b\s*1\s*2\s*3\.?\s*$/, "$says{$name} fills in a page" for 1 .. 2;
        }
    }
    SKIP: {
        skip 'no CGI', 3 unless $have{CGI};
        my $answer = $s->get('/Cgi?a=1;b=x+y');
        is $answer->{content}, "1|x y|\n", 'CGI.pm: parameters of an address';
        is $answer->{headers}{'set-cookie'}, 'c=v; path=/', 'and headers';
        my $body = join "\r\n", '--XX', 'Content-Disposition: form-data; name="a"', '', '7', '--XX', 'Content-Disposition: form-data; name="file"; filename="f"', '', 'of a file', '--XX--', '';
        is $s->post('/Cgi', $body, 'Content-Type' => 'multipart/form-data; boundary=XX')->{content}, "7|none|of a file\n", 'and a form with a file';
    }
    SKIP: {
        skip 'no Plack', 6 unless $have{Plack};
        is $s->post('/psgi/x?q=1', 'a body of some letters')->{content}, 'POST|/psgi|q=1|a body of some letters|streaming|http', 'Plack: a request as PSGI has it';
        my $pieces = $s->get('/psgi/pieces');
        is $pieces->{content}, "piece 1\npiece 2\npiece 3\n", 'an answer in pieces';
        is $pieces->{headers}{'x-is'}, 'streamed', 'with its headers';
        is $s->get('/psgi/later')->{status}, 201, 'one that is whole, by a callback';
        like $s->get('/psgi/handle')->{content}, qr/^use strict;.*^\};$/ms, 'one from a file handle';
        $s->expect_log(qr/of the program/);
        is $s->get('/psgi/dies')->{status}, 500, 'a program that dies';
    }
    SKIP: {
        skip 'no HTML::Mason', 4 unless $have{'HTML::Mason'};
        like $s->get('/mason/page.html?name=a%3Cb')->{content}, qr/^\s*Hello a&lt;b\s+1\s+2\s+3\s*\.\s*$/, 'HTML::Mason: a component that calls another';
        like $s->post('/mason/page.html', 'name=Ada')->{content}, qr/Hello Ada/, 'with a form';
        is $s->get('/mason/status.html')->{status}, 403, 'one that ends with a status';
        $s->expect_log(qr/of a component/);
        is $s->get('/mason/error.html')->{status}, 500, 'one that dies';
    }
});

done_testing;
