# An error in Perl while the server starts ends the start, with the directive, its file and line, and Perl's own message.
use lib 't/lib';
use TestHttpd;

my %files = (
    'lib/dies.pl'      => "die 'start-up code died';\n",
    'lib/syntax.pl'    => "my \$x = ;\n",
    'lib/false.pl'     => "0;\n",
    'lib/object.pl'    => "package E; use overload '\"\"' => sub { 'an object was thrown' }; die bless {};\n",
    'lib/My/Dies.pm'   => "package My::Dies; die 'module died'; 1;\n",
    'lib/My/Nothing.pm' => "package My::Nothing; 1;\n",
);

# configuration (the line in question is the second), what the log must say, who says it: 'both' or only ours
my @CASES = (
    ["PerlRequire \"\@lib\@/dies.pl\"",              qr/start-up code died at .*dies\.pl line 1/],
    ["PerlRequire \"\@lib\@/syntax.pl\"",            qr/syntax error at .*syntax\.pl line 1/],
    ["PerlRequire \"\@lib\@/false.pl\"",             qr/did not return a true value/],
    ["PerlRequire \"\@lib\@/missing.pl\"",           qr/Can't locate .*missing\.pl/],
    ["PerlRequire \"\@lib\@/object.pl\"",            qr/an object was thrown/],
    ["PerlModule My::Dies",                          qr/module died at/],
    ["PerlModule My::Missing",                       qr/Can't locate My\/Missing\.pm in \@INC/],
    ["PerlConfigRequire \"\@lib\@/dies.pl\"",        qr/start-up code died at/],
    ["PerlPostConfigRequire \"\@lib\@/dies.pl\"",    qr/start-up code died at/],
    ["PerlPostConfigHandler +My::Dies",              qr/module died at/],
    ["PerlResponseHandler +My::Missing",             qr/My(?:::|\/)Missing/],
    ["PerlSwitches -MMy::Missing",                   qr/Can't locate My\/Missing\.pm/],
    ["PerlSwitches --nonsense",                      qr/nonsense/],
);

for my $case (@CASES) {
    my ($line, $message) = @$case;
    my ($directive) = $line =~ /^(\w+)/;
    my ($status, $log) = TestHttpd->start_fails(files => \%files, config => "# first line\n$line\n");
    ok $status, "$line ends the start";
    like $log, $message, '  with the message of Perl';
    next unless ours;
    like $log, qr/\Q$directive\E/, '  naming the directive';
    # Switches are an argument of the whole interpreter: their line is not asked for.
    like $log, qr/line \d+ of .*httpd\.conf|httpd\.conf(?::| line )\d+/, '  and file and line' unless $directive eq 'PerlSwitches';
}

SKIP: {
    skip 'ours alone says which line', 1 unless ours;
    my $s = TestHttpd->prepare(files => \%files, config => "# one\n# two\nPerlModule My::Dies\n");
    $s->write_conf;
    my $line = $s->conf_line(3);
    $s->{stopped} = 1;
    my (undef, $log) = TestHttpd->start_fails(files => \%files, config => "# one\n# two\nPerlModule My::Dies\n");
    like $log, qr/\b$line\b/, 'the line is the one of the directive';
}

done_testing;
