# PerlSwitches -d: perl's own debugger under httpd -X, debuggers of one's own (-d:Mine), Apache::DB and Apache::SmallProf.
use lib 't/lib';
use TestHttpd;

my $root = TestHttpd::scratch_package('libapache-db-perl');
my $inc = join ' ', map { "-I$_" } grep { -d } $root ? glob("$root/usr/lib/*/perl5/*") : (), ours() ? () : split /:/, $ENV{PERL5LIB} // '';

my %modules = ('My/Steps.pm' => <<'P', 'Devel/Mine.pm' => <<'P2');
package My::Steps;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO  ();
sub sum {
    my $sum = 0;
    $sum += $_ for @_;
    return $sum;
}
sub handler {
    my $r = shift;
    $r->print(sum(1 .. 4));
    return 0;
}
1;
P
package Devel::Mine;
sub import {}
package DB;
our $steps = 0;
my $file;
sub DB  { $steps++ if (caller)[1] =~ m{My/Steps\.pm} }
sub sub { no strict 'refs'; $called{$sub}++ if $sub =~ /^My::Steps/; return &$sub }
sub My::Steps::told { $_[0]->print($steps > 5 ? 'steps' : $steps, ' ', $called{'My::Steps::sum'} // 'no', ' sums'); return 0 }
1;
P2
my $pages = <<'C';
PerlModule My::Steps
<Location /sum>
    SetHandler modperl
    PerlResponseHandler My::Steps
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $out = File::Temp::tempdir('mod_interp_db.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0777, $out;
    my $lines = sub { my $text = join '', map { slurp($_) } grep { -e } $_[0]; return $text };

    my $s = TestHttpd->start(mpm => $mpm, args => ['-X'], modules => \%modules, env => { PERLDB_OPTS => "NonStop=1 frame=2 AutoTrace=1 LineInfo=$out/db" },
        switches => "-d $inc", config => $pages);
    is $s->get('/sum')->{content}, 10, 'perl -d under httpd -X: the page is as it is without' for 1 .. 2;
    wait_until(sub { $lines->("$out/db") =~ /exited My::Steps::sum/ }, 5);
    like $lines->("$out/db"), qr/entering My::Steps::sum.*\$sum \+= \$_ for \@_;.*exited My::Steps::sum/s, '  and the debugger has followed the handler';
    $s->stop;

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, switches => "$inc -I\@lib\@ -d:Mine", config => <<"C");
$pages
<Location /told>
    SetHandler modperl
    PerlResponseHandler My::Steps::told
</Location>
PerlInterpMax 1
\@one_child\@
C
    is $s->get('/sum')->{content}, 10, '-d:Mine: the page is as it is without' for 1 .. 2;
    is $s->get('/told')->{content}, 'steps 2 sums', '  DB::DB is called for each statement, DB::sub for each call';
    $s->stop;

  SKIP: {
        skip "needs Debian's package libapache-db-perl", 1 unless $root;
        my $cwd = "$out/cwd";
        mkdir $cwd; chmod 0777, $cwd;
        $s = TestHttpd->start(mpm => $mpm, args => ['-X'], modules => \%modules, env => { PERLDB_OPTS => "NonStop=1 frame=2 AutoTrace=1 LineInfo=$out/apache" },
            switches => $inc, config => <<"C");
PerlPassEnv PERLDB_OPTS
PerlModule Apache::DB
Perl Apache::DB->init
$pages
<Location /sum>
    PerlFixupHandler Apache::DB
</Location>
C
        $s->expect_log(qr/./);
        is $s->get('/sum')->{content}, 10, 'Apache::DB as a fixup handler: the page is as it is without' for 1 .. 2;
        wait_until(sub { $lines->("$out/apache") =~ /exited My::Steps::sum/ }, 5);
        like $lines->("$out/apache"), qr/entering My::Steps::sum/, '  and it has followed the handler';
        $s->stop;
    }
});

if (ours) {
    my ($status, $said) = TestHttpd->config_test(config => "PerlSwitches -d\n");
    ok $status, 'perl -d without httpd -X is refused: it would wait at a terminal';
    like $said, qr/PerlSwitches: "-d" cannot be used in a server: perl's -d starts perl's debugger, which waits at a terminal: run httpd -X, or say in PERLDB_OPTS/, '  with the reason';
    ($status) = TestHttpd->config_test(config => "PerlSwitches -d\n", env => { PERLDB_OPTS => 'NonStop=1' });
    is $status, 0, '  but not where PERLDB_OPTS says what it shall do';
}

done_testing;
