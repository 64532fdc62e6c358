# .htaccess runs no code unless the server's configuration says so; variables are always allowed there.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl runs code from .htaccess: the one intended difference' unless ours;

my %modules = ('My/Hta.pm' => <<'P');
package My::Hta;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print('var=', scalar $r->dir_config('Var'));
    return Apache2::Const::OK;
}
1;
P
my $CONF = <<'C';
PerlModule My::Hta
<Directory "@root@/htdocs">
    AllowOverride All
</Directory>
<Directory "@root@/htdocs/vars">
    SetHandler modperl
    PerlResponseHandler My::Hta
</Directory>
<VirtualHost 127.0.0.1:@port@>
    ServerName allowed
    PerlOptions +Htaccess
    DocumentRoot "@root@/htdocs"
</VirtualHost>
C
my %files = (
    'htdocs/handler/.htaccess' => "SetHandler modperl\nPerlResponseHandler My::Hta\nPerlSetVar Var from-htaccess\n", 'htdocs/handler/a' => '',
    'htdocs/vars/.htaccess'    => "PerlSetVar Var from-htaccess\nPerlOptions +SetupEnv\nPerlSetEnv A b\n", 'htdocs/vars/a' => '',
    'htdocs/module/.htaccess'  => "PerlModule POSIX\n",     'htdocs/module/a'  => '',
    'htdocs/require/.htaccess' => "PerlRequire x.pl\n",     'htdocs/require/a' => '',
    'htdocs/wrong/.htaccess'   => "PerlOptions +Foo\n",     'htdocs/wrong/a'   => '',
    'htdocs/server/.htaccess'  => "PerlOptions +Parent\n",  'htdocs/server/a'  => '',
    'htdocs/conf/.htaccess'    => "PerlInterpMax 3\n",      'htdocs/conf/a'    => '',
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => \%files,
        config => $CONF =~ s/<VirtualHost.*?<\/VirtualHost>\n//sr);
    is $s->get('/vars/a')->{content}, 'var=from-htaccess', 'variables and options are allowed';
    for my $case (['handler', 'PerlResponseHandler'], ['module', 'PerlModule'], ['require', 'PerlRequire']) {
        my ($dir, $directive) = @$case;
        is $s->get("/$dir/a")->{status}, 500, "$directive is refused";
        $s->log_like(qr/htdocs\/$dir\/\.htaccess: $directive: runs code.*PerlOptions \+Htaccess/, '  and the log says which line to add');
    }
    for my $case (['wrong', qr/PerlOptions: "Foo" is not an option/], ['server', qr/PerlOptions: "Parent" belongs to the server/],
        ['conf', qr/PerlInterpMax: not allowed in \.htaccess/]) {
        my ($dir, $message) = @$case;
        is $s->get("/$dir/a")->{status}, 500, "$dir: refused";
        $s->log_like($message, '  with its message');
    }

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => \%files, config => $CONF);
    is $s->get('/handler/a')->{content}, 'var=from-htaccess', 'PerlOptions +Htaccess allows code';
    is $s->get('/module/a')->{status}, 200, 'PerlModule too';
});

done_testing;
