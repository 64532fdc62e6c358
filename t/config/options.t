# PerlOptions: signs, levels, and the switches that turn Perl off.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/O.pm' => <<'P' }, config => <<'C' . (ours ? <<'OURS' : ''));
package My::O;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my $global = eval { Apache2::RequestUtil->request } ? 'global' : 'no-global';
    $r->content_type('text/plain');
    $r->print(join ' ', $ENV{REQUEST_METHOD} ? 'env' : 'no-env', $global);
    return Apache2::Const::OK;
}
1;
P
<Location /modperl>
    SetHandler modperl
    PerlResponseHandler My::O
</Location>
<Location /modperl/plus>
    PerlOptions +SetupEnv +GlobalRequest
</Location>
<Location /modperl/plus/minus>
    PerlOptions -SetupEnv
</Location>
<Location /modperl/bare>
    PerlOptions SetupEnv
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::O
</Location>
<Location /script/off>
    PerlOptions -SetupEnv -GlobalRequest
</Location>
<VirtualHost 127.0.0.1:@port@>
    ServerName on
</VirtualHost>
C
<VirtualHost 127.0.0.1:@port@>
    ServerName off
    PerlOptions -Enable
    DocumentRoot "@root@/htdocs"
</VirtualHost>
OURS
    my @CASES = (
        ['/modperl', 'no-env no-global', 'modperl'],
        ['/modperl/plus', 'env global', '+SetupEnv +GlobalRequest'],
        ['/modperl/plus/minus', 'no-env global', '-SetupEnv in an inner section'],
        ['/modperl/bare', 'no-env no-global', 'without a sign it is lost in a section'],
        ['/script', 'env global', 'perl-script'],
        ['/script/off', 'no-env no-global', 'both off'],
    );
    is $s->get($_->[0])->{content}, $_->[1], "$_->[0]: $_->[2]" for @CASES;
    SKIP: {
        skip 'mod_perl 2.0.12 crashes at start on -Enable in a virtual host', 1 unless ours;
        is $s->get('/modperl', Host => 'off')->{status}, 404, 'a virtual host without Perl does not call handlers';
    }
});

# The switch stands before the handler lines, and counts for the server it stands in.
my ($status) = TestHttpd->config_test(config => "PerlAccessHandler My::A\nPerlOptions -Access\n");
is $status, 0, 'a line before the switch is accepted';
($status) = TestHttpd->config_test(config => "PerlOptions -Access\nPerlAccessHandler My::A\n");
is $status, 1, 'a line after it is not';
($status) = TestHttpd->config_test(config => "<VirtualHost *:80>\nPerlOptions -Access\n</VirtualHost>\nPerlAccessHandler My::A\n");
is $status, 0, 'the switch of a virtual host is its own';
if (ours) {    # with mod_perl it is accepted and switches nothing
    my $host = sub { TestHttpd->config_test(config => "<VirtualHost *:80>\nPerlOptions None +Access\n$_[0] My::A\n</VirtualHost>\nPerlAuthenHandler My::A\n") };
    is +($host->('PerlAccessHandler'))[0], 0, 'None leaves the switches that stand behind it';
    my ($status, $text) = $host->('PerlAuthenHandler');
    is $status, 1, '  and no other';
    like $text, qr/PerlAuthenHandler: .*PerlOptions/, '  as the message says';
    is +(TestHttpd->config_test(config => "PerlOptions None\n<VirtualHost *:80>\nPerlOptions +Access\nPerlAccessHandler My::A\n</VirtualHost>\n"))[0], 0, 'None of the main server is what a virtual host begins with';
}

done_testing;
