# A handle that start-up code opened, wrote to and did not flush: what it wrote comes into the file once, whatever children and
# clones there are.
use lib 't/lib';
use TestHttpd;
use File::Temp ();

my @LAYERS = ('', ':utf8', ':encoding(UTF-8)', ':encoding(iso-8859-1)', ':encoding(iso-2022-jp)', ':crlf');
my $out = File::Temp::tempdir(CLEANUP => 1);
chmod 0777, $out;
my $opens = join '', map { qq{open \$fh[$_], ">>$LAYERS[$_]", "$out/\@mpm\@-$_.txt" or die \$!; print {\$fh[$_]} "start-up \$\$ ", Time::HiRes::time(), "\\n";\n} } 0 .. $#LAYERS;
my %modules = ('W/Handles.pm' => <<"P");
package W::Handles;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Time::HiRes ();
our \@fh;
umask 0;
$opens
sub handler {
    my \$r = shift;
    print {\$_} "request ", \$r->args, "\\n" for \@fh;
    Time::HiRes::sleep(0.1);
    system 'true';                          # perl writes what all its handles have before it forks
    \$r->print('ok');
    return 0;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule W::Handles
PerlInterpStart 4
PerlInterpMax 4
<IfModule mpm_prefork_module>
    StartServers 4
    MaxSpareServers 4
</IfModule>
KeepAlive Off
<Location /show>
    SetHandler modperl
    PerlResponseHandler W::Handles
</Location>
C
    my @got = map { ref $_ ? $_->[0] : $_ } $s->parallel(4, sub { $s->get("/show?$_[0]")->{content} });
    is "@got", 'ok ok ok ok', 'four requests at once';
    $s->stop;
    for my $i (0 .. $#LAYERS) {
        open my $in, '<', "$out/$mpm-$i.txt" or die "$out/$mpm-$i.txt: $!";
        my @lines = <$in>;
        my $layer = $LAYERS[$i] || 'no layer';
        my %times;
        $times{$_}++ for grep { /^start-up/ } @lines;
        ok %times && !(grep { $_ > 1 } values %times), "$layer: what start-up code wrote is there once" or diag @lines;

    }
});

done_testing;
