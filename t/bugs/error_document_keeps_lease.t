# A request that was refused kept its interpreter while another module made the error page, slowly.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl keeps it, too' unless ours;

my $s = TestHttpd->start(mpm => 'event', c_module => 't/c/mod_interp_test.c', modules => { trace_module, 'My/ED.pm' => <<'P' }, config => <<'C');
package My::ED;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => qw(OK NOT_FOUND FORBIDDEN);
sub first   { Apache2::Const::OK }
sub note    { my $r = shift; T::Trace::note('for', $r->uri); Apache2::Const::OK }
sub missing { Apache2::Const::NOT_FOUND }
sub forbids { Apache2::Const::FORBIDDEN }
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('ok'); Apache2::Const::OK }
1;
P
PerlModule My::ED
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 3
<Location />
    PerlHeaderParserHandler My::ED::first
</Location>
<Location /ok>
    SetHandler modperl
    PerlResponseHandler My::ED
</Location>
<Location /denied>
    Require all denied
    ErrorDocument 403 /hold?30
</Location>
<Location /forbidden>
    PerlAccessHandler My::ED::forbids
    ErrorDocument 403 /hold?30
</Location>
<Location /missing>
    SetHandler modperl
    PerlResponseHandler My::ED::missing
    ErrorDocument 404 /hold?30
</Location>
<Location /nofile>
    ErrorDocument 404 /hold?30
</Location>
<Location /hold>
    SetHandler c-hold
    PerlFixupHandler My::ED::note
</Location>
C
$s->expect_log(qr/client denied/);
for my $case (['/denied', 403, 'refused by httpd'], ['/forbidden', 403, 'refused by a handler of ours'], ['/missing', 404, 'a response handler of ours'],
    ['/nofile', 404, 'a file that is not there']) {
    my ($path, $status, $name) = @$case;
    unlink $s->root . '/var/release';
    $s->trace;
    my $socket = $s->socket;
    print {$socket} "GET $path HTTP/1.0\r\n\r\n";
    $s->wait_for_trace(qr/^for \/hold/m) or fail 'the page is not asked for';
    is $s->get('/ok')->{status}, 200, "$name: another request is served while a foreign handler makes the page";
    spew($s->root . '/var/release', '');
    like TestHttpd::Client::read_all($socket, 10), qr/^HTTP\/1\.1 $status /, '  which then comes';
    is $s->get('/ok')->{content}, 'ok', '  and the interpreter is free';
}

done_testing;
