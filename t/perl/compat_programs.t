# Programs as they were written for mod_perl 1, under Apache2::compat: handlers of several phases, and scripts of Apache::Registry.
use lib 't/lib';
use TestHttpd;
use MIME::Base64 ();

plan skip_all => "mod_perl's own Apache2::compat lacks Apache::Registry and Apache->server" unless ours;

my %modules = (
    'Old/Page.pm' => <<'P',     # a page between two others, with file tests on the request's file
package Old::Page;
use strict;
use mod_perl 1.21;
use Apache ();
use Apache::Constants qw(:common :methods :response);
use Apache::File ();
use Apache::Include ();
use Apache::Log ();
use vars qw($Admin);
BEGIN { $Admin = Apache->server->server_admin }
sub handler {
    my $r = shift;
    return DECLINED unless $r->method_number == M_GET && $r->is_main;
    return DECLINED if -d $r->finfo;
    unless (-f $r->finfo) { $r->log->warn($r->filename, ' is missing'); return NOT_FOUND }
    my $fh = Apache::File->new($r->filename) or return FORBIDDEN;
    $r->update_mtime((stat $r->finfo)[9]);
    $r->set_last_modified;
    $r->header_out('X-Admin', $Admin);
    $r->send_http_header('text/html');
    return OK if $r->header_only;
    Apache::Include->virtual('/above.txt', $r);
    $r->send_fd($fh);
    my $status = Apache::Include->virtual('/nowhere.txt', $r);
    print "status $status ", $r->notes('who') || 'nobody', "\n";
    OK;
}
1;
P
    'Old/Login.pm' => <<'P',    # who it is, by the connection; the note is for the page
package Old::Login;
use Apache::Constants ':common';
sub handler {
    my $r = shift;
    my ($status, $password) = $r->get_basic_auth_pw;
    return $status if $status;
    my $user = $r->connection->user;
    if ($password ne reverse $user) {
        $r->note_basic_auth_failure;
        $r->log_reason("wrong password of $user", $r->uri);
        return AUTH_REQUIRED;
    }
    $r->notes(who => $user);
    $r->register_cleanup(sub { my $r = shift; $r->warn('left by ' . $r->notes('who')) });
    return OK;
}
1;
P
    'Old/Moved.pm' => <<'P',    # an address that has moved, told before there is a file
package Old::Moved;
use Apache::Constants qw(DECLINED MOVED);
use Apache::Util qw(escape_uri);
sub handler {
    my $r = shift;
    my ($rest) = $r->uri =~ m{^/before/(.*)} or return DECLINED;
    $r->header_out(Location => 'http://new.example/' . escape_uri($rest));
    return MOVED;
}
1;
P
);
my %files = (
    'htdocs/page.html'    => "the page\n",
    'htdocs/above.txt'    => "above\n",
    'htdocs/old/form.pl'  => <<'P',
use strict;
my $r = Apache->request;
my %in = $r->method eq 'POST' ? $r->content : $r->args;
$r->content_type('text/plain');
$r->no_cache(1);
$r->send_http_header;
print map { "$_=$in{$_}\n" } sort keys %in;
print $ENV{GATEWAY_INTERFACE}, ' ', $r->path_info, "\n";
P
    'htdocs/old/exit.pl'  => <<'P',
use Apache::Constants qw(:common);
print "Content-type: text/plain\n\nbefore\n";
Apache->exit if Apache->request->args;
print "behind\n";
P
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => \%files, config => <<'C');
ServerAdmin old@example.com
PerlModule Apache2::compat
<Perl>
Apache2::compat::override_mp2_api("Apache2::RequestRec::$_") for qw(notes finfo args);
</Perl>
PerlModule Apache::Registry Old::Page
PerlTransHandler Old::Moved
Alias /page @root@/htdocs
<Location /page>
    SetHandler perl-script
    PerlHandler Old::Page
    PerlOptions +GlobalRequest
    PerlAuthenHandler Old::Login
    AuthType Basic
    AuthName old
    Require valid-user
</Location>
<Location /old>
    SetHandler perl-script
    PerlHandler Apache::Registry
    PerlSendHeader On
    Options +ExecCGI
</Location>
C
    my ($me, $other) = map { 'Basic ' . MIME::Base64::encode($_, '') } 'me:em', 'me:x';
    my $res = $s->get('/page/page.html', Authorization => $me);
    is $res->{content}, "above\nthe page\nstatus 404 me\n", 'a page with subrequests and notes';
    is $res->{headers}{'x-admin'}, 'old@example.com', 'a header';
    ok $res->{headers}{'last-modified'}, 'the time of the file';
    is $s->head('/page/page.html', Authorization => $me)->{status}, 200, 'HEAD';
    is $s->get('/page/none.html', Authorization => $me)->{status}, 404, 'a file that is missing';
    is $s->get('/page/page.html', Authorization => $other)->{status}, 401, 'a wrong password';
    $res = $s->get('/before/a b'=~ s/ /%20/r);
    is "$res->{status} $res->{headers}{location}", '301 http://new.example/a%20b', 'an address that has moved';
    is $s->get('/old/form.pl/more?a=1&b=c+d')->{content}, "a=1\nb=c d\nCGI/1.1 /more\n", 'a script with a query';
    is $s->post('/old/form.pl', 'a=1&b=c+d')->{content}, "a=1\nb=c d\nCGI/1.1 \n", 'and with a form';
    is $s->get('/old/exit.pl?1')->{content}, "before\n", 'a script that exits';
    is $s->get('/old/exit.pl')->{content}, "before\nbehind\n", 'and that does not';
    ok wait_until(sub { TestHttpd::slurp($s->root . '/error_log') =~ /left by me/ }), 'a cleanup';
    $s->expect_log(qr/wrong password of me/);
});

done_testing;
