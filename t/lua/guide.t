# The examples of README.md, docs/lua.md, docs/migration.md, docs/operations.md and docs/testing.md, as they stand there; docs/perl.md
# is t/perl/manual.t. Every block of these pages is run, or stands in @SHOWN with what it is.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::WebSocket;

plan skip_all => 'says what this module does' unless ours;
plan skip_all => 'the examples are for both languages' unless TestHttpd::slurp(TestHttpd::module_so()) =~ /perl_module/;

# What no test runs here: commands for a shell and lines, which t/harness/make.t, t/config/check.t, t/net/scale.t and t/bugs/htaccess_found.t have; lines of a log; lists.
my @SHOWN = (
    qr/\Agit clone <this repository>/, qr/\Amake(?: && sudo make install)?\n(?:sudo make install\n)?(?:sudo mod_interp-check.*\n)?sudo a2dismod/, qr/\Amake FEATURES=/, qr/\Afind \/var\/www /,
    qr/\Asudo a2dismod mod_interp_perl/, qr{\A(?:LoadModule perl_module \S+|PerlOptions \+Htaccess)\n\z}, qr/\A(?:\[perl:error\]|C module 'cjson')/,
    qr/\APerlInterpMaxWait: no interpreter/, qr/\Ahttpd -t && /, qr/\Amake t /, qr/\Amake asan /, qr/\ATestHttpd->start\(/, qr/\Ascripts => /, qr/\A\['captures'/, qr/\Afuzz\/api /, qr/\A\$ sudo mod_interp-check /, qr/\APerlInterpTokenFile /, qr/\Ascrape_configs:/, qr/\Ahead -c 18 /,
);

# The blocks of a page, without their indentation.
sub blocks {
    my ($page) = @_;
    my @blocks;
    my $text = slurp(TestHttpd::top() . "/$page");
    while ($text =~ /^```\w+\n(.*?)^```$|(^ {4,6}\S[^\n]*\n(?:^ {4,}[^\n]*\n|^\n(?= {4}))*)/msg) {
        my $block = $1 // $2;
        my ($indent) = $block =~ /^( *)/;
        push @blocks, $block =~ s/^$indent//mgr =~ s/\n+\z/\n/r;
    }
    return @blocks;
}

my %block;
for my $page (qw(README.md docs/lua.md docs/migration.md docs/operations.md docs/testing.md docs/security.md)) {
    push @{ $block{$page} }, grep { my $block = $_; !grep { $block =~ $_ } @SHOWN } blocks($page);
}
# The only block of a page that looks like this, which is then done.
my $take = sub {
    my ($page, $like) = @_;
    my ($at) = grep { $block{$page}[$_] =~ $like } 0 .. $#{ $block{$page} };
    die "$page: no block is like $like\n" unless defined $at;
    return splice @{ $block{$page} }, $at, 1;
};

my $readme = $take->('README.md', qr/Hello from/);
my ($hello_conf, $hello, $shop_conf, $shop, $both, $error, $database, $socket, $watched) = map { $take->('docs/lua.md', $_) } qr/^LuaMapHandler \^\/hello\$/m, qr/Hello from/,
    qr/LuaModule shop/, qr/local shop/, qr/PerlAccessHandler My::Access/, qr/attempt to index/, qr/dbacquire/, qr/wsupgrade/, qr/WatchGlobals:/;
my ($words_conf, $words) = map { $take->('docs/lua.md', $_) } qr/^\s*LuaConnectionHandler/m, qr/220 say a line/;
my ($filter_conf, $filters, $authz_conf, $authz) = map { $take->('docs/lua.md', $_) } qr/^LuaOutputFilter shout/m, qr/^function shout/m, qr/^LuaAuthzProvider token/m, qr/^function token/m;
my $end   = $take->('docs/migration.md', qr/^END/m);
my @flush = map { $take->($_, qr/\AFlushMaxThreshold/) } 'docs/migration.md', 'docs/operations.md';
my $test  = $take->('docs/testing.md', qr/for_each_mpm/);
is_deeply \%block, { map { $_ => [] } keys %block }, 'every block is run, or named with the reason';

my $here = sub { join '', map { s{/srv/lua}{\@lua\@}gr =~ s{^LoadModule.*\n}{}mgr } @_ };
my ($open) = $database =~ /^(local db, why = r:dbacquire\("sqlite3", )/ or die 'the example opens a database of SQLite';
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1,
        scripts => { 'loud.lua' => 'function handle(r) r:puts("you said ", r.method == "POST" and r:requestbody() or "nothing") return 0 end',
            'members.lua' => 'function handle(r) r:puts("come in") return 0 end', 'filters.lua' => $filters, 'authz.lua' => $authz, 'words.lua' => $words, 'hello.lua' => $hello, 'readme.lua' => $readme, 'shop.lua' => $shop, 'socket.lua' => $socket, 'page.lua' => 'function handle(r) r:puts("both") return apache2.OK end',
            'database.lua' => "function handle(r) ${open}\"\@var\@/shop.db\") r:puts(db and 'open' or why) return apache2.OK end",
            'fails.lua' => "local function look(item)\n  return item.price\nend\nfunction handle(r)\n  return look(nil) + 1\nend",
            'watched.lua' => "function handle(r) total = 1 r:puts('x') return apache2.OK end" },
        modules => { 'My/Access.pm' => "package My::Access;\nuse Apache2::RequestRec ();\nuse APR::Table ();\nsub handler { \$_[0]->args && \$_[0]->args eq 'no' ? 403 : 0 }\n1;\n",
            'My/End.pm' => "package My::End;\nsub cleanup { open my \$f, '>>', '\@var\@/ended'; print \$f \"\$\$\\n\" }\n${end}1;\n" },
        config => $here->($hello_conf, $shop_conf, $both, $filter_conf, $authz_conf, @flush) . $here->($words_conf) =~ s/\b2525\b/\@port:words\@/gr . <<'C');
LogLevel lua:info
PerlModule My::End
PerlAccessHandler My::Access
LuaMapHandler ^/readme$ "@lua@/readme.lua"
LuaMapHandler ^/socket$ socket.lua
LuaMapHandler ^/database$ database.lua
LuaMapHandler ^/fails$ fails.lua
LuaMapHandler ^/loud$ loud.lua
LuaMapHandler ^/members$ members.lua
LuaMapHandler ^/watched$ watched.lua
<Location /watched>
    LuaOptions +WatchGlobals
</Location>
C
    my $answers = sub { my ($path, $want, $name) = @_; like $s->get($path)->{content}, qr/\A$want\z/, $name };
    $answers->('/hello',  'Hello from Lua\S* [\d.]+, 127\.0\.0\.1\n', 'the first page of the guide');
    $answers->('/readme', 'Hello from Lua\S* [\d.]+\n',               'that of the README');
    $answers->('/shop',   "the shop\n",                               'handlers in a module');
    $s->log_like(qr/\[lua:info\] .*shop: \/shop$/m, 'whose log handler stands in the line');
    $s->expect_log(qr{AH01630: client denied by server configuration: \S*/members});
    $answers->('/loud', "YOU SAID NOTHING!\n", 'an output filter');
    is $s->post('/loud', "a  body\n\twith   blanks")->{content}, "YOU SAID A BODY WITH BLANKS!\n", 'one of input in front of it';
    is $s->get('/members')->{status}, 403, 'a provider of authorization';
    is $s->get('/members', 'X-Token' => 'open-up')->{content}, 'come in', 'that lets in who says one of its words';
    $answers->('/both', 'both', 'a page with handlers of both languages');
    is $s->get('/both?no')->{status}, 403, 'of which the one in Perl may refuse it';
    my $ws = TestHttpd::WebSocket->connect($s, '/socket');
    ok $ws->is_upgraded, 'the WebSocket' or diag $ws->{status};
    $ws->send_frame(text => 'some text');
    is $ws->next, 'text some text', 'sends a message back';
    SKIP: {
        skip 'APR has no driver for SQLite (libaprutil1-dbd-sqlite3)', 1 unless grep { -e } glob '/usr/lib/*/apr-util-1/apr_dbd_sqlite3*.so';
        $answers->('/database', 'open', 'a database');
    }
    is $s->get('/fails')->{status}, 500, 'an error';
    $s->log_like(qr/fails\.lua:2: attempt to index ${\(jit ? "local 'item' \\(a nil value\\)" : "a nil value \\(local 'item'\\)")} \(LuaMapHandler \S+fails\.lua\)$/m, 'is in the log as the guide shows it');
    like $error, qr/attempt to index a nil value \(local 'item'\) \(LuaMapHandler \/srv/, '(which shows this one)';
    $s->log_like(qr/\] stack traceback:$/m, 'with its traceback');
    $answers->('/watched', 'x', 'a global that nobody declared');
    $s->log_like(qr/LuaOptions WatchGlobals: \S+watched\.lua:1: global 'total'$/m, 'is told as the guide shows it');
    like $watched, qr/\ALuaOptions WatchGlobals: \S+:12: global 'total'$/, '(which shows this one)';
    my $client = $s->socket($s->port('words'));
    print {$client} "one and two\r\nQuit\r\n";
    is join('', <$client>) =~ tr/\r//dr, "220 say a line\n250 3 words\n", 'a protocol of its own';
    close $ws->{socket};
    my ($var, $pid) = ($s->root . '/var', $s->pid);
    $s->terminate;
    $s->wait_ended;
    my %ended = map { $_ => 1 } split /\n/, slurp("$var/ended");
    is join(' ', keys %ended), $pid, 'an END block that asks for its process runs in that one alone';
});

# The example of docs/testing.md is a test by itself.
my $file = File::Temp->new(TEMPLATE => 'example.XXXXXX', TMPDIR => 1, SUFFIX => '.t');
print $file $test;
close $file;
my $said = do { local $ENV{T_MPM} = 'event'; delete local $ENV{HARNESS_ACTIVE}; qx{cd \Q${\TestHttpd::top()}\E && $^X $file 2>&1} };
is $?, 0, 'the test that docs/testing.md shows passes' or diag $said;
like $said, qr/ok \d+ - the handler answers/, 'and says so';

done_testing;
