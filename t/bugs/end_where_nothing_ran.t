# END blocks ran under `httpd -S`, and under an `httpd -t` that failed: in a second process beside the one that serves.
use lib 't/lib';
use TestHttpd;
use File::Temp ();

plan skip_all => 'mod_perl runs them' unless ours;

my $CONF = "PerlConfigRequire \"\@lib\@/start.pl\"\n";
sub traced {
    my ($config, @args) = @_;
    my $dir = File::Temp->newdir;
    chmod 0755, "$dir";
    my $note = "sub My::note { open my \$fh, '>>', '$dir/trace'; print {\$fh} \"\@_\\n\" }";
    my ($status, $output) = TestHttpd->run_httpd(config => $config, args => \@args, mpm => 'event', files => { 'lib/start.pl' => <<"P" });
$note
My::note('start');
END { My::note('END') }
sub My::Guard::DESTROY { My::note('DESTROY') }
our \$guard = bless [], 'My::Guard';
use Apache2::ServerUtil ();
Apache2::ServerUtil::server_shutdown_cleanup_register(sub { My::note('shutdown') });
1;
P
    return ($status, $output, join ' ', split /\n/, slurp("$dir/trace"));
}

for my $case (
    [$CONF, 0, 'a good configuration', '-t'],
    [$CONF, 0, 'httpd -S', '-S'],
    [$CONF, 0, 'httpd -t -D DUMP_RUN_CFG', '-t', '-DDUMP_RUN_CFG'],
    ["${CONF}NoSuchDirective on\n", 1, 'an unknown directive', '-t'],
    ["${CONF}NoSuchDirective on\n", 1, 'the same with httpd -S', '-S'],
    ["${CONF}PerlModule My::Missing\n", 1, 'a missing module', '-t'],
    ["${CONF}<Location /x>\nPerlHandler +My::Missing\n</Location>\n", 1, 'a handler that cannot be resolved', '-t'],
) {
    my ($config, $fails, $name, @args) = @$case;
    my ($status, $output, $lines) = traced($config, @args);
    is !!$status, !!$fails, "$name: status" or diag $output;
    is $lines, 'start', '  start-up code runs, nothing of its end does';
}

done_testing;
