# Debian's mod_perl lies beside the module on most machines: its Perl library must not be taken for ours.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'the module under test is mod_perl itself' unless ours;
my $package = scratch_package('libapache2-mod-perl2') or plan skip_all => 'no package libapache2-mod-perl2, installed or to be had';
my ($perl5) = grep { -e "$_/Apache2/RequestRec.pm" } glob "$package/usr/lib/*/perl5/*";
my ($so)    = glob "$package/usr/lib/apache2/modules/mod_perl.so";
plan skip_all => 'the package has another layout' unless $perl5;

my %modules = ('My/Beside.pm' => <<'P');
package My::Beside;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print(join "\n", map { $INC{$_} || 'none' } qw(Apache2/RequestRec.pm Apache2/RequestIO.pm APR/Table.pm Apache2/Const.pm));
    return Apache2::Const::OK;
}
1;
P
my $CONF = "PerlModule My::Beside\n<Location /b>\nSetHandler modperl\nPerlResponseHandler My::Beside\n</Location>\n";

for my $case (['PERL5LIB', env => { PERL5LIB => $perl5 }], ['PerlSwitches -I', switches => "-I$perl5"]) {
    my ($name, @opt) = @$case;
    my $s = TestHttpd->start(modules => \%modules, config => $CONF, @opt);
    my @files = split /\n/, $s->get('/b')->{content};
    is scalar(grep { index($_, $s->root . '/modules/') == 0 } @files), 4, "$name: our library comes first" or diag "@files";
    $s->stop;
}

# Start-up code that loads mod_perl's own file by force ends the start, with both paths.
my ($status, $log) = TestHttpd->start_fails(modules => \%modules, files => { 'lib/force.pl' => <<"P" }, config => "PerlRequire \"\@lib\@/force.pl\"\n$CONF");
\$INC{'Apache2/RequestRec.pm'} = '$perl5/Apache2/RequestRec.pm'; 1;
P
ok $status, 'a module of mod_perl in place of ours ends the start';
like $log, qr/\Q$perl5\E\/Apache2\/RequestRec\.pm/, '  with its path';
like $log, qr{modules/mod_interp/lib/Apache2/RequestRec\.pm}, '  and that of ours';

SKIP: {
    skip 'no mod_perl.so in the package', 5 unless $so;
    # Both shared objects in one process, theirs first, as a file that is only loaded.
    my $s = TestHttpd->start(modules => \%modules, no_loadmodule => 1, config => <<"C" . "PerlSwitches \"-I\@lib\@\"\n$CONF");
LoadFile "$so"
LoadModule perl_module "\@so\@"
C
    is $s->get('/b')->{status}, 200, 'with mod_perl.so in the process';
    $s->stop;
    # mod_interp-check reads a site with mod_perl itself in it.
    my $site = "$package/site.conf";
    spew($site, "LoadModule mpm_event_module @{[ TestHttpd::libexecdir() ]}/mod_mpm_event.so\nLoadModule perl_module $so\n<Perl>\n    die 'code runs';\n</Perl>\nPerlInterpMax 0\n");
    my $told = qx{'$^X' apache-conf/mod_interp-check --module '@{[ TestHttpd::module_so() ]}' -f '$site' 2>&1};
    like $told, qr{^\Q$site\E:2: change: LoadModule perl_module }m, 'mod_interp-check reads a site that runs mod_perl' or diag $told;
    like $told, qr{^\Q$site\E:3: note: <Perl>: .*^\Q$site\E:6: refused: PerlInterpMax 0: }ms, 'and runs none of its code';
    # Both enabled, as a package written for mod_perl may leave it: mods-enabled is read in the order of the names.
    $s = TestHttpd->start(modules => \%modules, no_loadmodule => 1, files => {
        'en/mod_interp_perl.load' => slurp('apache-conf/mod_interp_perl.load') =~ s{/usr/lib\S*}{\@so\@}r,
        'en/perl.load' => slurp("$package/etc/apache2/mods-available/perl.load") =~ s{/usr/lib\S*}{$so}r,
    }, config => <<"C" . "PerlSwitches \"-I\@lib\@\"\n$CONF");
IncludeOptional "\@root\@/en/*.load"
C
    is $s->get('/b')->{status}, 200, 'with the .load files of both enabled ours is loaded, and mod_perl is passed over';
    like $s->get('/b')->{content}, qr{^\Q@{[ $s->root ]}\E/modules/}, 'with our library';
}

done_testing;
