# Devel::NYTProf and Devel::Cover under prefork: each child writes what it has seen when it ends, and their programs can read it. Perl's
# table of ops is theirs until the configuration is read anew.
use lib 't/lib';
use TestHttpd;

my %root;
for my $package (qw(libdevel-nytprof-perl libdevel-cover-perl libfile-which-perl libb-debug-perl libjson-maybexs-perl libhtml-parser-perl)) {
    $root{$package} = TestHttpd::scratch_package($package) or plan skip_all => "needs Debian's package $package";
}
my @inc = map { glob "$_/usr/lib/*/perl5/* $_/usr/share/perl5" } values %root;
my $inc = join ' ', map { "-I$_" } grep { -d } @inc, ours() ? () : split /:/, $ENV{PERL5LIB} // '';
local $ENV{PERL5LIB} = join ':', grep { -d } @inc;
local $ENV{PATH} = "$root{'libdevel-nytprof-perl'}/usr/bin:$ENV{PATH}";

my %work = ('My/Work.pm' => <<'P');
package My::Work;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO  ();
sub inner { my ($n) = @_; my $sum = 0; $sum += $_ for 1 .. $n; return $sum }
sub never { return 'never called' }
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print(inner(100));
    return 0;
}
1;
P

sub serve {
    my ($s, $name) = @_;
    is $s->get('/work')->{content}, 5050, "$name: the page is as it is without" for 1 .. 3;
    $s->graceful;
    is $s->get('/work')->{content}, 5050, '  also after a restart' for 1 .. 2;
}

for_each_mpm('prefork', sub {
    my $page = "<Location /work>\nSetHandler modperl\nPerlResponseHandler My::Work\n</Location>\n\@one_child\@\n";

    my $s = TestHttpd->start(mpm => 'prefork', modules => \%work, config => <<"C");
PerlSwitches $inc
PerlSetEnv NYTPROF file=\@var\@/nytprof:addpid=1:endatexit=1
PerlModule Devel::NYTProf::Apache
PerlModule My::Work
$page
C
    my $var = "$s->{root}/var";
    my $out = File::Temp::tempdir('mod_interp_prof.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    $s->expect_log(qr/NYTProf/);
    serve($s, 'Devel::NYTProf');
    kill TERM => $s->pid;
    ok $s->wait_ended(20), '  the server ends';
    system('cp', '-r', $var, "$out/nyt");
    $s->stop;
    my @profiles = glob "$out/nyt/nytprof.*";
    cmp_ok scalar(@profiles), '>=', 2, '  the parent and each child have written a profile';
    my %read;
    for my $profile (@profiles) {
        my $said = `perl $root{'libdevel-nytprof-perl'}/usr/bin/nytprofcsv -f $profile -o $profile.csv 2>&1`;
        is $?, 0, '  it can be read' or diag $said;
        $read{$profile} = join '', map { slurp($_) } glob "$profile.csv/*Work*";
    }
    is scalar(grep { /^[\d.]+,[1-9]\d*,[\d.]+,sub inner/m } values %read), 2, '  those of the two children count the calls of a sub';
    my ($whole) = grep { $read{$_} =~ /^[\d.]+,[1-9]\d*,[\d.]+,sub inner/m } @profiles;
    my $html = `perl $root{'libdevel-nytprof-perl'}/usr/bin/nytprofhtml --no-flame -f $whole -o $out/html 2>&1`;
    ok -s "$out/html/index.html", '  nytprofhtml makes pages of it' or diag $html;

    # What the parent has written as root, children write on as another user.
    my @umask = ('sh', '-c', 'umask 0; exec "$@"', 'sh');
    $s = TestHttpd->start(mpm => 'prefork', wrap => \@umask, modules => \%work, config => <<"C");
PerlSwitches $inc
PerlSwitches -MDevel::Cover=-db,\@var\@/cover,-silent,1,-loose_perms,1,-ignore,.,-select,My/Work
PerlModule My::Work
$page
C
    $s->expect_log(qr/./);
    serve($s, 'Devel::Cover');
    kill TERM => $s->pid;
    ok $s->wait_ended(20), '  the server ends';
    my $said = `cd $s->{root} && perl $root{'libdevel-cover-perl'}/usr/bin/cover -report text var/cover 2>&1`;
    $s->stop;
    like $said, qr/My\/Work\.pm/, '  cover makes a report of what the children have written' or diag $said;
    like $said, qr/^never\s+0\s/m, '  which has the sub that nobody called';
    like $said, qr/^inner\s+[1-9]/m, '  and the one that was';
});

done_testing;
