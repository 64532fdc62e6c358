# A <Perl> section that leaves a variable which mod_perl would turn into configuration ends the start, and names it. It was
# silence, and what the variable was to protect lay open.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl turns them into configuration' unless ours;

# What the section says, and how the variable is named.
for my $case (
    ['$ServerAdmin = "me\@example.org";',                                  '$ServerAdmin',              'a scalar'],
    ['our $serveradmin = "me";',                                           '$serveradmin',              'in any case'],
    ['@Alias = (["/a", "/b"]);',                                           '@Alias',                    'an array'],
    ['push @Listen, 8080;',                                                '@Listen',                   'an array that grows'],
    ['$Location{"/secret"}{Require} = "all denied";',                      '$Location{"/secret"}',      'a section'],
    ['%Location = ("/secret" => { Require => "all denied" });',            '$Location{"/secret"}',      'a hash of sections'],
    ['$VirtualHost{"*:80"} = [{ ServerName => "a" }, { ServerName => "b" }];', '$VirtualHost{"*:80"}',  'several sections'],
    ['$Directory{"/"}{Files}{"x"}{Require} = "all denied";',               '$Directory{"/"}',           'nested'],
    ['$PerlConfig = "Require all denied";',                                '$PerlConfig',               'lines as text'],
    ['push @PerlConfig, "<Location /x>", "Require all denied", "</Location>";', '@PerlConfig',          'lines as a list'],
    ['$RewriteEngine = "on";',                                             '$RewriteEngine',            'of a module that is not loaded'],
    ['$PerlLoadModule = "My::Own";',                                       '$PerlLoadModule',           'of mod_perl'],
    ['$Apache2::ReadConfig::Location{"/x"}{Require} = "all denied";',      '$Location{"/x"}',           'in the common package'],
    ['sub set { $ServerAdmin = "me" } set();',                             '$ServerAdmin',              'set in a sub'],
    ['require "@lib@/set.pl";',                                            '$LogLevel',                 'set by a file'],
    ['my $p = __PACKAGE__; no strict "refs"; ${"${p}::UseCanonicalName"} = "on";', '$UseCanonicalName', 'by its name'],
) {
    my ($code, $variable, $name) = @$case;
    my ($rc, $out) = TestHttpd->config_test(config => "<Perl>\n$code\n</Perl>", modules => { 'set.pl' => '$Apache2::ReadConfig::LogLevel = "debug"; 1;' });
    isnt $rc, 0, "$name: ends the start";
    like $out, qr/Perl: the section \(\S+httpd\.conf:\d+\) leaves \Q$variable\E: mod_interp does not turn variables of <Perl> sections into configuration yet/, '  and is named';
}
{
    my ($rc, $out) = TestHttpd->config_test(config => 'Perl $ServerAdmin = "me";');
    isnt $rc, 0, 'Perl on one line: ends the start';
    like $out, qr/leaves \$ServerAdmin: /, '  and is named';
}
{
    my ($rc, $out) = TestHttpd->config_test(config => "<VirtualHost *:1>\n<Perl>\n\$ServerName = 'a';\n</Perl>\n</VirtualHost>");
    isnt $rc, 0, 'in a virtual host: ends the start';
    like $out, qr/leaves \$ServerName: /, '  and is named';
}

# What is no configuration.
my ($rc, $out) = TestHttpd->config_test(config => <<'C', modules => { 'T/Used.pm' => 'package T::Used; our $Location = 1; our %Directory = (a => {}); sub f { 1 } 1;' });
<Perl>
use strict;
use warnings;
use T::Used ();
use POSIX qw(floor);
our ($helper, @list, %seen) = ('x');
@list = (1, 2); %seen = (a => { b => 1 });
our $DEBUG = 1;
our $VERSION = '1.0';
our @ISA = 'T::Used';
our $undefined;
use constant Limit => 5;
my $Location = '/x';
my %Directory = ('/' => { Require => 'all denied' });
sub Location { 1 }
for our $Listen (1, 2) { }
{ local our $ServerName = 'x'; }
our %Alias = (a => 'no section');
open my $fh, '<', '/dev/null' or die $!;
open IN, '<', '/dev/null' or die $!;
T::Used::f();
Apache2::PerlSections->server->server_hostname;
$Apache2::PerlSections::Save = 1;
</Perl>
Perl 1
C
is $rc, 0, 'helpers, subs, constants, lexicals, other packages, emptied variables: the section just runs' or diag $out;

done_testing;
