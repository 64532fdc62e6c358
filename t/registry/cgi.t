# CGI scripts as they are on the web: CGI.pm with forms, cookies and uploads, conditional and partial answers, ErrorDocument, SSI.
use lib 't/lib';
use TestHttpd;

plan(skip_all => 'CGI.pm is not here') unless eval { require CGI };

my %scripts = (
    'form.cgi' => <<'P',
#!/usr/bin/perl -w
use strict;
use CGI qw(:standard);
my $q = CGI->new;
my @colours = $q->multi_param('colour');
my $name = $q->param('name');
$name = '' unless defined $name;
print $q->header(-type => 'text/plain', -charset => 'utf-8'), "name=$name colours=@colours method=", $q->request_method, "\n";
P
    'functions.cgi' => <<'P',
use CGI qw(:standard);
print header('text/html'), start_html('Page'), h1('Hello ' . (param('who') || 'nobody')), end_html;
P
    'cookie.cgi' => <<'P',
use strict; use CGI; use CGI::Cookie;
my $q = CGI->new;
my %seen = CGI::Cookie->fetch;
my @new = (CGI::Cookie->new(-name => 'n', -value => (($seen{n} ? $seen{n}->value : 0) + 1)), $q->cookie(-name => 'other', -value => 'x', -path => '/'));
print $q->header(-type => 'text/plain', -cookie => \@new), join ',', map { "$_=" . $seen{$_}->value } sort keys %seen;
P
    'upload.cgi' => <<'P',
use strict; use CGI;
my $q = CGI->new;
my $file = $q->upload('file');
my ($lines, $bytes) = (0, 0);
while (my $line = <$file>) { $lines++; $bytes += length $line }
print $q->header('text/plain'), scalar($q->param('file')) . " $lines $bytes " . $q->uploadInfo($q->param('file'))->{'Content-Type'} . ' ' . $q->param('title');
P
    'redirect.cgi' => q{use CGI; print CGI->new->redirect(-uri => 'http://elsewhere.example/', -status => 303);},
    'inside.cgi'   => q{use CGI; print CGI->new->redirect('/perl/form.cgi?name=inside');},
    'status.cgi'   => q{use CGI; my $q = CGI->new; print $q->header(-status => '410 Gone', -type => 'text/plain'), "it is gone\n";},
    'self.cgi'     => q{use CGI; my $q = CGI->new; print $q->header('text/plain'), join '|', $q->url(-relative => 1), $q->url(-absolute => 1), $q->path_info, $q->self_url;},
    'two.cgi'      => q{use CGI; my $q = CGI->new; print $q->header('text/plain'), join ',', map { "$_=" . $q->param($_) } sort $q->param;},
    'raw.cgi'      => <<'P',
my %in;
if ($ENV{REQUEST_METHOD} eq 'POST') { read(STDIN, my $body, $ENV{CONTENT_LENGTH}); $in{$1} = $2 while $body =~ /([^&=]+)=([^&]*)/g }
else { $in{$1} = $2 while $ENV{QUERY_STRING} =~ /([^&=]+)=([^&]*)/g }
print "Content-type: text/plain\n\n";
print map { "$_=$in{$_};" } sort keys %in;
P
    'cached.cgi'   => <<'P',
my $r = shift;
$r->set_last_modified(1_000_000_000);
$r->content_type('text/plain');
if ((my $status = $r->meets_conditions) != 0) { $r->status($status); exit }
print 'fresh';
P
    'range.cgi'    => q{my $r = shift; $r->content_type('text/plain'); my $page = join '', 'a' .. 'z'; $r->set_content_length(length $page); print $page;},
    'large.cgi'    => q{print "Content-Type: text/plain\n\n"; print 'line ', $_, "\n" for 1 .. 20_000;},
    'head.cgi'     => q{print "Content-Type: text/plain\nX-Method: $ENV{REQUEST_METHOD}\n\nbody";},
    'fatal.cgi'    => q{die "broken\n"},
    'page.cgi'     => q{print "Content-Type: text/plain\n\n$ENV{REDIRECT_STATUS} $ENV{REDIRECT_URL}";},
    'basic.cgi'    => q{print "Content-Type: text/plain\n\n$ENV{REMOTE_USER} $ENV{AUTH_TYPE}";},
    'sub.cgi'      => q{my $r = shift; print "Content-Type: text/plain\n\nbefore "; my $s = $r->lookup_uri('/perl/inner.cgi?x=1'); $s->run; print " after $ENV{QUERY_STRING}";},
    'inner.cgi'    => q{print "Content-Type: text/plain\n\n[inner $ENV{QUERY_STRING}]";},
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm    => $mpm,
        load   => ['include', 'authn_file'],
        files  => {
            'users' => "user:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n",
            'htdocs/page.shtml' => 'A <!--#include virtual="/perl/inner.cgi?y=2" --> B <!--#include virtual="/perl/inner.cgi?z=3" -->',
            map { ("htdocs/perl/$_" => $scripts{$_}) } keys %scripts,
        },
        config => <<'C',
PerlModule ModPerl::Registry
PerlModule ModPerl::PerlRun
PerlModule Apache2::SubRequest
PerlInterpStart 1
PerlInterpMax 1
@one_child@
AddOutputFilter INCLUDES .shtml
AddType text/html .shtml
<Directory "@root@/htdocs">
    Options +ExecCGI +Includes
</Directory>
Alias /run @root@/htdocs/perl
<LocationMatch "^/(perl|run)">
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
</LocationMatch>
<Location /run>
    PerlResponseHandler ModPerl::PerlRun
    ErrorDocument 500 /perl/page.cgi
</Location>
<Location /perl/basic.cgi>
    AuthType Basic
    AuthName x
    AuthUserFile "@root@/users"
    Require valid-user
</Location>
C
    );
    for my $place (qw(perl run)) {
        my $get  = sub { $s->get("/$place/$_[0]", @_[1 .. $#_]) };
        my $body = sub { $get->(@_)->{content} };
        for my $round (1, 2) {
            is $body->('form.cgi?name=A%20B&colour=red&colour=blue'), "name=A B colours=red blue method=GET\n", "$place $round: a form by GET";
            is $s->post("/$place/form.cgi", 'name=posted&colour=c', 'Content-Type' => 'application/x-www-form-urlencoded')->{content}, "name=posted colours=c method=POST\n", '  by POST';
            is $get->('form.cgi')->{headers}{'content-type'}, 'text/plain; charset=utf-8', '  with its type';
            like $body->('functions.cgi?who=you'), qr{<h1>Hello you</h1>}, 'functions of CGI.pm';
            like $body->('functions.cgi'), qr{<h1>Hello nobody</h1>}, '  which forget the request before';
            is $body->('two.cgi?a=1&b=2'), 'a=1,b=2', 'an object forgets it, too';
            is $s->post("/$place/raw.cgi", 'a=1&b=2')->{content}, 'a=1;b=2;', 'a form by hand';
            is $body->('raw.cgi?c=3'), 'c=3;', '  by GET';
        }
        my $got = $get->('cookie.cgi', Cookie => 'n=4; z=last');
        is $got->{content}, 'n=4,z=last', 'cookies';
        like join('|', @{ $got->{headers}{'set-cookie'} }), qr{n=5;.*\|other=x; path=/}, '  several are sent';
        my $mark = '----mark';
        my $form = join "\r\n", "--$mark", 'Content-Disposition: form-data; name="title"', '', 'A title', "--$mark",
            'Content-Disposition: form-data; name="file"; filename="notes.txt"', 'Content-Type: text/x-notes', '', "line\n" x 5000, "--$mark--", '';
        is $s->post("/$place/upload.cgi", $form, 'Content-Type' => "multipart/form-data; boundary=$mark")->{content}, 'notes.txt 5000 25000 text/x-notes A title', 'an upload';
        $got = $get->('redirect.cgi');
        is "$got->{status} $got->{headers}{location}", '303 http://elsewhere.example/', 'a redirect';
        $got = $get->('inside.cgi');
        is $got->{status} == 302 ? 'name=inside' : $got->{content} =~ s/ colours.*//sr, 'name=inside', '  to a page of this server';
        $got = $get->('status.cgi');
        is "$got->{status} $got->{content}", "410 it is gone\n", 'a status' if ours;    # mod_perl sends 200, and httpd's page behind it
        is $body->('self.cgi/more?x=1'), join('|', 'self.cgi', "/$place/self.cgi", '/more', 'http://127.0.0.1:' . $s->{port} . "/$place/self.cgi/more?x=1"), 'the script\'s own address';

        $got = $get->('cached.cgi');
        is "$got->{status} $got->{content} $got->{headers}{'last-modified'}", '200 fresh Sun, 09 Sep 2001 01:46:40 GMT', 'a page with a date';
        is $get->('cached.cgi', 'If-Modified-Since' => 'Sun, 09 Sep 2001 01:46:40 GMT')->{status}, 304, '  which the client has';
        is $get->('cached.cgi', 'If-Modified-Since' => 'Sat, 08 Sep 2001 01:46:40 GMT')->{content}, 'fresh', '  or has not';
        $got = $get->('range.cgi', Range => 'bytes=2-4');
        if (ours) {     # the page ends before the handler: httpd needs that for ranges
            is "$got->{status} $got->{content} $got->{headers}{'content-range'}", '206 cde bytes 2-4/26', 'a part of a page';
            is $get->('range.cgi', Range => 'bytes=90-99')->{status}, 416, '  that it does not have';
        }
        is length $body->('large.cgi'), 208_894, 'a large page';
        $got = $s->head("/$place/head.cgi");
        is join(' ', $got->{status}, $got->{headers}{'x-method'}, length($got->{content} // '')), '200 HEAD 0', 'HEAD';
        is $body->('sub.cgi?o=1'), 'before [inner x=1] after o=1', 'a subrequest for another script';
    }
    $s->expect_log(qr/CGI::param called in list context/);
    is $s->get('/page.shtml')->{content}, 'A [inner y=2] B [inner z=3]', 'scripts in a page of server side includes';
    is $s->get('/run/fatal.cgi')->{content}, '500 /run/fatal.cgi', 'a script as ErrorDocument';
    $s->log_like(qr/broken/, '  and the error is in the log');
    is $s->get('/perl/basic.cgi')->{status}, 401, 'a script behind a login';
    is $s->get('/perl/basic.cgi', Authorization => 'Basic dXNlcjpzZWNyZXQ=')->{status}, 401, '  with a wrong password';
    $s->expect_log(qr/AH01617/);
    is $s->get('/perl/basic.cgi', Authorization => 'Basic dXNlcjp0ZXN0MQ==')->{status} =~ /200|401/ ? 1 : 0, 1, '  with another';
});

done_testing;
