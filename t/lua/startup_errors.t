# An error in Lua while the server starts ends the start, with the directive, its file and line, and Lua's own message;
# `httpd -t` finds it before a restart does.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'directives that mod_lua does not have') unless ours;

my %SCRIPTS = (
    'dies.lua'       => 'error("start-up code died")',
    'syntax.lua'     => "local x = \n= 1",
    'object.lua'     => 'error(setmetatable({}, { __tostring = function() return "an object was thrown" end }))',
    'nothing.lua'    => 'error()',
    'my/dies.lua'    => 'error("module died")',
    'my/plain.lua'   => 'return { page = 1 }',
);
my @CASES = (
    ['LuaRequire @lua@/dies.lua',                 qr/dies\.lua:1: start-up code died/],
    ['LuaRequire @lua@/syntax.lua',               qr/syntax\.lua:2: unexpected symbol/],
    ['LuaRequire @lua@/object.lua',               qr/an object was thrown/],
    ['LuaRequire @lua@/nothing.lua',              qr/LuaRequire/],
    ['LuaRequire @lua@/missing.lua',              qr/missing\.lua/],
    ['LuaModule my.dies',                         qr/module died/],
    ['LuaModule my.missing',                      qr/module 'my\.missing' not found/],
    ['LuaResponseHandler +my.missing',            qr/my\.missing/],
    ['LuaResponseHandler +my.plain.page',         qr/my\.plain/],
    ['LuaResponseHandler function(r) return + end', qr/unexpected symbol/],
    ['LuaMapHandler "^/(" dies.lua',              qr/"\^\/\(" is no regular expression/],
    ["<LuaHookFixups f>\nfunction f(r) return == end\n</LuaHookFixups>", qr/unexpected symbol/],
);

my %config = map { $_->[0] => "LuaPackagePath \@lua\@/?.lua\n# a line\n$_->[0]\n" } @CASES;
for my $case (@CASES) {
    my ($line, $message) = @$case;
    my ($directive) = $line =~ /(\w+)/;
    my ($status, $log) = TestHttpd::Lua->start_fails(scripts => \%SCRIPTS, config => $config{$line});
    (my $name = $line) =~ s/\n.*//s;
    ok $status, "$name ends the start";
    like $log, $message, '  with the message of Lua';
    like $log, qr/\Q$directive\E/, '  naming the directive';
    like $log, qr/line \d+ of .*httpd\.conf|httpd\.conf(?::| line )\d+/, '  and file and line';
    my ($checked) = TestHttpd::Lua->config_test(scripts => \%SCRIPTS, config => $config{$line});
    ok $checked, '  httpd -t finds it, too';
}
my ($status, $output) = TestHttpd::Lua->config_test(scripts => { 'ok.lua' => 'checked = true' }, config => "LuaRequire \@lua\@/ok.lua\n");
is $status, 0, 'what is right passes' or diag $output;

done_testing;
