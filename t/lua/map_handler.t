# LuaMapHandler PATTERN FILE [FUNCTION]: addresses that lead to functions; $0 to $9 stand for captures.
use lib 't/lib';
use TestHttpd::Lua;

my %SCRIPTS = (
    'one.lua' => <<'L',
function handle(r) r:puts("one.handle") return apache2.OK end
function show(r) r:puts("one.show ", r.uri) return apache2.OK end
function show_it(r) r:puts("one.show_it") return apache2.OK end
function decline(r) r.notes.declined = "yes" return apache2.DECLINED end
function after(r) r:puts("after ", r.notes.declined or "none") return apache2.OK end
function status(r) return 403 end
function nothing(r) r:puts("no value") end
function word(r) r:puts("a word") return "yes" end
function boom(r) r:puts("half ") error("mapped error") end
function info(r) r:puts(r.handler or "nil", "|", tostring(r.filename), "|", r.args or "") return apache2.OK end
L
    'two.lua'     => 'function handle(r) r:puts("two.handle") return apache2.OK end function show(r) r:puts("two.show") return apache2.OK end',
    'sub/xy.lua'  => 'function handle_a_b(r) r:puts("sub.xy a b") return apache2.OK end',
    'all-12.lua'  => 'function f9(r) r:puts("nine") return apache2.OK end',
    'syntax.lua'  => 'function handle(r',
);
my $CONF = <<'C';
LuaMapHandler ^/plain$ one.lua
LuaMapHandler ^/named$ one.lua show
LuaMapHandler ^/absolute$ "@lua@/two.lua" show
LuaMapHandler ^/m/(\w+)/(\w+)$ $1.lua $2
LuaMapHandler ^/x/(x)(y)/(\w)/(\w)$ sub/$1$2.lua handle_$3_$4
LuaMapHandler ^/n/(1)(2)(3)(4)(5)(6)(7)(8)(9)$ all-$1$2.lua f$9
LuaMapHandler ^/zero$ one.lua$7 show$8_it
LuaMapHandler two\.page one.lua show
LuaMapHandler ^/opt/(a)?(b)$ $2.lua$1
LuaMapHandler ^/chain one.lua decline
LuaMapHandler ^/chain one.lua after
LuaMapHandler ^/declined$ one.lua decline
LuaMapHandler ^/status$ one.lua status
LuaMapHandler ^/nothing$ one.lua nothing
LuaMapHandler ^/word$ one.lua word
LuaMapHandler ^/boom$ one.lua boom
LuaMapHandler ^/info one.lua info
LuaMapHandler ^/nofile$ none.lua
LuaMapHandler ^/nofunction$ one.lua not_there
LuaMapHandler ^/syntax$ syntax.lua
LuaMapHandler ^/[Cc]ase$ two.lua
LuaMapHandler ^/dollar$ one.lua show
<Location /loc>
    LuaMapHandler ^/loc/(\w+)$ $1.lua
</Location>
FallbackResource /fallback.txt
C
my @ROWS = (
    ['the function is handle if none is named', '/plain', 200, 'one.handle'],
    ['a function by name',           '/named', 200, 'one.show /named'],
    ['a file by its full path',      '/absolute', 200, 'two.show'],
    ['captures in file and function', '/m/one/show', 200, 'one.show /m/one/show'],
    ['another file',                 '/m/two/show', 200, 'two.show'],
    ['another function',             '/m/two/handle', 200, 'two.handle'],
    ['several captures in a word',   '/x/xy/a/b', 200, 'sub.xy a b'],
    ['nine captures',                '/n/123456789', 200, 'nine'],
    ['a capture that is none is nothing', '/zero', 200, 'one.show_it'],
    ['a pattern without anchors',    '/deep/two.page/x', 200, 'one.show /deep/two.page/x'],
    ['one that declines lets the next go on', '/chain', 200, 'after yes'],
    ['case matters',                 '/case', 200, 'two.handle'],
    ['unless the pattern says so',   '/CASE', 200, 'fallback'],
    ['a status',                     '/status', 403, qr/Forbidden/],
    ['no value is OK',               '/nothing', 200, 'no value'],
    ['a text is OK',                 '/word', 200, 'a word'],
    ['arguments and file name',      '/info/x?a=1', 200, qr{^.*\|/.*/htdocs/info\|a=1$}],
    ['the pattern sees the uri without arguments', '/plain?x', 200, 'one.handle'],
    ['a place may have its own',     '/loc/two', 200, 'two.handle'],
    ['a missing file',               '/nofile', ours ? 404 : 500, undef],
    ['a missing function',           '/nofunction', 500, undef],
    ['a script that is wrong',       '/syntax', 500, undef],
    ['nothing that matches',         '/unmapped', 200, 'fallback'],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, scripts => \%SCRIPTS, files => { 'htdocs/fallback.txt' => 'fallback', 'htdocs/there.txt' => 'there' });
    $s->expect_log(qr/\[(?:lua|perl|interp):(?:error|crit)\]/);
    for my $row (@ROWS) {
        my ($name, $path, $status, $content) = @$row;
        my $answer = $s->get($path);
        if ($answer->{status} != $status) { is $answer->{status}, $status, "$name: status" or diag $answer->{content}; next }
        ref $content ? like $answer->{content}, $content, $name : !defined $content ? pass $name : is $answer->{content}, $content, $name;
    }
    $s->log_like(qr/none\.lua/, 'a missing file is named in the log');
    $s->log_like(qr/not_there/, 'a missing function too');
    $s->log_like(qr/word|did not return/i, 'a handler without a number is warned of');
    is $s->post('/plain', 'x=1')->{content}, 'one.handle', 'POST is handled as well';
    is $s->head('/plain')->{status}, 200, 'HEAD too';
    is $s->get('/there.txt')->{content}, 'there', 'files are still there';
    my $boom = $s->get('/boom');
    is $boom->{status}, 500, 'an error raised is a 500';
    $s->log_like(qr/one\.lua:\d+: mapped error/, 'with file and line in the log');
    unlike $boom->{content}, qr/mapped error/, 'and not at the client' if ours;     # mod_lua shows it
});

done_testing;
