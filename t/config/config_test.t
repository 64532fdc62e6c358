# httpd -t runs start-up code and resolves what would be loaded early; it clones nothing and ends nothing.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl runs no start-up code in httpd -t unless a directive forces it' unless ours;

my %modules = (trace_module, 'My/T.pm' => <<'P');
package My::T;
use T::Trace ();
T::Trace::note('loaded');
sub CLONE       { T::Trace::note('CLONE') }
sub post_config { T::Trace::note('post_config'); 0 }
sub open_logs   { T::Trace::note('open_logs'); 0 }
sub handler     { 0 }
END             { T::Trace::note('END') }
1;
P
my %files = ('lib/r.pl' => "use T::Trace; T::Trace::note('require'); 1;\n", 'lib/broken.pl' => "use strict;\n\$x = 1;\n", 'lib/p.pl' => "use T::Trace; T::Trace::note('post require'); 1;\n");
my $CONF = <<'C';
PerlRequire "@lib@/r.pl"
PerlModule My::T
PerlPostConfigRequire "@lib@/p.pl"
PerlOpenLogsHandler My::T::open_logs
PerlPostConfigHandler My::T::post_config
C

# The trace outlives config_test only when it lies elsewhere.
sub traced {
    my (%opt) = @_;
    my $dir = File::Temp->newdir;
    chmod 0755, "$dir";
    my %moved = map { $_ => $opt{modules}{$_} =~ s/\@var\@\/trace/$dir\/trace/gr } keys %{ $opt{modules} };
    my ($status, $output) = TestHttpd->config_test(%opt, modules => \%moved);
    return ($status, $output, [split /\n/, slurp("$dir/trace")]);
}

my ($status, $output, $lines) = traced(modules => \%modules, files => \%files, config => $CONF);
is $status, 0, 'a good configuration' or diag $output;
is_deeply $lines, [qw(require loaded)], 'PerlRequire and PerlModule run; nothing else does';

for my $option (qw(-M -L)) {
    (undef, undef, $lines) = traced(modules => \%modules, files => \%files, config => $CONF, args => [$option]);
    is_deeply $lines, [], "$option runs nothing";
}
($status, undef, $lines) = traced(modules => \%modules, files => \%files, config => "PerlOptions -ConfigTest\n$CONF");
is_deeply $lines, [], 'PerlOptions -ConfigTest: nothing';
is $status, 0, '  and no error';

for my $case (
    ["PerlModule My::Missing\n", qr/My(?:::|\/)Missing/, 'a missing module'],
    ["PerlRequire \"\@lib\@/none.pl\"\n", qr/none\.pl/, 'a missing file'],
    ["<Location /x>\nPerlResponseHandler +My::Missing\n</Location>\n", qr/My(?:::|\/)Missing/, 'a handler with a +'],
    ["PerlPostConfigRequire \"\@lib\@/none.pl\"\n", qr/PerlPostConfigRequire: "\S+none\.pl" \(\S+:\d+\): Can't locate/, 'a missing file that would be run last'],
    ["PerlPostConfigRequire \"\@lib\@/broken.pl\"\n", qr/PerlPostConfigRequire: .*Global symbol "\$x" .* at \S+broken\.pl line 2/s, 'one that does not compile'],
    ["PerlOptions +Autoload\n<Location /x>\nPerlResponseHandler My::Missing\n</Location>\n", qr/My(?:::|\/)Missing/, 'a handler under Autoload'],
) {
    my ($config, $message, $name) = @$case;
    ($status, $output) = traced(modules => \%modules, files => \%files, config => $config);
    is $status, 1, "$name: httpd -t ends with 1";
    like $output, $message, '  and says which';
}
($status) = traced(modules => \%modules, files => \%files, config => "<Location /x>\nPerlResponseHandler My::Missing\n</Location>\n");
is $status, 0, 'a handler that is loaded on demand is not looked for';

done_testing;
