# `+a.f +b.f` under AutoLoad ended the start: the line's text was taken for one handler. Every directive that names handlers, with
# several, a + and a - before each; in both languages.
use lib 't/lib';
use TestHttpd::Lua;

my $directives = slurp('docs/directives.md');
sub documented { my ($pattern) = @_; return $directives =~ /^## \\?<?($pattern)>?$/mg }

my %scripts = (
    map { ("$_.lua" => "log = (log or 0) + 1 function note(r) r.notes.ran = (r.notes.ran or '') .. '$_ ' return apache2.DECLINED end
        function handle(r) return note(r) end\nreturn { f = note, handler = note }\n") } qw(a b c d),
);
$scripts{'sub/e.lua'} = $scripts{'a.lua'} =~ s/a /e /r;
$scripts{'page.lua'} = "function handle(r) r:write(r.notes.ran or 'nothing') return apache2.OK end\n";
my @base = (scripts => \%scripts);
my $paths = qq(LuaPackagePath "\@lua\@/?.lua"\n);

# Server-level directives stand outside of sections.
my @outside = qw(LuaChildInitHandler LuaChildExitHandler LuaOpenLogsHandler LuaPostConfigHandler LuaPreConnectionHandler
    LuaInterpSpawnHandler LuaInterpInitHandler LuaInterpExitHandler LuaProcessConnectionHandler LuaConnectionHandler LuaPostReadRequestHandler LuaPreTranslateHandler LuaPreTranslateNameHandler LuaTransHandler LuaMapToStorageHandler);
my @lists = documented('Lua\w+Handler');
@lists = grep { !/^Lua(?:Map|Quick)Handler$/ } @lists;      # mod_lua's, with a file and a function
cmp_ok scalar(@lists), '>=', 15, scalar(@lists) . ' directives of Lua name lists of handlers';

sub in_place { my ($directive, $line) = @_; return (grep { $_ eq $directive } @outside) ? $line : "<Location /x>\n$line</Location>\n" }

sub starts {
    my ($config, $name) = @_;
    my ($status, $output) = TestHttpd::Lua->config_test(@base, config => $paths . $config);
    is($status, 0, $name) or diag $output;
}
sub refused {
    my ($config, $message, $name) = @_;
    my ($status, $output) = TestHttpd::Lua->config_test(@base, config => $paths . $config);
    is $status, 1, "$name ends the start" or diag $config;
    like $output, $message, '  and the message has the directive, the handler and the line';
}

for my $auto (qw(+ -)) {
    starts("LuaOptions ${auto}AutoLoad\n" . join('', map { in_place($_, "$_ +a.f +b.f c:f -d.f a.lua:note +b.lua:note b.lua\n") } @lists),
        "every directive, ${auto}AutoLoad: a + on some, a - on one");
}
starts("LuaOptions +AutoLoad\n" . join('', map { in_place($_, "$_ -none.f +b.f -there/is/none.lua:f\n") } @lists), 'a - is not looked for');
# Those of an interpreter's life are looked for in any case: when they run, there is nobody whom an error could be answered.
my ($of_lives, $others) = ([grep { /^LuaInterp/ } @lists], [grep { !/^LuaInterp/ } @lists]);
starts(join('', map { in_place($_, "$_ none.f there/is/none.lua\n") } @$others), 'without AutoLoad nor is what has no sign');
refused(in_place($_, "$_ none.f\n"), qr/$_: "none\.f" \(\S+:\d+\): cannot be resolved: module 'none\.f' not found/, "$_: a module that is missing, without a sign,") for @$of_lives;
starts("LuaOptions +AutoLoad\n<Location /x>\nLuaFixupHandler +a.f function(r) return apache2.OK end\n</Location>\n", 'a function that stands in the line comes last');

refused(in_place($_, "$_ a.f +b.f +none.f\n"), qr/$_: "none\.f" \(\S+:\d+\): cannot be resolved: module 'none\.f' not found/, "$_: a module that is missing, the third of three,") for @lists;
refused("<Location /x>\nLuaFixupHandler a.f +b.none\n</Location>\n", qr/LuaFixupHandler: "b\.none" \S+ cannot be resolved: module 'b' has no function 'none'/, 'a function that is missing');
refused("<Location /x>\nLuaFixupHandler a.f +b.lua:none\n</Location>\n", qr/LuaFixupHandler: "b\.lua:none" \S+ cannot be resolved: there is no function 'none' in \S+b\.lua/, 'a function that a file has not');
refused("LuaOptions +AutoLoad\n<Location /x>\nLuaFixupHandler a.f none.lua\n</Location>\n", qr/LuaFixupHandler: "none\.lua" \S+ cannot be resolved: cannot open \S+none\.lua/, 'a missing file under AutoLoad');
# A file is looked for under the LuaRoot of its section, wherever in it that stands.
starts("<Location /x>\nLuaFixupHandler +a.lua +e.lua\nLuaRoot \"\@lua\@/sub\"\n</Location>\n" =~ s/\+a\.lua //r, 'LuaRoot of a section');
refused("<Location /x>\nLuaFixupHandler +a.lua\nLuaRoot \"\@lua\@/sub\"\n</Location>\n", qr/LuaFixupHandler: "a\.lua"/, 'a file under another LuaRoot');

# Hooks and providers of mod_lua's: under AutoLoad they are handlers like any.
my @hooks = documented('LuaHook\w+');
cmp_ok scalar(@hooks), '>=', 10, scalar(@hooks) . ' hooks';
my %in_server = map { $_ => 1 } qw(LuaHookTranslateName LuaHookPreTranslate LuaHookPreTranslateName LuaHookMapToStorage);
starts("LuaOptions +AutoLoad\n" . join('', map { my $line = "$_ a.lua note\n$_ b.lua note" . (/TranslateName$|AccessChecker|CheckUserID|AuthChecker/ && !/PreTranslate/ ? " late" : "") . "\n<$_ f>\nfunction f(r) return apache2.DECLINED end\n</$_>\n";
        $in_server{$_} ? $line : "<Location /x>\n$line</Location>\n" } @hooks) . "LuaAuthzProvider who a.lua note\n", 'every hook under AutoLoad, and a provider');
refused("LuaOptions +AutoLoad\nLuaHookFixups a.lua note\nLuaHookFixups b.lua none\n", qr/LuaHookFixups: "b\.lua:none" \S+ cannot be resolved: there is no function 'none'/, 'a hook whose function is missing');
refused("LuaOptions +AutoLoad\n<LuaHookFixups none>\nfunction f(r) end\n</LuaHookFixups>\n", qr/LuaHookFixups: "\S+:none" \S+ cannot be resolved: there is no function 'none'/, 'a block that has not the function');
refused("LuaOptions +AutoLoad\nLuaAuthzProvider who a.lua none\n", qr/LuaAuthzProvider: "a\.lua:none" \S+ cannot be resolved/, 'a provider whose function is missing');

# What is named runs, in order, with whatever sign.
for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(@base, mpm => $mpm, config => $paths . <<'C');
LuaOptions +AutoLoad
LuaMapHandler ^/page @lua@/page.lua
<Location /page/one>
    LuaFixupHandler +a.f +b.f
</Location>
<Location /page/two>
    LuaFixupHandler -a.f b.f -c.lua +d.lua:note
</Location>
<Location /page/three>
    LuaRoot "@lua@/sub"
    LuaFixupHandler +e.lua
</Location>
C
    is $s->get('/page/one')->{content}, 'a b ', 'both with a +';
    is $s->get('/page/two')->{content}, 'a b c d ', 'those with a - are loaded when they are first called';
    like $s->get('/page/three')->{content}, qr/^e/, 'a file under its section\'s LuaRoot';
});

SKIP: {
    my $perl = eval { TestHttpd::slurp(TestHttpd::module_so()) =~ /\0perl_module\0/ };
    skip 'the module is built without Perl', 4 unless $perl;
    my %modules = map { ("My/$_.pm" => "package My::$_; use Apache2::RequestRec (); sub handler { 0 } sub run : method { 0 } 1;\n") } qw(A B C);
    my @perl = grep { !/^Perl(?:Map|(?:Input|Output)Filter)Handler$/ } documented('Perl\w+Handler');
    cmp_ok scalar(@perl), '>=', 19, scalar(@perl) . ' directives of Perl name lists of handlers';
    my $server = qr/^Perl(?:ChildInit|ChildExit|OpenLogs|PostConfig|Restart|PreConnection|ProcessConnection|PostReadRequest|Trans|MapToStorage|PreTranslate\w*|Quick|Interp\w+)Handler$/;
    my $lines = sub { my $words = shift; join '', map { /$server/ ? "$_ $words\n" : "<Location /x>\n$_ $words\n</Location>\n" } @perl };
    for my $auto ('', "PerlOptions +AutoLoad\n") {
        my ($status, $output) = TestHttpd->config_test(modules => \%modules, config => $auto . $lines->("+My::A +My::B->run -My::C -My::None +My::B"));
        is($status, 0, ($auto ? 'AutoLoad' : 'without AutoLoad') . ': all of Perl\'s, with a + and a -') or diag $output;
    }
    for my $directive (@perl) {
        my $line = "$directive My::A +My::B +My::None\n";
        my ($status, $output) = TestHttpd->config_test(modules => \%modules, config => $directive =~ $server ? $line : "<Location /x>\n$line</Location>\n");
        is $status, 1, "$directive: a module that is missing, the third of three, ends the start";
        like $output, qr/$directive: "My::None" \(\S+:\d+\): cannot be resolved/, '  and the message says which';
    }
    my $s = TestHttpd->start(modules => \%modules, config => "<Location /x>\nSetHandler modperl\nPerlFixupHandler -My::A -My::B\nPerlResponseHandler -My::C\n</Location>\n");
    is $s->get('/x')->{status}, 200, 'one with a - is loaded when it is first called';
}

done_testing;
