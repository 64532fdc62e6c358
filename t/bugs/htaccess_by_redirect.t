# A handler that redirects into a user's directory, or looks a file up there, is code of the server's; the .htaccess it
# meets there is not. Lines of it that run code were taken for lines of the handler's, and ran.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl runs code from .htaccess' unless ours;

my %modules = ('My/Go.pm' => <<'P');
package My::Go;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my ($how, $to) = split /,/, $r->args;
    $r->content_type('text/plain');
    if    ($how eq 'redirect') { $r->internal_redirect($to) }
    elsif ($how eq 'lookup')   { $r->print('status ', $r->lookup_uri($to)->status) }
    elsif ($how eq 'file')     { $r->print('status ', $r->lookup_file($r->document_root . $to)->status) }
    elsif ($how eq 'run')      { $r->print('<'); $r->lookup_uri($to)->run; $r->print('>') }
    return Apache2::Const::OK;
}
sub adds {
    my $r = shift;
    $r->add_config(['PerlResponseHandler My::Go::added', 'SetHandler modperl']);
    return Apache2::Const::OK;
}
sub added { my $r = shift; $r->content_type('text/plain'); $r->print('added'); Apache2::Const::OK }
1;
P
my %files = (
    'htdocs/user/.htaccess'      => "SetHandler modperl\nPerlResponseHandler \"sub { \$_[0]->print('user code'); 0 }\"\n", 'htdocs/user/a' => 'a file',
    'htdocs/load/.htaccess' => "PerlModule My::Unheard\n", 'htdocs/load/a' => 'a file',
    'htdocs/user/vars/.htaccess' => "PerlSetVar A b\n",         'htdocs/user/vars/a' => 'a file',
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => \%files, config => <<'C');
PerlModule My::Go
<Directory "@root@/htdocs">
    AllowOverride All
</Directory>
<Location /go>
    SetHandler modperl
    PerlResponseHandler My::Go
</Location>
<Location /adds>
    PerlHeaderParserHandler My::Go::adds
</Location>
C
    $s->expect_log(qr/\.htaccess: \w+: runs code/);
    for my $to ('/user/a', '/load/a') {
        my $answer = $s->get("/go?redirect,$to");
        is $answer->{status}, 500, "$to: an internal redirect to it is refused";
        unlike $answer->{content}, qr/user code/, '  and ran nothing';
        is $s->get("/go?lookup,$to")->{content}, 'status 500', '  so is looking it up by its address';
        is $s->get("/go?file,$to")->{content}, 'status 500', '  or by its name';
        unlike $s->get("/go?run,$to")->{content}, qr/user code/, '  or a subrequest that is run';
    }
    $s->log_like(qr/user\/\.htaccess: PerlResponseHandler: runs code.*PerlOptions \+Htaccess/, 'the log says why');
    $s->log_like(qr/load\/\.htaccess: PerlModule: runs code/, '  for each');
    is $s->get('/user/a')->{status}, 500, 'asked for by its address it is refused as ever';
    is $s->get('/go?lookup,/user/vars/a')->{content}, 'status 500', 'what lies below is refused with it';
    is $s->get('/adds')->{content}, 'added', 'lines that a handler adds by itself may run code';
});

done_testing;
