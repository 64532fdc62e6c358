# LuaHook*: which phases there are and in which order, what a return value means, several hooks in one phase, early and
# late, inheritance, where they may stand. A row is [name, path, status, trace or content]; the configuration beside it.
use lib 't/lib';
use TestHttpd::Lua;

# Functions for any phase: each adds its name to a note, which the page shows.
my $HOOKS = <<'L';
require "apache2"
local function add(r, name) r.notes.trace = (r.notes.trace or "") .. name .. " " end
for _, name in ipairs{"a", "b", "c", "d", "pre", "translate", "storage", "access", "user", "auth", "type", "fixup", "early", "middle", "late"} do
  _G[name] = function(r) add(r, name) return apache2.DECLINED end
end
function ok(r) add(r, "ok") return apache2.OK end
function done(r) add(r, "done") r.content_type = "text/plain" r:puts("done here") return apache2.DONE end
function forbid(r) add(r, "forbid") return 403 end
function gone(r) return 410 end
function moved(r) r.headers_out.Location = "/there" return apache2.HTTP_MOVED_TEMPORARILY end
function digits(r) add(r, "digits") return "-1" end
function float(r) add(r, "float") return -1.0 end
function two(r) add(r, "two") return apache2.DECLINED, 403 end
function nothing(r) add(r, "nothing") end
function none(r) return nil end
function yes(r) return true end
function word(r) return "OK" end
function tab(r) return {} end
function boom(r) error("went wrong") end
function is_me(r) add(r, "is_me") r.user = "me" return apache2.OK end
function to_page(r) add(r, "to_page") r.filename = r.document_root .. "/page.lua" return apache2.OK end
function to_uri(r) r.uri = "/page.lua" return apache2.DECLINED end
function to_type(r) r.content_type = "text/x-hooked" return apache2.OK end
function to_handler(r) r.handler = "lua-script" return apache2.OK end
function logged(r) local f = io.open("@var@/logged", "a") f:write(r.uri, " ", ("%d"):format(r.status), " ", r.notes.trace or "", "\n") f:close() return apache2.OK end
function unlogged(r) return apache2.DONE end
function seen(r) r.notes.trace = (r.notes.trace or "") .. r.uri .. " " return apache2.DECLINED end
L
my $PAGE = 'function handle(r) r.content_type = "text/plain" r:puts(r.notes.trace or "nothing") return apache2.OK end';

my (@ROWS, $CONF);
$CONF = <<'C';
<VirtualHost 127.0.0.1:@port@>
    ServerName main
    DocumentRoot "@root@/htdocs"
</VirtualHost>
C
# One virtual host for each row, with the directives; its /page.lua is asked for. What concerns users is in a <Location>.
sub row {
    my ($name, $directives, $status, $content, %opt) = @_;
    my $host  = 'row' . @ROWS;
    my @lines = ref $directives ? @$directives : $directives;
    my $inner = join '', map { "        $_\n" } grep { /^(?:Auth|Require|LuaHook(?:CheckUser|Auth))/ } @lines;
    my $outer = join '', map { "    $_\n" } grep { !/^(?:Auth|Require|LuaHook(?:CheckUser|Auth))/ } @lines;
    $CONF .= qq(<VirtualHost 127.0.0.1:\@port\@>\n    ServerName $host\n    DocumentRoot "\@root\@/htdocs"\n    LuaRoot "\@lua\@"\n$outer);
    $CONF .= ($inner ? "    <Location />\n$inner    </Location>\n" : '') . "</VirtualHost>\n";
    push @ROWS, [$name, $opt{at} || '/page.lua', $status, $content, %opt, host => $host];
}

my @USER = ('AuthType Here', 'AuthName x', 'Require valid-user');
row('no hook', '', 200, 'nothing');
row('pre_translate_name', 'LuaHookPreTranslateName hooks.lua pre', 200, 'pre ');
row('translate_name', 'LuaHookTranslateName hooks.lua translate', 200, 'translate ');
row('map_to_storage', 'LuaHookMapToStorage hooks.lua storage', 200, 'storage ');
row('access_checker', 'LuaHookAccessChecker hooks.lua access', 200, 'access ');
row('check_user_id and auth_checker', ['LuaHookCheckUserID hooks.lua is_me', 'LuaHookAuthChecker hooks.lua ok', @USER], 200, 'is_me ok ');
row('auth_checker that leaves it to httpd', ['LuaHookCheckUserID hooks.lua is_me', 'LuaHookAuthChecker hooks.lua auth', @USER], 200, 'is_me auth ');
row('they are not asked where nobody need be known', ['LuaHookCheckUserID hooks.lua user', 'LuaHookAuthChecker hooks.lua auth'], 200, 'nothing');
row('type_checker', 'LuaHookTypeChecker hooks.lua type', 200, 'type ');
row('fixups', 'LuaHookFixups hooks.lua fixup', 200, 'fixup ');
row('all in their order', [(map { "LuaHook$_->[0] hooks.lua $_->[1]" } ['Fixups', 'fixup'], ['TypeChecker', 'type'], ['AuthChecker', 'auth'], ['CheckUserID', 'is_me'], ['AccessChecker', 'access'],
    ['MapToStorage', 'storage'], ['TranslateName', 'translate'], ['PreTranslateName', 'pre']), @USER], 200, 'pre translate storage access is_me auth type fixup ');
row('the name that the manual has', 'LuaHookPreTranslate hooks.lua pre', 200, 'pre ', ours => 1) if ours;   # mod_lua knows only LuaHookPreTranslateName

for my $phase (qw(TranslateName MapToStorage AccessChecker TypeChecker Fixups)) {
    my $hook = "LuaHook$phase hooks.lua";
    row("$phase: one after the other while they decline", ["$hook a", "$hook b", "$hook a"], 200, 'a b a ');
    row("$phase: a status ends the request", ["$hook a", "$hook forbid", "$hook b"], 403, qr/Forbidden/);
    row("$phase: any status does", "$hook gone", 410, undef);
    row("$phase: a redirect", "$hook moved", 302, undef);
    row("$phase: a number as text", ["$hook digits", "$hook b"], 200, 'digits b ');
    row("$phase: a whole float", ["$hook float", "$hook b"], 200, 'float b ');
    row("$phase: only the first value counts", ["$hook two", "$hook b"], 200, 'two b ');
    row("$phase: $_->[0] is no answer", "$hook $_->[1]", 500, qr/Internal Server Error/, log => qr/numeric|number/) for ['nothing', 'nothing'], ['nil', 'none'], ['true', 'yes'], ['a word', 'word'], ['a table', 'tab'];
    row("$phase: an error", "$hook boom", 500, sub { unlike $_[0]{content}, qr/went wrong/, "$phase: nothing of an error reaches the client" if ours }, log => qr/went wrong/);
    row("$phase: a missing function", "$hook no_such", 500, qr/Internal Server Error/, log => qr/no_such/);
    row("$phase: a missing file", "LuaHook$phase no_such.lua a", 500, qr/Internal Server Error/, log => qr/no_such\.lua/);
}
for my $case (['PreTranslateName'], ['CheckUserID', @USER], ['AuthChecker', 'LuaHookCheckUserID hooks.lua is_me', @USER]) {
    my ($phase, @more) = @$case;
    my $hook = "LuaHook$phase hooks.lua";
    row("$phase: a status", ["$hook a", "$hook gone", "$hook b", @more], 410, undef);
    row("$phase: no value is no answer", ["$hook nothing", @more], 500, undef, log => qr/numeric|number/);
    row("$phase: an error", ["$hook boom", @more], 500, undef, log => qr/went wrong/);
    row("$phase: a missing function", ["$hook no_such", @more], 500, undef, log => qr/no_such/);
}
row('an error of a log hook comes too late for the client', 'LuaHookLog hooks.lua boom', 200, undef, log => qr/went wrong/);
row('OK of fixups lets no further Lua hook run', ['LuaHookFixups hooks.lua ok', 'LuaHookFixups hooks.lua b'], 200, 'ok ');
row('DONE of fixups is the whole answer', ['LuaHookFixups hooks.lua done', 'LuaHookFixups hooks.lua b'], 200, 'done here');
row('DONE of map_to_storage is the whole answer', 'LuaHookMapToStorage hooks.lua done', 200, 'done here');
row('OK of translate_name takes the file named', 'LuaHookTranslateName hooks.lua to_page', 200, 'to_page ', at => '/none');
row('a uri set there is what httpd looks for', 'LuaHookTranslateName hooks.lua to_uri early', 200, 'nothing', at => '/none');
row('pre_translate_name sees the uri as it was sent', 'LuaHookPreTranslateName hooks.lua seen', 200, qr{/page\.lua/%20x $}, at => '/page.lua/%20x');
row('translate_name sees it decoded', 'LuaHookTranslateName hooks.lua seen', 200, qr{/page\.lua/ x $}, at => '/page.lua/%20x');
row('type_checker gives the type', 'LuaHookTypeChecker hooks.lua to_type', 200, sub { is $_[0]{headers}{'content-type'}, 'text/x-hooked', 'type_checker gives the type' }, at => '/plain.unknown');
row('fixups gives the handler', 'LuaHookFixups hooks.lua to_handler', 200, 'nothing', at => '/page.script');
for my $phase (qw(TranslateName AccessChecker)) {
    my $hook = "LuaHook$phase hooks.lua";
    row("$phase: early, unmarked, late", ["$hook late late", "$hook middle", "$hook early early", "$hook b EARLY"], 200, 'early b middle late ');
}
row('AuthChecker: early, unmarked, late', ['LuaHookCheckUserID hooks.lua is_me', (map { "LuaHookAuthChecker hooks.lua $_" } 'late late', 'middle', 'early early'), @USER], 200, qr/^is_me early middle (?:late )?$/);
row('an early hook that says OK comes before all others', ['LuaHookTranslateName hooks.lua to_page early', 'LuaHookTranslateName hooks.lua a'], 200, 'to_page ');
# text in the configuration
row('a block with the name of its function', ['<LuaHookFixups inside>', 'function inside(r) r.notes.trace = "inside " return apache2.DECLINED end', '</LuaHookFixups>'], 200, 'inside ');
row('a block without a name gives its function, r is global', ['<LuaHookFixups>', 'return function() r.notes.trace = "unnamed " return -1 end', '</LuaHookFixups>'], 200, 'unnamed ');
row('and its argument', ['<LuaHookFixups>', 'return function(r) r.notes.trace = "unnamed " return -1 end', '</LuaHookFixups>'], 200, 'unnamed ', wrong => 'the function is called without the request');
row("a block in $_", ["<LuaHook$_ inside>", 'function inside(r) r.notes.trace = "inside " return apache2.DECLINED end', "</LuaHook$_>"], 200, 'inside ') for qw(TranslateName PreTranslateName MapToStorage AccessChecker TypeChecker);
row('a block that is early', ['LuaHookTranslateName hooks.lua a', '<LuaHookTranslateName inside early>', 'function inside(r) r.notes.trace = "inside " return apache2.DECLINED end', '</LuaHookTranslateName>'], 200, 'inside a ');
row('an error in a block names the line', ['<LuaHookFixups inside>', 'function inside(r)', 'error("in block")', 'end', '</LuaHookFixups>'], 500, undef, log => qr/httpd\.conf.*in block/);

# inheritance and places
$CONF .= <<'C' . (ours ? "LuaOptions +Htaccess\n" : '');
Alias /inh "@root@/htdocs"
<Location /inh/>
    LuaHookFixups hooks.lua a
</Location>
<LocationMatch ^/inh/(default|none|first|last)/>
    LuaHookFixups hooks.lua b
</LocationMatch>
<Location /inh/none/>
    LuaInherit none
    LuaHookFixups hooks.lua c
</Location>
<Location /inh/first/>
    LuaInherit parent-first
    LuaHookFixups hooks.lua c
</Location>
<Location /inh/last/>
    LuaInherit parent-last
    LuaHookFixups hooks.lua c
</Location>
<Directory "@root@/htdocs/dir">
    LuaHookFixups hooks.lua a
    <Files page.lua>
        LuaHookFixups hooks.lua b
    </Files>
</Directory>
<Directory "@root@/htdocs/ht">
    AllowOverride All
    LuaHookFixups hooks.lua a
</Directory>
<Location /log>
    LuaHookLog hooks.lua logged
</Location>
<Location /log/off>
    LuaHookLog hooks.lua unlogged
    LuaInherit none
</Location>
CustomLog "@root@/access_log" "%U"
<VirtualHost 127.0.0.1:@port@>
    ServerName hooked.org
    LuaRoot "@lua@"
    DocumentRoot "@root@/htdocs"
    LuaHookFixups hooks.lua d
</VirtualHost>
C
my @PLACES = (
    ['a place inherits, the outer comes first', '/inh/default/page.lua', 200, 'a b '],
    ['LuaInherit none',         '/inh/none/page.lua', 200, 'c '],
    ['LuaInherit parent-first', '/inh/first/page.lua', 200, 'a b c '],
    ['LuaInherit parent-last',  '/inh/last/page.lua', 200, 'c a b '],
    ['<Directory> and <Files>', '/dir/page.lua', 200, 'a b '],
    ['.htaccess',               '/ht/page.lua', 200, 'a b '],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, scripts => { 'hooks.lua' => $HOOKS }, files => {
        (map { ("htdocs/$_" . 'page.lua' => $PAGE) } '', 'dir/', 'ht/', 'inh/', 'inh/default/', 'inh/none/', 'inh/first/', 'inh/last/', 'default/', 'none/', 'first/', 'last/', 'log/', 'log/off/'),
        'htdocs/page.script' => $PAGE, 'htdocs/plain.unknown' => 'text', 'htdocs/ht/.htaccess' => "LuaHookFixups hooks.lua b\n",
    });
    $s->expect_log(qr/\[(?:lua|perl|interp)[^:]*:(?:error|crit)\]/);
    for my $row (@ROWS, @PLACES) {
        my ($name, $path, $status, $content, %opt) = @$row;
        local our $TODO = "mod_lua: $opt{wrong}" if $opt{wrong} && !ours;
        my $answer = $s->get($path, Host => $opt{host} || 'main');
        if ($answer->{status} != $status) { is $answer->{status}, $status, "$name: status" or diag $answer->{content}; next }
        if    (ref $content eq 'CODE') { $content->($answer) }
        elsif (ref $content)           { like $answer->{content}, $content, $name }
        elsif (defined $content)       { is $answer->{content}, $content, $name }
        else                           { pass $name }
        $s->log_like($opt{log}, "$name: log") if $opt{log};
    }
    is $s->get('/page.lua', Host => 'hooked.org')->{content}, 'd ', 'a virtual host has its own';
    is $s->get('/page.lua', Host => 'main')->{content}, 'nothing', 'which others do not have';
    is $s->get('/inh/page.lua', Host => 'hooked.org')->{content}, 'd a ', 'places of the main server are in it';
    $s->get($_, Host => 'main') for '/log/page.lua', '/log/none', '/log/off/page.lua', '/log/page.lua/last';
    ok wait_until(sub { slurp($s->root . '/access_log') =~ m{/last$}m && 3 <= (() = slurp($s->root . '/var/logged') =~ /\n/g) }, 20), 'requests are logged';
    # Sorted: each process logs behind its answer.
    is join('', sort split /^/m, slurp($s->root . '/var/logged')), "/log/none 404 \n/log/page.lua 200 \n/log/page.lua/last 200 \n", 'a log hook sees uri and status';
    unlike slurp($s->root . '/access_log'), qr{/log/off}, 'DONE of a log hook keeps a request out of the log';
});

done_testing;
