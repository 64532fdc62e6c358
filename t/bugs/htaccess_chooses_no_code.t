# Whoever may write a .htaccess chooses no code: lua-script is a handler like any other to httpd, and many directives of its
# classes FileInfo, Options, Indexes, AuthConfig and Limit name handlers, types or filters. What the server's own configuration
# chose runs on, whatever else such a file says. The table is that of docs/security.md.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_lua runs code from .htaccess: an intended difference' unless ours;

my @MODULES = grep { TestHttpd::have_httpd_module($_) }
    qw(access_compat rewrite negotiation actions include headers autoindex setenvif filter expires authz_core authn_file asis speling
       substitute ext_filter deflate ratelimit session dav mime_magic proxy allowmethods cern_meta imagemap usertrack userdir request reflector data buffer sed);
my $EVIL = "function handle(r) r.content_type = 'text/plain' r:puts('R', 'AN ', r.uri) return apache2.OK end\n";

# The name of a folder, its .htaccess, and what to ask for if it is not evil.txt.
my @NO_CODE = (
    [sethandler   => 'SetHandler lua-script'],
    [upper        => 'SetHandler LUA-SCRIPT'],
    [expr         => 'SetHandler "expr=lua-script"'],
    [exprvar      => 'SetHandler "expr=lua-%{QUERY_STRING}"', 'evil.txt?script'],
    [addhandler   => 'AddHandler lua-script .txt'],
    [addtype      => 'AddType lua-script .txt'],
    [typeparam    => 'AddType "lua-script;q=1" .txt'],
    [forcetype    => 'ForceType lua-script'],
    [if           => qq(<If "true">\nSetHandler lua-script\n</If>)],
    [else         => qq(<If "false">\n</If>\n<Else>\nSetHandler lua-script\n</Else>)],
    [files        => qq(<Files "evil.*">\nSetHandler lua-script\n</Files>)],
    [filesmatch   => qq(<FilesMatch "evil">\nForceType lua-script\n</FilesMatch>)],
    [nested       => qq(<IfModule mod_mime.c>\n<Files "evil.*">\n<If "true">\nAddHandler lua-script .txt\n</If>\n</Files>\n</IfModule>)],
    [rewriteh     => "RewriteEngine on\nRewriteRule . - [H=lua-script]"],
    [rewriteg     => "RewriteEngine on\nRewriteRule ^(.*)\$ - [H=%{QUERY_STRING}]", 'evil.txt?lua-script'],
    [rewritet     => "RewriteEngine on\nRewriteRule . - [T=lua-script]"],
    [rewriteif    => qq(<If "true">\nRewriteEngine on\nRewriteRule . - [H=lua-script]\n</If>)],
    [rewriteto    => "RewriteEngine on\nRewriteRule ^x\$ evil.txt [H=lua-script]\nRewriteRule evil - [H=lua-script]", 'x'],
    [dirindex     => "DirectoryIndex evil.txt\nSetHandler lua-script\n<Files evil.txt>\nSetHandler lua-script\n</Files>", ''],
    [fallback     => "FallbackResource /fallback/evil.txt\nAddHandler lua-script .txt", 'nothing'],
    [errordoc     => "ErrorDocument 404 /errordoc/evil.txt\nAddHandler lua-script .txt", 'nothing'],
    [action       => "Action mine /action/evil.txt\nAddHandler lua-script .txt\nAddHandler mine .my", 'a.my'],
    [multiviews   => "Options +MultiViews\nAddHandler lua-script .txt", 'evil'],
    [typemap      => "AddHandler type-map .var\nAddHandler lua-script .txt", 'm.var'],
    [typemaptype  => "AddHandler type-map .var", 'm.var'],
    [ssi          => "Options +Includes\nAddOutputFilter INCLUDES .shtml\nAddHandler lua-script .txt", 'p.shtml'],
    [sethandlerlua => 'SetHandler lua'],
    [magic        => "AddType lua-script .none\nRemoveHandler .txt\nRemoveType .txt", 'evil.none'],
    [langs        => "AddHandler lua-script .de\nAddLanguage de .de", 'evil.txt.de'],
    [acceptpath   => "SetHandler lua-script\nAcceptPathInfo On", 'evil.txt/x/y'],
    [setenvif     => "SetEnvIf Request_URI . handler=lua-script\nSetHandler \"expr=%{reqenv:handler}\""],
    [headersetc   => "Header set X-Handler lua-script\nRequestHeader set X-Handler lua-script\nSetHandler \"expr=%{req:X-Handler}\"", 'evil.txt', [ 'X-Handler' => 'lua-script' ]],
    [options      => "Options +ExecCGI +Includes\nAddHandler lua-script .txt"],
    [auth         => "Satisfy any\nRequire all granted\nSetHandler lua-script"],
    [limit        => "Order allow,deny\nAllow from all\nSetHandler lua-script"],
    [overfilter   => "SetOutputFilter lua-script"],
    [speling      => "CheckSpelling on\nAddHandler lua-script .txt"],
    [typesindir   => "AddType lua-script .txt\nDefaultType none"],
);
# What the server has chosen runs, in the folder named so, whatever its .htaccess says.
my @SERVERS_CODE = (
    [s_plain      => "Options -Indexes", 'page.lua'],
    [s_type       => "AddType text/x-own .txt\nForceType text/x-own", 'page.lua'],
    [s_rewrite    => "RewriteEngine on\nRewriteRule ^front page.lua [L]", 'front/x'],
    [s_index      => "DirectoryIndex page.lua", ''],
    [s_fallback   => "FallbackResource /s_fallback/page.lua", 'nothing'],
    [s_errordoc   => "ErrorDocument 404 /s_errordoc/page.lua", 'nothing', 404],
    [s_views      => "Options +MultiViews\nAddType text/html .lua", 'page'],
    [s_again      => "SetHandler lua-script", 'page.lua'],
    [s_if         => qq(<If "true">\nHeader set X-A b\n</If>), 'page.lua'],
    [s_ssi        => "Options +Includes\nAddOutputFilter INCLUDES .shtml", 'page.shtml'],
    [s_extension  => "AddType text/x-own .txt", 'a.slua'],
    [s_location   => "AddType text/x-own .txt", 'evil.txt'],
    [s_iflocation => "AddType text/x-own .txt", 'evil.txt'],
    [s_rule       => "AddType text/x-own .txt", 'evil.txt'],
    [s_dirrule    => "AddType text/x-own .txt", 'evil.txt'],
    [s_forced     => "AddType text/x-own .txt", 'evil.txt'],
    [s_script     => "AddType text/x-own .txt", 'evil.txt'],
    [s_addconfig  => "AddType text/x-own .txt", 'evil.txt'],
);
# Refused with 500 and the line to add.
my %REFUSED = (
    LuaInherit         => "LuaInherit none",
    LuaHookFixups      => "LuaHookFixups /a.lua f",
    LuaHookAccessChecker => "LuaHookAccessChecker /a.lua f",
    LuaFixupHandler    => "LuaFixupHandler /a.lua",
    LuaResponseHandler => "LuaResponseHandler /a.lua",
    LuaMapHandler      => "LuaMapHandler . /a.lua",
    LuaRoot            => "LuaRoot /tmp",
    LuaPackagePath     => "LuaPackagePath /tmp/?.lua",
    LuaPackageCPath    => "LuaPackageCPath /tmp/?.so",
    LuaRequire         => "LuaRequire /a.lua",
    LuaModule          => "LuaModule a",
    LuaOptions         => "LuaOptions -MergeHandlers",
    PerlOptions        => "PerlOptions -MergeHandlers",
    PerlSetEnv         => "PerlSetEnv LD_PRELOAD /tmp/evil.so",
    PerlResponseHandler => "PerlResponseHandler My::Other",
    PerlFixupHandler   => "PerlFixupHandler My::Other",
    PerlInitHandler    => "PerlInitHandler My::Other",
    PerlModule         => "PerlModule POSIX",
    PerlRequire        => "PerlRequire /a.pl",
);
# Not for .htaccess at all.
my %NOT_THERE = (
    LuaInputFilter => "LuaInputFilter F /a.lua f", LuaOutputFilter => "LuaOutputFilter F /a.lua f", LuaAuthzProvider => "LuaAuthzProvider p /a.lua f",
    LuaQuickHandler => "LuaQuickHandler /a.lua f", LuaHookTranslateName => "LuaHookTranslateName /a.lua f",
    PerlConfigRequire => "PerlConfigRequire /a.pl", PerlPostConfigRequire => "PerlPostConfigRequire /a.pl", Perl => "Perl exit", '<Perl' => "<Perl>\nexit\n</Perl>",
    PerlAddAuthzProvider => "PerlAddAuthzProvider p My::Other", PerlAddAuthnProvider => "PerlAddAuthnProvider p My::Other", PerlSwitches => "PerlSwitches -w",
    PerlTransHandler => "PerlTransHandler My::Other", PerlPassEnv => "PerlPassEnv A",
);

my %files = (
    'htdocs/action/a.my' => '', 'htdocs/multiviews/x' => '', 'htdocs/ssi/p.shtml' => '<!--#include virtual="evil.txt" -->',
    'htdocs/typemap/m.var' => "URI: evil.txt\nContent-Type: text/plain\n\n", 'htdocs/typemaptype/m.var' => "URI: evil.txt\nContent-Type: lua-script\n\n",
    'htdocs/magic/evil.none' => $EVIL, 'htdocs/langs/evil.txt.de' => $EVIL,
    'htdocs/s_ssi/page.shtml' => '<!--#include virtual="page.lua" -->', 'htdocs/s_extension/a.slua' => $EVIL,
);
for my $case (@NO_CODE, @SERVERS_CODE) {
    $files{"htdocs/$case->[0]/.htaccess"} = "$case->[1]\n";
    $files{"htdocs/$case->[0]/$_"} = $EVIL for qw(evil.txt page.lua);
}
for my $lines (\%REFUSED, \%NOT_THERE) {
    for (keys %$lines) {
        my $dir = "r_" . tr/<//dr;
        $files{"htdocs/$dir/.htaccess"} = "$lines->{$_}\n";
        $files{"htdocs/$dir/page.lua"}  = $EVIL;
    }
}
# Hooks of the server that a .htaccess would switch off.
$files{'htdocs/guarded/secret.html'} = $files{'htdocs/guarded/open.html'} = 'the page';
$files{'htdocs/guarded/.htaccess'} = "LuaScope once\nLuaCodeCache never\nLuaSetVar a b\nSetHandler none\n";
# The same lines naming Perl's handler: the requested file is never code to that.
for my $case (@NO_CODE) {
    my $dir = "p_$case->[0]";
    $files{"htdocs/$dir/$_"} = qq(print "RA" . "N\\n";\n) for qw(evil.txt page.lua);
    $files{"htdocs/$dir/.htaccess"} = ($case->[1] =~ s/lua-script/perl-script/gir) . "\n";
}
# Scripts of the server that a .htaccess may ask for: filters and providers by name, and Perl's response handler.
$files{'htdocs/filtered/.htaccess'} = "SetOutputFilter SHOUT\n";
$files{'htdocs/filtered/a.html'}    = 'quiet';
my %FILTERED = (
    f_add => "AddOutputFilter SHOUT .html\n", f_files => qq(<Files "a.*">\nSetOutputFilter SHOUT\n</Files>\n),
    f_none_bytype => "AddOutputFilterByType SHOUT text/html\n", f_none_chain => qq(FilterDeclare loud\nFilterProvider loud SHOUT "true"\nFilterChain loud\n),
);
for (keys %FILTERED) {
    $files{"htdocs/$_/.htaccess"} = $FILTERED{$_};
    $files{"htdocs/$_/a.html"}    = 'quiet';
}
$files{'htdocs/required/.htaccess'} = "Require servers-own yes\n";
$files{'htdocs/required/a.html'}    = 'let in';
$files{'htdocs/perl/.htaccess'}     = "SetHandler perl-script\n";
$files{'htdocs/perl/a.txt'}         = 'print "RAN\n";';
$files{'htdocs/noperl/.htaccess'}   = "SetHandler perl-script\n";
$files{'htdocs/noperl/a.txt'}       = 'print "RAN\n";';
my %scripts = (
    'acc.lua'    => "function check(r) if r.uri:find('secret') then return 403 end return apache2.DECLINED end",
    'fix.lua'    => "function choose(r) r.handler = 'lua-script' return apache2.OK end\n"
        . "function config(r) r:add_config({'SetHandler lua-script'}) return apache2.OK end",
    'filter.lua' => "function shout(r) coroutine.yield() while bucket do coroutine.yield(bucket:upper()) end end",
    'authz.lua'  => "function let(r, what) return what == 'yes' and apache2.AUTHZ_GRANTED or apache2.AUTHZ_DENIED end",
);
my %modules = ('My/Server.pm' => <<'P');
package My::Server;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print("the server's handler"); 0 }
1;
P
my $CONF = <<'C';
LuaOutputFilter SHOUT filter.lua shout
LuaAuthzProvider servers-own authz.lua let
AddHandler lua-script .slua
PerlModule My::Server
<Directory "@root@/htdocs">
    AllowOverride All
    Options FollowSymLinks
</Directory>
<Directory "@root@/htdocs/guarded">
    LuaInherit none
    LuaHookAccessChecker acc.lua check
</Directory>
<Directory "@root@/htdocs/perl">
    PerlResponseHandler My::Server
</Directory>
<Location /s_location>
    SetHandler lua-script
</Location>
<LocationMatch "^/s_ifloc">
    <If "true">
        SetHandler lua-script
    </If>
</LocationMatch>
RewriteEngine on
RewriteRule ^/s_rule/ - [H=lua-script]
<Directory "@root@/htdocs/s_dirrule">
    RewriteEngine on
    RewriteRule . - [H=lua-script]
</Directory>
<Directory "@root@/htdocs/s_forced">
    ForceType lua-script
</Directory>
<Directory "@root@/htdocs/s_script">
    LuaHookFixups fix.lua choose
</Directory>
<Directory "@root@/htdocs/s_addconfig">
    LuaHookAccessChecker fix.lua config
</Directory>
C

sub server {
    my ($mpm, %opt) = @_;
    return TestHttpd::Lua->start(mpm => $mpm, perl => 1, load => \@MODULES, scripts => \%scripts, modules => \%modules, files => \%files, %opt);
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = server($mpm, config => $CONF);
    $s->expect_log(qr/is not run: a \.htaccess file chose this/, qr/\.htaccess: /, qr/AH01264|AH01276|AH00687|AH00690|AH01797|AH00124|AH00663|AH01630|AH00082/, qr/include:error/);
    for my $case (@NO_CODE) {
        my ($dir, undef, $path, $headers) = @$case;
        my $answer = $s->get("/$dir/" . (defined $path ? $path : 'evil.txt'), $headers ? (@$headers) : ());
        unlike $answer->{content}, qr/^RAN/m, "$dir: no code ($answer->{status})";
    }
    for my $case (@NO_CODE) {
        my $answer = $s->get("/p_$case->[0]/evil.txt" . (($case->[2] // '') =~ /(\?.*)/ ? $1 =~ s/lua-//r =~ s/lua/perl/r : ''));
        unlike $answer->{content}, qr/^RAN/m, "p_$case->[0]: no code ($answer->{status})";
    }
    $s->mark_log;
    is $s->get('/sethandler/evil.txt')->{status}, 500, 'a file that is to be a script is an error';
    $s->log_like(qr{SetHandler lua-script: \S*/htdocs/sethandler/evil\.txt is not run: a \.htaccess file chose this.*"LuaOptions \+Htaccess"}, '  and the log says which line to add');
    for my $case (@SERVERS_CODE) {
        my ($dir, undef, $path, $status) = @$case;
        my $answer = $s->get("/$dir/$path");
        is $answer->{status}, $status || 200, "$dir: runs";
        like $answer->{content}, qr/^RAN/m, "  $dir";
    }
    for my $name (sort keys %REFUSED) {
        $s->mark_log;
        is $s->get("/r_$name/page.lua")->{status}, 500, "$name: refused";
        my $language = $name =~ /^Lua/ ? 'Lua' : 'Perl';
        $s->log_like(qr/\.htaccess: $name: .*"${language}Options \+Htaccess"/, '  and the log says which line to add');
    }
    for my $name (sort keys %NOT_THERE) {
        is $s->get("/r_" . ($name =~ tr/<//dr) . "/page.lua")->{status}, 500, "$name: not in .htaccess";
    }
    is $s->get('/guarded/secret.html')->{status}, 403, "hooks of the server run on, though harmless lines stand in .htaccess beside its LuaInherit none";
    is $s->get('/guarded/open.html')->{content}, 'the page', '  and let pass what they let pass';
    is $s->get('/filtered/a.html')->{content}, 'QUIET', "SetOutputFilter may name a script that the server made a filter";
    is $s->get("/$_/a.html")->{content}, /none/ ? 'quiet' : 'QUIET', "  $_" for sort keys %FILTERED;
    is $s->get('/required/a.html')->{content}, 'let in', 'Require may name a provider of the server';
    is $s->get('/perl/a.txt')->{content}, "the server's handler", "SetHandler perl-script runs the server's PerlResponseHandler";
    unlike $s->get('/noperl/a.txt')->{content}, qr/^RAN/, '  and never the file';

    my $allowed = server($mpm, config => "LuaOptions +Htaccess\nPerlOptions +Htaccess\n$CONF");
    $allowed->expect_log(qr/./);
    like $allowed->get("/$_->[0]/" . (defined $_->[2] ? $_->[2] : 'evil.txt'))->{content}, qr/^RAN/m, "LuaOptions +Htaccess: $_->[0] runs"
        for grep { $_->[0] =~ /^(?:sethandler|addtype|if|rewriteh|files)$/ } @NO_CODE;
    is $allowed->get('/r_LuaInherit/page.lua')->{status}, 200, '  and LuaInherit is obeyed';
});

done_testing;
