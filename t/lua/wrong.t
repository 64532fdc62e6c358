# Wrong configurations: each is refused by `httpd -t`, with a message that begins with the directive and with the line it
# stands on. A row is [configuration, message, reason]; the line meant is the last one that ends in "#!"; with a reason
# mod_lua lets it pass. Messages are ours; of mod_lua only the refusal is tested.
use lib 't/lib';
use TestHttpd::Lua;

my $COUNT = qr/(?:takes|requires) /;
my $PLACE = qr/not allowed in|cannot occur within|belongs/;
my @HOOKS = qw(LuaHookPreTranslateName LuaHookTranslateName LuaHookMapToStorage LuaHookCheckUserID LuaHookTypeChecker LuaHookAccessChecker LuaHookAuthChecker LuaHookFixups LuaHookLog);
my @CASES = (
    # too few words, too many
    (map { ["$_ #!", qr/^$_\b.*$COUNT/m] } @HOOKS, qw(LuaRoot LuaPackagePath LuaPackageCPath LuaScope LuaInherit LuaCodeCache LuaQuickHandler LuaMapHandler LuaInputFilter LuaOutputFilter LuaAuthzProvider)),
    (map { ["$_ a.lua #!", qr/^$_\b.*$COUNT/m] } @HOOKS, 'LuaQuickHandler'),
    (map { ["$_ a.lua f late more #!", qr/^$_\b.*$COUNT/m] } @HOOKS, 'LuaQuickHandler'),
    # early and late are for some phases
    (map { ["$_ a.lua f late #!", qr/^$_\b.*$COUNT/m] } qw(LuaHookMapToStorage LuaHookTypeChecker LuaHookFixups LuaHookLog LuaQuickHandler LuaHookPreTranslateName), ours() ? qw(LuaHookPreTranslate LuaHookInsertFilter) : ()),
    (map { ["$_ a b #!", qr/^$_\b.*$COUNT/m] } qw(LuaRoot LuaPackagePath LuaPackageCPath LuaInherit LuaCodeCache)),
    ['LuaScope server 1 2 3 #!',                 qr/^LuaScope\b.*$COUNT/m],
    ['LuaMapHandler ^/x #!',                     qr/^LuaMapHandler\b.*$COUNT/m],
    ['LuaMapHandler ^/x a.lua f more #!',        qr/^LuaMapHandler\b.*$COUNT/m],
    (map { ["$_ name a.lua #!", qr/^$_\b.*$COUNT/m], ["$_ name a.lua f more #!", qr/^$_\b.*$COUNT/m] } qw(LuaInputFilter LuaOutputFilter LuaAuthzProvider)),
    # words
    ['LuaScope forever #!',                      qr/^LuaScope: "forever" is (?:none of|not) .*once.*request.*conn.*thread.*server/m],
    ['LuaScope server many #!',                  qr/^LuaScope: "many" is not a number/m, 'it reads 0'],
    ['LuaScope server 1 many #!',                qr/^LuaScope: "many" is not a number/m, 'it reads 0'],
    ['LuaScope server -1 #!',                    qr/^LuaScope: "-1" /m, 'it reads a very large number'],
    ['LuaInherit parents #!',                    qr/^LuaInherit: "parents" is (?:none of|not) .*none.*parent-first.*parent-last/m],
    ['LuaCodeCache sometimes #!',                qr/^LuaCodeCache: "sometimes" is (?:none of|not) .*stat.*forever.*never/m],
    (map { ["$_ a.lua f sometimes #!", qr/^$_: "sometimes" is (?:none of|not|neither) .*early.*late/m] } qw(LuaHookTranslateName LuaHookAccessChecker LuaHookAuthChecker)),
    ['LuaHookCheckUserID a.lua f sometimes #!',  qr/^LuaHookCheckUserID: "sometimes" is (?:none of|not|neither) .*early.*late/m, 'it looks at no third word'],
    ['LuaMapHandler ( a.lua #!',                 qr/^LuaMapHandler: "\(" is (?:not a|no) regular expression/m],
    ['LuaMapHandler ^/[x a.lua f #!',            qr/^LuaMapHandler: "\^\/\[x" is (?:not a|no) regular expression/m],
    (ours ? () : ['LuaHookInsertFilter a.lua f #!', qr/^LuaHookInsertFilter\b/m]),       # not made in mod_lua
    # places
    (map { my $d = $_; map { ["$_\n$d #!\n" . s/<(\w+).*/<\/$1>/r, qr/^@{[ $d =~ m{^(\w+)} ]}\b.*$PLACE/m] } '<Directory />', '<Files x>' }
        'LuaHookTranslateName a.lua f', 'LuaQuickHandler a.lua f', 'LuaInputFilter n a.lua f', 'LuaOutputFilter n a.lua f'),
    ["<Location /x>\nRequire nothing_of_that_name #!\n</Location>", qr/nothing_of_that_name/],
    # blocks
    ["<LuaHookFixups f #!\nfunction f(r) end\n</LuaHookFixups>", qr/LuaHookFixups.*missing closing '>'/],
    ["<LuaHookTranslateName f sometimes> #!\nfunction f(r) end\n</LuaHookTranslateName>", qr/^<?LuaHookTranslateName>?\b.*(?:early.*late)/m],
    ["<LuaHookFixups f>\nfunction f(r)\n  local = 5 #!\nend\n</LuaHookFixups>", qr/^(?:<?LuaHookFixups|Lua Error).*unexpected symbol|'?<name>'? expected/m],
    ["<LuaHookFixups f>\nfunction f(r) #!\n</LuaHookFixups>", qr/'end' expected/],
    ["<LuaHookFixups f> #!\nfunction f(r) return 0 end\n", qr/LuaHookFixups.*(?:not closed|without|missing|<\/LuaHookFixups>)/, 'it reads to the end of the file'],
    # names
    ['LuaScpoe once #!',                         qr/^Invalid command 'LuaScpoe'/m],
    ['LuaHookTranslate a.lua f #!',              qr/^Invalid command 'LuaHookTranslate'/m],
    ['LuaHandler a.lua #!',                      qr/^Invalid command 'LuaHandler'/m],
);
# What looks odd and is right.
my @RIGHT = (
    'LuaScope server 5 2', 'LuaScope server 0 0', 'LuaScope server 3', 'LuaScope once 1 2', 'LuaInherit Parent-First', 'LuaCodeCache NEVER', 'LuaPackagePath relative/?.lua',
    'LuaHookFixups not_there.lua f', 'LuaMapHandler .* $1.lua $2', "<Location /x>\nLuaMapHandler ^/x a.lua\n</Location>", "<Location /x>\nLuaHookTranslateName a.lua f early\n</Location>",
    "<Directory />\nLuaHookFixups a.lua f\nLuaScope conn\nLuaInherit none\nLuaCodeCache stat\nLuaPackagePath /x/?.lua\n</Directory>", "<Files x>\nLuaHookTypeChecker a.lua f\n</Files>",
    "<VirtualHost *:80>\nLuaQuickHandler a.lua f\nLuaRoot /x\nLuaOutputFilter n a.lua f\n</VirtualHost>", 'LuaHookAccessChecker a.lua f EARLY', 'LuaHookAuthChecker a.lua f Late',
    'LuaHookCheckUserID a.lua f early', "LuaAuthzProvider n a.lua f\n<Location /x>\nRequire n 1 2 3\n</Location>",
    "<IfModule mod_lua.c>\nLuaScope once\n</IfModule>\n<IfModule !mod_lua.c>\nNonsense\n</IfModule>", "<IfModule lua_module>\nLuaScope once\n</IfModule>\n<IfModule !lua_module>\nNonsense\n</IfModule>",
);
push @RIGHT, "<Directory />\nLuaMapHandler ^/x a.lua\n</Directory>", 'LuaHookPreTranslate a.lua f' if ours;     # as its manual says, and mod_lua does not
cmp_ok scalar(@CASES), '>=', 40, 'at least 40 wrong configurations: ' . @CASES;

# Four at once: each is a process of its own.
my @all = ((map { $_->[0] } @CASES), @RIGHT);
my %answer;
for my $list (TestHttpd->parallel(4, sub {
    my $n = shift;
    map { [$_, TestHttpd::Lua->config_test(config => $all[$_] =~ s/ #!//r . "\n")] } grep { $_ % 4 == $n } 0 .. $#all;
})) {
    ref $list ? do { $answer{ $_->[0] } = $_ for @$list } : fail "a child: $list";
}
for my $i (0 .. $#CASES) {
    my ($config, $message, $passes) = @{ $CASES[$i] };
    my (undef, $status, $output, $first) = @{ $answer{$i} || [] };
    my $name = $config =~ s/ #!//r =~ s/\n/ | /gr;
    my ($before) = $config =~ /^(.*)#!/s;
    my $line = $first + ($before =~ tr/\n//);
    local our $TODO = "mod_lua: $passes" if $passes && !ours;
    ok $status, "$name: refused" or next;
    like $output, qr/\b$line\b/, "  line $line" unless !ours && $config =~ /^</m && $config =~ /Hook.*>/;
    like $output =~ s/^\S+: Syntax error on line \d+ of [^:]*: //r, $message, '  message' if ours;     # httpd's form while it reads
}
for my $i (0 .. $#RIGHT) {
    my (undef, $status, $output) = @{ $answer{ @CASES + $i } };
    is $status, 0, 'right: ' . $RIGHT[$i] =~ s/\n/ | /gr or diag $output;
}

done_testing;
