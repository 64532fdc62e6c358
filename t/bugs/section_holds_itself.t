# A value of a <Perl> section that holds itself, and a line that adds itself, end the start with a message; both never ended.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl ends without a message, or not at all' unless ours;

sub refused {
    my ($name, $config, $why, %modules) = @_;
    my ($status, $said, $first) = TestHttpd->config_test(config => $config, modules => \%modules);
    ok $status, "$name: httpd -t fails";
    like $said, $why, '  and says why, and where';
    unlike $said, qr/exit signal|Segmentation/, '  and does not crash';
    return;
}

refused('a hash in itself', "<Perl>\nour %Location; \$Location{'/a'} = { SetHandler => 'modperl' }; \$Location{'/a'}{Limit}{GET} = \$Location{'/a'};\n</Perl>\n",
    qr/httpd\.conf:\d+.*the value of Limit holds itself/s);
refused('a hash of sections in itself', "<Perl>\nour %Location; \$Location{'/a'}{Location} = \\%Location;\n</Perl>\n", qr/httpd\.conf:\d+.*the value of Location holds itself/s);
refused('an array in itself', "<Perl>\nour \@Alias; push \@Alias, ['/a', '/b'], \\\@Alias;\n</Perl>\n", qr/httpd\.conf:\d+.*the value of Alias holds itself/s);
refused('a deeper array in itself', "<Perl>\nmy \@a = ('x'); push \@a, [\\\@a]; our %Location = ('/a' => { PerlSetVar => \\\@a });\n</Perl>\n", qr/httpd\.conf:\d+.*the value of PerlSetVar holds itself/s);

my $twice = "<Perl>\nmy \$same = { SetHandler => 'modperl' }; our %Location = map { \$_ => \$same } qw(/a /b); our \@Alias = (['/a', '/b'], ['/a', '/b']);\n</Perl>\n";
is((TestHttpd->config_test(config => $twice, load => ['alias']))[0], 0, 'a value in two places is no value in itself');

my @again = ('My/Again.pm' => <<'P');
package My::Again;
use strict;
use warnings;
use Apache2::Module   ();
use Apache2::CmdParms ();
Apache2::Module::add(__PACKAGE__, [{ name => 'Again', args_how => 'TAKE1' }]);
sub Again { my ($self, $parms, $word) = @_; $parms->add_config(["Again $word"]); return }
1;
P
my $adds = qr/lines that code adds have added lines twenty times, one within another: a line adds itself/;
refused('a directive that adds itself', "PerlLoadModule My::Again\nAgain x\n", qr/httpd\.conf:\s.*\bAgain: .*$adds/s, @again);
refused('code that adds itself', qq{Perl use Apache2::ServerUtil (); our \$add = 'Perl Apache2::ServerUtil->server->add_config([\$main::add])'; Apache2::ServerUtil->server->add_config([\$add])\n},
    qr/$adds/);

done_testing;
