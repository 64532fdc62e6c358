# Wrong configurations: each is refused by `httpd -t`, with a message that begins with what was written and with the
# line it stands on. A row is [configuration, message]; the line meant is the last one that ends in "#!".
use lib 't/lib';
use TestHttpd;

my $NUMBER = qr/is not a number: write a whole number of at least [01]/;
my @CASES  = (
    # numbers, times, sizes, words
    (map { ["$_ abc #!", qr/^$_: "abc" $NUMBER/m] } qw(PerlInterpStart PerlInterpMax PerlInterpMinSpare PerlInterpMaxSpare PerlInterpMaxRequests)),
    ['PerlInterpMax -1 #!',             qr/^PerlInterpMax: "-1" is too small: at least 1$/m],
    ['PerlInterpMax 0 #!',              qr/^PerlInterpMax: "0" is too small: at least 1/m],
    ['PerlInterpMax 5x #!',             qr/^PerlInterpMax: "5x" $NUMBER/m],
    ['PerlInterpMax 99999999999 #!',    qr/^PerlInterpMax: "99999999999" is too large/m],
    ['PerlInterpMax #!',                qr/^PerlInterpMax takes one argument/m],
    ['PerlInterpMaxWait soon #!',       qr/^PerlInterpMaxWait: "soon" is not a time such as/m],
    ['PerlInterpMaxAge 5weeks #!',      qr/^PerlInterpMaxAge: "5weeks" is not a time such as/m],
    ['PerlInterpMaxQueue many #!',      qr/^PerlInterpMaxQueue: "many" $NUMBER, or none$/m],
    ['PerlInterpScope thread #!',       qr/^PerlInterpScope: "thread" is none of handler, response, subrequest, request, connection/m],
    ['PerlInterpTrim 5Q #!',            qr/^PerlInterpTrim: "5Q" is not a size such as/m],
    ['PerlInterpTrim report #!',        qr/^PerlInterpTrim: "report" lacks the size/m],
    ['PerlSendHeader maybe #!',         qr/^PerlSendHeader must be On or Off/m],
    ['PerlTaintCheck maybe #!',         qr/^PerlTaintCheck must be On or Off/m],
    # options
    ['PerlOptions +Foo #!',             qr/^PerlOptions: "Foo" is not an option.*Enable/m],
    ['PerlOptions Foo #!',              qr/^PerlOptions: "Foo" is not an option/m],
    ['PerlOptions +setupenv #!',        qr/^PerlOptions: "setupenv" is not an option \(did you mean SetupEnv\?\)/m],
    ["<Location /x>\nPerlOptions +Parent #!\n</Location>", qr/^PerlOptions: "Parent" belongs to the server/m],
    ["<Location /x>\nPerlOptions -Enable #!\n</Location>", qr/^PerlOptions: "Enable" belongs to the server/m],
    ["PerlOptions -Enable\nPerlAccessHandler My::H #!", qr/^PerlAccessHandler: Perl is switched off for this server by PerlOptions -Enable/m],
    (map { ["PerlOptions -$_\nPerl${_}Handler My::H #!", qr/^Perl${_}Handler: this phase is switched off for this server by PerlOptions -$_/m] }
        qw(Access Authen Authz ChildExit ChildInit Cleanup Fixup HeaderParser Log MapToStorage OpenLogs PostConfig PostReadRequest
           PreConnection ProcessConnection Response Trans Type)),
    ["PerlOptions -PostReadRequest\nPerlInitHandler My::H #!", qr/^PerlInitHandler: this phase is switched off .* -PostReadRequest/m],
    ["PerlOptions -HeaderParser\n<Location /x>\nPerlInitHandler My::H #!\n</Location>", qr/^PerlInitHandler: this phase is switched off .* -HeaderParser/m],
    ["PerlOptions -Response\nPerlHandler My::H #!", qr/^PerlHandler: this phase is switched off .* -Response/m],
    # places
    (map { ["<Location /x>\nPerl${_}Handler My::H #!\n</Location>", qr/^Perl${_}Handler: not allowed in .*: it belongs at server level/m] }
        qw(Trans PostReadRequest MapToStorage ChildInit ChildExit OpenLogs PostConfig PreConnection ProcessConnection)),
    (map { ["<Directory />\n$_ 1 #!\n</Directory>", qr/^$_: not allowed in .*: it belongs at server level/m] }
        qw(PerlInterpMax PerlInterpStart PerlInterpScope PerlSwitches PerlPassEnv PerlConfigRequire PerlPostConfigRequire)),
    ["<Location /x>\nPerlModule POSIX #!\n</Location>",  qr/^PerlModule: not allowed in .*: it belongs at server level/m],
    ["<Location /x>\nPerlRequire x.pl #!\n</Location>",  qr/^PerlRequire: not allowed in .*: it belongs at server level/m],
    ["=pod html #!\n\nSome text.\n\n=cut\n", qr/: =pod: "html" is not apache or httpd: configuration in POD begins with =over apache/m],
    ["=back html #!\n\nSome text.\n\n=cut\n", qr/: =back: "html" is not apache or httpd/m],
    (map { ["$_ apache #!\n", qr/: \Q$_\E: there is no =pod before it/m] } qw(=cut =over)),
    # arguments
    ['PerlTrace dx #!',                 qr/^PerlTrace: "dx" has "x", which stands for nothing: all, a number, or letters of acdefghimorst/m],
    ['PerlSetVar OnlyName #!',          qr/^PerlSetVar takes two arguments/m],
    ['PerlSetEnv OnlyName #!',          qr/^PerlSetEnv takes two arguments/m],
    ['PerlAddVar OnlyName #!',          qr/^PerlAddVar requires at least two arguments/m],
    ['PerlSetEnv "a=b" c #!',           qr/^PerlSetEnv: "a=b" is not the name of a variable/m],
    ['PerlPassEnv a b #!',              qr/^PerlPassEnv takes one argument/m],
    ['PerlResponseHandler + #!',        qr/^PerlResponseHandler: "\+" does not name a handler/m],
    ['PerlAccessHandlr My::H #!',       qr/^Invalid command 'PerlAccessHandlr'/m],
    # switches of perl's
    (map { ["PerlSwitches $_ #!", qr/^PerlSwitches: "\Q$_\E" cannot be used in a server: perl's -[hvV?] prints text about perl and ends the process$/m] } qw(-h -v -V -V:version -?)),
    (map { ["PerlSwitches $_ #!", qr/^PerlSwitches: "$_" cannot be used in a server: perl's -[npaF] runs a program for each line of STDIN$/m] } qw(-ne -p -a -F:)),
    ['PerlSwitches -u #!',              qr/^PerlSwitches: "-u" cannot be used in a server: perl's -u writes a core dump and ends the process$/m],
    ['PerlSwitches "-w -d" #!',         qr/^PerlSwitches: "-w -d" cannot be used in a server: perl's -d starts perl's debugger, which waits at a terminal: run httpd -X, or say in PERLDB_OPTS what it shall do$/m],
    ['PerlSwitches -w -c #!',           qr/^PerlSwitches: "-c" cannot be used in a server: perl's -c compiles/m],
    ['PerlSwitches -i.old #!',          qr/^PerlSwitches: "-i\.old" cannot be used in a server: perl's -i edits/m],
    ['PerlSwitches -x #!',              qr/^PerlSwitches: "-x" cannot be used in a server: perl's -x looks/m],
    (map { ["PerlSwitches $_ #!", qr/^PerlSwitches: "$_" cannot be used in a server: perl's --? /m] } qw(-- - --help)),
    ['PerlSwitches -wz #!',             qr/^PerlSwitches: "-wz" cannot be used: perl has no switch -z$/m],
    ['PerlSwitches -M #!',              qr/^PerlSwitches: "-M" lacks the name of a module behind -M$/m],
    ['PerlSwitches My::Module #!',      qr/^PerlSwitches: "My::Module" is not a switch of perl's, which would begin with -$/m],
    ["PerlSwitches -I\nPerlConfigRequire \"\@lib\@/ok.pl\" #!", qr/^PerlSwitches: "-I" \(\S+httpd\.conf:\d+\): its argument is missing$/m],
    ["PerlSwitches -MNone::Such\nPerlConfigRequire \"\@lib\@/ok.pl\" #!",
        qr/^PerlSwitches: .*"-MNone::Such" \(\S+httpd\.conf:\d+\) for the main server: perl could not start: Can't locate None\/Such\.pm/m],
    ["PerlSwitches -MMy::Leaves\nPerlConfigRequire \"\@lib\@/ok.pl\" #!",
        qr/^PerlSwitches: .*"-MMy::Leaves" \(\S+httpd\.conf:\d+\) for the main server: perl could not start: it ended with status/m],
    # order
    ["PerlConfigRequire \"\@lib\@/ok.pl\"\nPerlSwitches -w #!", qr/^PerlSwitches: too late for "-w": perl runs already/m],
    ["PerlConfigRequire \"\@lib\@/ok.pl\"\nPerlTaintCheck On #!", qr/^PerlTaintCheck: too late for "-T": perl runs already/m],
    # Perl's own messages, while the file is read and at its end
    ["PerlConfigRequire \"\@lib\@/dies.pl\" #!", qr/dies\.pl.*died at start/ms],
    ['PerlModule My::Missing #!',       qr/PerlModule.*My(?:::|\/)Missing/s],
    ["PerlRequire \"\@lib\@/dies.pl\" #!", qr/PerlRequire.*died at start/s],
    ["<Location /x>\nPerlResponseHandler +My::Missing #!\n</Location>", qr/PerlResponseHandler.*My(?:::|\/)Missing/s],
);

cmp_ok scalar(@CASES), '>=', 40, 'at least 40 wrong configurations: ' . @CASES;
if (!ours) { pass 'the messages are ours: the rest is left out'; done_testing; exit 0 }

my %files = ('lib/ok.pl' => "1;\n", 'lib/dies.pl' => "die 'died at start';\n", 'lib/My/H.pm' => "package My::H; sub handler { 0 } 1;\n",
    'lib/My/Leaves.pm' => "package My::Leaves; CORE::exit(0);\n");

# Four at once: each is a process of its own.
my @got = TestHttpd->parallel(4, sub {
    my $n = shift;
    map {
        my ($config) = @{ $CASES[$_] };
        [$_, TestHttpd->config_test(config => $config =~ s/ #!//r . "\n", files => \%files)];
    } grep { $_ % 4 == $n } 0 .. $#CASES;
});
my %answer;
for my $list (@got) {
    ref $list ? do { $answer{ $_->[0] } = $_ for @$list } : fail "a child: $list";
}
for my $i (0 .. $#CASES) {
    my ($config, $message) = @{ $CASES[$i] };
    my (undef, $status, $output, $first) = @{ $answer{$i} || [] };
    my $name = $config =~ s/ #!//r =~ s/\n/ | /gr;
    my ($before) = $config =~ /^(.*)#!/s;
    my $line = $first + ($before =~ tr/\n//);
    ok $status, "$name: refused";
    like $output, $message, '  message';
    like $output, qr/\b$line\b/, "  line $line";
}

done_testing;
