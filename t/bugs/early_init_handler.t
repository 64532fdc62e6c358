# "+Name" was not resolved at start under the directives that stand for others: PerlInitHandler and PerlHandler.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, 'My/Early.pm' => <<'P');
package My::Early;
use T::Trace ();
T::Trace::note('loaded');
sub handler { 0 }
1;
P
my @CASES = (
    ["PerlInitHandler +NAME\n", 'PerlInitHandler of the server'],
    ["<Location /x>\nPerlInitHandler +NAME\n</Location>\n", 'PerlInitHandler of a directory'],
    ["<Location /x>\nPerlHandler +NAME\n</Location>\n", 'PerlHandler'],
    ["<VirtualHost *:1>\n<Location /x>\nPerlInitHandler +NAME\n</Location>\n</VirtualHost>\n", 'PerlInitHandler in a virtual host'],
    ["PerlOptions +AutoLoad\n<Location /x>\nPerlInitHandler NAME\n</Location>\n", 'PerlInitHandler under AutoLoad'],
);
my $all = '';
for my $case (@CASES) {
    my ($config, $name) = @$case;
    my ($status, $log) = TestHttpd->start_fails(modules => \%modules, config => $config =~ s/NAME/My::Missing/r);
    ok $status, "$name: a module that is missing ends the start";
    like $log, qr/My(?:::|\/)Missing/, '  and the log names it';
}
my $s = TestHttpd->start(modules => \%modules, config => $CASES[1][0] =~ s/NAME/My::Early/r);
is_deeply [$s->trace], ['loaded', 'loaded'], 'one that is there is loaded at start, in both passes';

done_testing;
