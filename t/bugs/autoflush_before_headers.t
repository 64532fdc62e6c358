# `$| = 1` in the first line, as most CGI scripts have it, sent the headers before the script had printed any; a large page of a script's
# with the status of an error had httpd's error page behind it; and a script that sent its own status line was looked for headers.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Script.pm' => <<'P' }, config => <<'C');
package My::Script;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    my $what = $r->args;
    if ($what eq 'flush') { $| = 1; print "Content-Type: text/odd\n\n"; print 'page' }
    if ($what eq 'parts') { $| = 1; print 'Content-Type: '; print "text/odd\n"; print "X-Other: yes\n"; $r->rflush; print "\n"; print 'page' }
    if ($what eq 'set')   { $| = 1; $r->content_type('text/odd'); print 'page' }
    if ($what eq 'large') { $r->status(404); $r->content_type('text/odd'); print 'x' x 9000; return 404 }
    if ($what eq 'raw')   { $r->assbackwards(1); print "HTTP/1.1 299 Mine\nX: y\n\npage" }
    return 0;
}
1;
P
PerlModule My::Script
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Script
    PerlOptions +ParseHeaders
</Location>
<Location /plain>
    SetHandler perl-script
    PerlResponseHandler My::Script
</Location>
C
    my $got = $s->get('/script?flush');
    is "$got->{headers}{'content-type'} $got->{content}", 'text/odd page', 'headers that are printed behind $| = 1';
    if (ours) {    # mod_perl: 500, or the page of an error behind
        $got = $s->get('/script?parts');
        is "$got->{status} $got->{headers}{'content-type'} $got->{headers}{'x-other'} $got->{content}", '200 text/odd yes page', 'headers that come in parts';
    }
    for my $where (qw(script plain)) {
        $got = $s->get("/$where?set");
        is "$got->{headers}{'content-type'} $got->{content}", 'text/odd page', 'a type that is set behind it';
        $got = $s->get("/$where?large");
        is "$got->{status} " . length $got->{content}, '404 9000', 'a large page with the status of an error' if ours;    # mod_perl: with another page behind it
        is $s->raw("GET /$where?raw HTTP/1.0\r\n\r\n"), "HTTP/1.1 299 Mine\nX: y\n\npage", 'a status line of the script\'s' if ours || $where eq 'plain';
    }
});

done_testing;
