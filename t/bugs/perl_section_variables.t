# Variables of <Perl> sections that get lost without a word. With mod_perl: those whose name has "PerlConfig" in it, elements added
# later to an array of the common package. (This module once turned none into configuration.)
use lib 't/lib';
use TestHttpd;

# What the section says, and what the directive refuses, which shows that the line was carried out.
for my $case (
    ['$LogLevel = "bogus";',                                          qr/Log level keyword must be one of/, 'a scalar'],
    ['our $loglevel = "bogus";',                                      qr/Log level keyword must be one of/, 'in any case'],
    ['@LogLevel = (["bogus"]);',                                      qr/Log level keyword must be one of/, 'an array'],
    ['push @LogLevel, "bogus";',                                      qr/Log level keyword must be one of/, 'an array that grows'],
    ['$Location{"/secret"}{Bogus} = 1;',                              qr/Invalid command 'Bogus'/, 'a section'],
    ['%Location = ("/secret" => { Bogus => 1 });',                    qr/Invalid command 'Bogus'/, 'a hash of sections'],
    ['$VirtualHost{"*:80"} = [{ ServerName => "a" }, { Bogus => 1 }];', qr/Invalid command 'Bogus'/, 'several sections'],
    ['$Directory{"/"}{Files}{"x"}{Bogus} = 1;',                       qr/Invalid command 'Bogus'/, 'nested'],
    ['$PerlConfig = "Bogus 1";',                                      qr/Invalid command 'Bogus'/, 'lines as text'],
    ['push @PerlConfig, "<Location /x>", "Bogus 1", "</Location>";',  qr/Invalid command 'Bogus'/, 'lines as a list'],
    ['$PerlConfigRequire = "/no/such/file";',                         qr{/no/such/file}, 'of mod_perl, with PerlConfig in its name'],
    ['$Apache2::ReadConfig::Location{"/x"}{Bogus} = 1;',              qr/Invalid command 'Bogus'/, 'in the common package'],
    ["push \@Apache2::ReadConfig::PerlSetVar, 'a 1';\n</Perl>\n<Perl>\npush \@Apache2::ReadConfig::PerlSetVar, 'b';", qr/PerlSetVar/, 'added later to an array of the common package'],
    ['sub set { $LogLevel = "bogus" } set();',                        qr/Log level keyword must be one of/, 'set in a sub'],
    ['require "@lib@/set.pl";',                                       qr/Log level keyword must be one of/, 'set by a file'],
    ['my $p = __PACKAGE__; no strict "refs"; ${"${p}::LogLevel"} = "bogus";', qr/Log level keyword must be one of/, 'by its name'],
) {
    my ($code, $expect, $name) = @$case;
    my ($rc, $out) = TestHttpd->config_test(config => "<Perl>\n$code\n</Perl>", modules => { 'set.pl' => '$Apache2::ReadConfig::LogLevel = "bogus"; 1;' });
    isnt $rc, 0, "$name: is carried out";
    like $out, $expect, '  and what the directive says is told';
}

# What is no configuration.
my ($rc, $out) = TestHttpd->config_test(config => <<'C', modules => { 'T/Used.pm' => 'package T::Used; our $Location = 1; our %Directory = (a => {}); sub f { 1 } 1;' });
<Perl>
use strict;
use warnings;
use T::Used ();
use POSIX qw(floor);
my $helper = 1;
our %seen = (a => 1);
our $undefined;
use constant Limit => 5;
my $Location = '/x';
my %Directory = ('/' => { Require => 'all denied' });
sub Location { 1 }
{ local our $ServerName = 'x'; }
our %Alias = (a => 'no section');
open my $fh, '<', '/dev/null' or die $!;
open IN, '<', '/dev/null' or die $!;
my @sorted = sort { $a <=> $b } 3, 2;
T::Used::f();
Apache2::PerlSections->server->server_hostname;
$Apache2::PerlSections::Save = 1;
</Perl>
Perl $ServerAdmin = 'me';
C
is $rc, 0, 'subs, constants, lexicals, other packages, emptied variables, code on one line: the section just runs' or diag $out;

done_testing;
