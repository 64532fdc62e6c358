# The commands of the guides that look for .htaccess files which end with an error here find each kind of them, in any case.
use lib 't/lib';
use TestHttpd;
use File::Path qw(make_path);

plan skip_all => 'needs GNU find and grep' unless `find --version 2>/dev/null` =~ /GNU/ && `grep --version` =~ /GNU/;

my %lines = (
    'migration.md' => {
        found => ['PerlResponseHandler My::H', 'perlresponsehandler My::H', '  PERLMODULE X', 'PerlRequire x.pl', 'PerlSetEnv LD_PRELOAD x',
            'perlsetenv PATH /x', 'PerlOptions +MergeHandlers', 'perloptions +SetupEnv +mergehandlers', 'PerlLogHandler sub{}'],
        not => ['PerlSetVar a b', '# PerlModule X', 'PerlOptions +SetupEnv', 'Require valid-user', 'SetEnv a b'],
    },
    'lua.md' => {
        found => ['LuaHookFixups a.lua f', 'luamaphandler ^/x x.lua', '<LuaHookLog f>', 'SetHandler lua-script', 'addhandler LUA-SCRIPT .x', 'LuaRoot /x',
            'luapackagepath /x', 'LuaInherit none'],
        not => ['LuaScope once', 'LuaCodeCache never', 'LuaSetVar a b'],
    },
);
for my $page (sort keys %lines) {
    my ($command) = slurp(TestHttpd::top() . "/docs/$page") =~ m{^ +(find /var/www -name \.htaccess .*)$}m;
    ok $command, "docs/$page has a command" or next;
    my $folder = File::Temp->newdir;
    $command =~ s{/var/www}{$folder};
    for my $kind (qw(found not)) {
        for my $line (@{ $lines{$page}{$kind} }) {
            spew("$folder/.htaccess", "# a comment\n$line\n");
            my $said = `$command`;
            is $said, $kind eq 'found' ? "$folder/.htaccess\n" : '', "docs/$page: $line" . ($kind eq 'found' ? '' : ' is fine');
        }
    }
}
done_testing;
