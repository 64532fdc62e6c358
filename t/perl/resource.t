# Apache2::Resource: limits of the system for each child.
use lib 't/lib';
use TestHttpd;

my $package = eval { require BSD::Resource } ? '' : scratch_package('libbsd-resource-perl');
plan skip_all => 'no package libbsd-resource-perl, installed or to be had' unless defined $package;
my ($lib) = $package ? map { s{/BSD/Resource\.pm\z}{}r } glob "$package/usr/lib/*/perl5/*/BSD/Resource.pm" : ();

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Limits.pm' => <<'P' }, config => ($lib ? "PerlSwitches -I$lib\n" : '') . <<'C');
package My::Limits;
use strict;
use warnings;
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    my $limits = BSD::Resource::get_rlimits();
    $r->print(map { join(' ', $_, BSD::Resource::getrlimit($limits->{"RLIMIT_$_"})) . "\n" } qw(CORE NOFILE CPU FSIZE));
    return 0;
}
1;
P
PerlModule Apache2::Status
PerlModule Apache2::Resource My::Limits
PerlSetEnv PERL_RLIMIT_CORE 2:3
PerlSetEnv PERL_RLIMIT_NOFILE 900:1000
PerlSetEnv PERL_RLIMIT_FSIZE 2000000000
PerlSetEnv PERL_RLIMIT_CPU 3600
PerlSetEnv PERL_RLIMIT_NOTHING 5
PerlChildInitHandler Apache2::Resource
SetHandler modperl
PerlResponseHandler My::Limits
<Location /perl-status>
    PerlResponseHandler Apache2::Status
</Location>
C
    is $s->get('/')->{content}, "CORE 2097152 3145728\nNOFILE 900 1000\nCPU 3600 3600\nFSIZE 2000000000 2000000000\n",
        'soft and hard limits, sizes in MB or in bytes';
    $s->log_like(qr/PERL_RLIMIT_NOTHING: this system has no such limit/, 'a limit that there is none of is told') if ours;
    my $page = $s->get('/perl-status?rlimit')->{content};
    like $page, qr{<td>RLIMIT_NOFILE</td><td>900</td><td>1000</td>.*<td>RLIMIT_STACK</td>}s, 'the page of Apache2::Status';
    like $s->get('/perl-status')->{content}, qr/Resource Limits/, 'and its entry in the menu';
});

done_testing;
