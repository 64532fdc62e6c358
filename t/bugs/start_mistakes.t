# Mistakes in the configuration, and in handlers of the start, that passed in silence or were told of another line.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

plan skip_all => 'mod_perl and mod_lua let these pass' unless ours;

# Lines, the status of `httpd -t`, and what it says.
my $SUB = qr/"sub \{.*" \(\S+httpd\.conf:\d+\): cannot be resolved: (?:Missing right curly|syntax error)/;
my @LINES = (
    ['PerlTransHandler "sub {"',             1, qr/^\S.*PerlTransHandler: $SUB/m],
    ['PerlTransHandler "sub { if }"',        1, qr/PerlTransHandler: "sub \{ if \}" \(\S+httpd\.conf:\d+\): cannot be resolved: syntax error/],
    ['PerlTransHandler "-sub {"',            0, qr/Syntax OK/],
    ["<Location /x>\nPerlFixupHandler \"sub { 1 \"\n</Location>", 1, qr/PerlFixupHandler: $SUB/],
    ['PerlTransHandler "sub { Not::Loaded::yet(@_) }"', 0, qr/Syntax OK/],
    ['LuaInterpMaxMemory 10',                1, qr/LuaInterpMaxMemory: "10" is too small: an interpreter holds \d+ bytes before any script is loaded: write \d+K or more, or none \(\S+httpd\.conf:\d+\)/],
    ['LuaInterpMaxMemory 1K',                1, qr/LuaInterpMaxMemory: "1024" is too small/],
    ['LuaInterpMaxMemory 8M',                0, qr/Syntax OK/],
    ['LuaScope server 5 2',                  0, qr/\[lua:warn\].*LuaScope: the minimum "5" is above the maximum "2": both are taken as 5 \(\S+httpd\.conf:\d+\)/],
    ['LuaScope server 2 5',                  0, qr/\A(?!.*LuaScope).*Syntax OK/s],
);
for (@LINES) {
    my ($lines, $status, $said) = @$_;
    my ($got, $out) = TestHttpd::Lua->config_test(mpm => 'event', perl => 1, config => "$lines\n");
    is $got, $status, "httpd -t, $lines: " . ($status ? 'refused' : 'right');
    like $out, $said, '  and what it says';
}
my ($needed) = (TestHttpd::Lua->config_test(mpm => 'event', config => "LuaInterpMaxMemory 10\n"))[1] =~ /write (\d+)K or more/;
is +(TestHttpd::Lua->config_test(mpm => 'event', config => "LuaInterpMaxMemory ${needed}K\n"))[0], 0, 'what the message about the memory says is enough';

# exit in a handler of the start or of a child ends the handler alone, as with mod_perl, and the log says so.
my %modules = ('My/Start.pm' => "package My::Start;\nsub leaves { exit 3 }\nsub page { \$_[0]->print('served'); 0 }\nuse Apache2::RequestRec (); use Apache2::RequestIO ();\n1;\n");
my @PHASES = qw(OpenLogs PostConfig ChildInit ChildExit);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, modules => \%modules, scripts => { 'start.lua' => "function leaves() os.exit(3) end\n" },
        config => "PerlModule My::Start\nSetHandler modperl\nPerlResponseHandler My::Start::page\n" . join '', map { "Perl${_}Handler My::Start::leaves\nLua${_}Handler start.lua:leaves\n" } @PHASES);
    is $s->get('/')->{content}, 'served', 'the server serves';
    my $said = qr/called exit\(3\), which ends the handler and not the process/;
    $s->restart;
    for my $phase (@PHASES) {
        $s->log_like(qr/\[perl:warn\].*Perl${phase}Handler My::Start::leaves, \S+httpd\.conf:\d+: $said/, "exit in a handler of $phase is in the log");
        $s->log_like(qr/\[lua:warn\].*Lua${phase}Handler start\.lua:leaves, \S+httpd\.conf:\d+: $said/, '  os.exit in one in Lua');
    }
});

done_testing;
