# One interpreter is enough for whatever a request sets off: includes, internal redirects, error documents, lookups.
# With PerlInterpMax 1 a second one asked for by the same request would wait for ever.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, 'My/Lease.pm' => <<'P');
package My::Lease;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Const -compile => qw(OK DECLINED NOT_FOUND AUTH_REQUIRED);
sub pin   { my $r = shift; $r->pnotes(pinned => [1, 2]) if ($ENV{T_PIN} || ($r->args || '') =~ /pin/); Apache2::Const::OK }
sub page  { my $r = shift; $r->content_type('text/html'); $r->print('[', $r->uri, ']'); Apache2::Const::OK }
sub declines { T::Trace::note('declines'); Apache2::Const::DECLINED }
sub missing  { Apache2::Const::NOT_FOUND }
sub refuses  { Apache2::Const::AUTH_REQUIRED }
sub error    { my $r = shift; $r->content_type('text/plain'); $r->print('error page ', $r->prev ? $r->prev->uri : 'none'); Apache2::Const::OK }
sub redirect { my $r = shift; $r->internal_redirect('/page/redirected'); Apache2::Const::OK }
sub subreq   { my $r = shift; my $sub = $r->lookup_uri('/page/sub'); my $status = $sub->status; $r->content_type('text/plain'); $r->print("lookup $status"); Apache2::Const::OK }
sub runsub   { my $r = shift; $r->content_type('text/html'); $r->print('<'); $r->lookup_uri('/page/sub')->run; $r->print('>'); Apache2::Const::OK }
sub log      { T::Trace::note('log', $_[0]->uri); Apache2::Const::OK }
1;
P
my %files = (
    'htdocs/ssi.shtml'     => 'a <!--#include virtual="/page/one" --> b <!--#include virtual="/page/two" --> c',
    'htdocs/dir/index.html' => 'index',
    'htdocs/plain.txt'     => 'plain',
    'htdocs/rewrite/.keep' => '',
);
my $CONF = <<'C';
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMinSpare 1
PerlInterpMaxSpare 1
PerlModule My::Lease
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
<Directory "@root@/htdocs">
    Options +Includes +FollowSymLinks
    DirectoryIndex index.html
</Directory>
<Directory "@root@/htdocs/rewrite">
    RewriteEngine On
    RewriteRule ^x$ /page/rewritten [PT]
</Directory>
<Location />
    PerlFixupHandler My::Lease::pin
    PerlLogHandler   My::Lease::log
</Location>
<Location /page>
    SetHandler modperl
    PerlResponseHandler My::Lease::page
</Location>
<Location /missing>
    SetHandler modperl
    PerlResponseHandler My::Lease::missing
    ErrorDocument 404 /error
</Location>
<Location /auth>
    AuthType Basic
    AuthName test
    Require valid-user
    PerlAuthenHandler My::Lease::refuses
    ErrorDocument 401 /error
</Location>
<Location /error>
    SetHandler modperl
    PerlResponseHandler My::Lease::error
</Location>
<Location /redirect>
    SetHandler modperl
    PerlResponseHandler My::Lease::redirect
</Location>
<Location /subreq>
    SetHandler modperl
    PerlResponseHandler My::Lease::subreq
</Location>
<Location /runsub>
    SetHandler modperl
    PerlResponseHandler My::Lease::runsub
</Location>
<Location /plain.txt>
    SetHandler modperl
    PerlResponseHandler My::Lease::declines
</Location>
C
my @CASES = (
    ['/ssi.shtml', 200, 'a [/page/one] b [/page/two] c', 'two includes'],
    ['/rewrite/x', 200, '[/page/rewritten]', 'a rewrite per directory'],
    ['/missing', 404, 'error page /missing', 'an ErrorDocument'],
    ['/auth', 401, 'error page /auth', 'the page of a refused login'],
    ['/dir/', 200, 'index', 'DirectoryIndex'],
    ['/redirect', 200, '[/page/redirected]', 'an internal redirect'],
    ['/subreq', 200, 'lookup 200', 'a subrequest that is only looked up'],
    ['/runsub', 200, '<[/page/sub]>', 'a subrequest that is run'],
);

for_each_mpm(qw(event prefork worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => [qw(include rewrite)], modules => \%modules, files => \%files, config => $CONF);
    for my $pin ('', '?pin') {
        for my $case (@CASES) {
            my ($path, $status, $content, $name) = @$case;
            $s->trace;
            my $answer = $s->get("$path$pin");
            is $answer->{status}, $status, $name . ($pin && ', with pnotes');
            is $answer->{content}, $content, '  content';
            ok scalar(grep { /^log/ } $s->wait_for_trace(qr/^log/m)), '  and the log handler ran';
        }
    }
    $s->trace;
    is $s->get('/plain.txt')->{status} =~ /^(?:200|500|404)$/ ? 1 : 0, 1, 'all handlers of a response declined';
    is $s->get('/page/last')->{content}, '[/page/last]', 'the interpreter is back';
});

done_testing;
