# What configuration and other modules see: names, defines, the Server line.
use lib 't/lib';
use TestHttpd;

my $s = TestHttpd->start(load => ['headers'], modules => { 'My/Id.pm' => <<'P' }, config => <<'C');
package My::Id;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print(join '|', map { $_ || 'none' } $ENV{MOD_PERL}, $ENV{MOD_PERL_API_VERSION}, $mod_perl2::VERSION ? 'version' : '', exists $INC{'mod_perl.pm'} ? 'inc' : '');
    0;
}
1;
P
<IfModule perl_module>
    PerlSetVar A 1
    Define BY_SYMBOL
</IfModule>
<IfModule mod_perl.c>
    Define BY_FILE
</IfModule>
<IfDefine MODPERL2>
    Define BY_DEFINE
</IfDefine>
<IfDefine BY_SYMBOL>
<IfDefine BY_FILE>
    <IfDefine BY_DEFINE>
        Header set X-All yes
    </IfDefine>
</IfDefine>
</IfDefine>
PerlModule mod_perl2
<Location /id>
    SetHandler modperl
    PerlResponseHandler My::Id
</Location>
C

my $answer = $s->get('/id');
is $answer->{headers}{'x-all'}, 'yes', '<IfModule perl_module>, <IfModule mod_perl.c> and <IfDefine MODPERL2> hold';
like $answer->{content}, qr/^mod_perl\/2\.\d+\.\d+\|2\|version\|inc$/, 'MOD_PERL, MOD_PERL_API_VERSION, mod_perl2, mod_perl.pm';
like $answer->{headers}{server}, qr{ mod_perl/2\.\d+\.\d+ Perl/v5\.\d+\.\d+$}, 'the Server line has both versions';
like $answer->{headers}{server}, qr{ mod_interp/\d+\.\d+\.\d+ mod_perl/}, 'and ours' if ours;
is system('env', "LD_PRELOAD=@{[ $ENV{T_PRELOAD} || '' ]}", TestHttpd::httpd(), '-d', $s->root, '-f', $s->root . '/httpd.conf', '-t', '-DDUMP_MODULES') >> 8, 0, 'httpd -M';

done_testing;
