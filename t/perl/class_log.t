# PerlClassLog, LuaClassLog: what is logged of the requests of a class goes to a file of its own.
use lib 't/lib';
use TestHttpd::Lua;

my %scripts = (
    'warn.pl'   => q{print "Content-Type: text/plain\n\nok"; warn "warned in $ENV{QUERY_STRING}"},
    'die.pl'    => qq{die "died of it\\n";\n},
    'stderr.pl' => qq{print "Content-Type: text/plain\\n\\nok";\nprint STDERR "to STDERR\\n";\n},
    'log.pl'    => <<'P',
use Apache2::Const -compile => ':log';
my $r = shift;
print "Content-Type: text/plain\n\nok";
$r->log_error('by log_error');
$r->warn('by warn');
$r->log->error('by log->error');
$r->log_rerror('f.c', 7, Apache2::Const::LOG_ERR, 0, 'by log_rerror');
$r->log_reason('by log_reason');
$r->server->log_error('by the server');
P
    'client.pl' => <<'P',
use Apache2::Const -compile => ':log';
my $r = shift;
print "Content-Type: text/plain\n\n";
$r->log_rerror('f.c', 7, Apache2::Const::LOG_ERR | Apache2::Const::LOG_TOCLIENT, 0, 'for the client');
print $r->notes->get('error-notes');
P
    'page.lua' => qq{function handle(r)\n  r:err("by err")\n  r:puts("ok")\n  if r.args then error("Lua dies") end\n  return apache2.OK\nend\n},
);
my $CONF = <<'C';
LogLevel warn perl:trace2
PerlModule Apache2::Log Apache2::RequestUtil Apache2::ServerRec APR::Table
<Directory @root@/htdocs>
    Options +ExecCGI
    <Files "*.pl">
        SetHandler perl-class
    </Files>
</Directory>
<PerlInterpClass one>
    PerlClassLocation @root@/htdocs/one
    PerlClassLog var/one_log
</PerlInterpClass>
<PerlInterpClass two>
    PerlClassLocation @root@/htdocs/two
    PerlClassLog "|$exec cat >> @root@/var/two_log"
</PerlInterpClass>
<PerlInterpClass three>
    PerlClassLocation @root@/htdocs/three
</PerlInterpClass>
<LuaInterpClass l>
    LuaClassLocation @root@/htdocs/one
    LuaClassLog var/lua_log
</LuaInterpClass>
Listen 127.0.0.1:@port:formed@
<VirtualHost 127.0.0.1:@port:formed@>
    ErrorLogFormat "formed [%{interp}n] [%L] %M"
    ErrorLog @root@/formed_log
</VirtualHost>
C
my %files = map { my $dir = $_; map { ("htdocs/$dir/$_" => $scripts{$_}) } keys %scripts } qw(one two three none);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, config => $CONF, files => \%files);
    my $number = $s->is_threaded ? qr/[1-9]\d*/ : qr/\d+/;
    my $has = sub {
        my ($file, $re, $what) = @_;
        my $path = $s->root . "/$file";
        local $Test::Builder::Level = $Test::Builder::Level + 1;
        ok TestHttpd::wait_until(sub { TestHttpd::slurp($path) =~ $re }, 5), $what or diag "$file: ", TestHttpd::slurp($path), "\nerror_log: ", $s->log;
    };
    $s->expect_log(qr/three\/log\.pl|by |none/);

    is $s->get("/one/$_")->{status}, $_ eq 'die.pl' ? 500 : 200, "$_ is answered" for sort keys %scripts;
    my $line = sub { my ($script, $text) = @_; qr{^\[[^]]+\] \[perl:\w+\] \[pid \d+(?::tid \d+)?\] (?:\[client [^]]+\] )?\[one/$number\] \[\S+/htdocs/one/\Q$script\E\] \Q$text\E}m };
    $has->('var/one_log', $line->('warn.pl', 'warned in'), 'a warning: class, number and script, in the form of the error log');
    $has->('var/one_log', $line->('die.pl', 'died of it'), 'what a script dies of');
    $has->('var/one_log', $line->('stderr.pl', 'to STDERR'), 'what it prints to STDERR');
    $has->('var/one_log', $line->('log.pl', $_), $_) for 'by log_error', 'by warn', 'by log->error', 'by log_rerror', 'access to /one/log.pl failed for 127.0.0.1, reason: by log_reason', 'by the server';
    $has->('var/one_log', qr{\[perl:trace1\].*class one, interpreter $number, use}, 'and lines of the module about its requests');
    $has->('var/one_log', qr{\[perl:trace2\].*compiles \S+/htdocs/one/warn\.pl}, 'trace2 tells of scripts that are compiled');
    is $s->get('/one/client.pl')->{content}, 'for the client', 'what is for the client is the text alone';
    is $s->get('/one/page.lua?die')->{status}, 500, 'a script of Lua dies';
    $has->('var/lua_log', qr{\[lua:error\].*\[l/$number\] \[\S+/htdocs/one/page\.lua\] \S*by err}, 'LuaClassLog has what r:err logs');
    $has->('var/lua_log', qr{\[lua:error\].*page\.lua.*Lua dies}, 'and what it dies of');

    $s->get("/two/warn.pl?two");
    $s->get("/three/warn.pl?three");
    $s->get("/none/warn.pl?none");
    $has->('var/two_log', qr{\[two/$number\] \[\S+/two/warn\.pl\] warned in two}, 'a program has the lines of a class');
    $s->log_like(qr{\[perl:warn\] \[pid [^]]+\] (?:\[client [^]]+\] )?warned in three}, 'a class without such a line has the ErrorLog of its server, unchanged');
    $s->log_like(qr{\[perl:warn\] \[pid [^]]+\] (?:\[client [^]]+\] )?warned in none}, 'and so have scripts without a class');
    unlike $s->log, qr{htdocs/(?:one|two)/|died of it|to STDERR|by (?:log_|warn|err|the server)}, 'where nothing stands of the others';
    unlike TestHttpd::slurp($s->root . '/var/one_log'), qr/htdocs\/(?!one)|in (?:two|three|none)/, 'as in the log of a class';

    my $other = 'http://127.0.0.1:' . $s->port('formed');
    HTTP::Tiny->new->get("$other/$_/warn.pl?formed") for 'one', 'three';
    $has->('var/one_log', qr{^formed \[one/$number\] \[\S+\] warned in formed at \S+/one/warn\.pl line \d+}m, 'an ErrorLogFormat holds for it, with class, number and the request\'s id');
    $has->('formed_log', qr{^formed \[three/$number\] \[\S+\] warned in formed}m, 'as for the log of its server');
    unlike TestHttpd::slurp($s->root . '/formed_log'), qr{/one/}, 'which has no other lines';

    rename $s->root . "/var/$_", $s->root . "/var/$_.old" or diag "rename: $!" for 'one_log', 'lua_log';
    $s->graceful;
    $s->get('/one/warn.pl?again');
    $s->get('/one/page.lua');
    $s->get('/two/warn.pl?again');
    $has->('var/one_log', qr{\[one/$number\] \S+ warned in again}, 'a graceful restart opens the log anew');
    unlike TestHttpd::slurp($s->root . '/var/one_log.old'), qr/in again/, 'and the old file gets nothing more';
    $has->('var/lua_log', qr/by err/, 'in Lua, too');
    $has->('var/two_log', qr/in again/, 'and starts the program anew');
});

for (
    ['PerlClassLog', 'nosuch/dir/log', 'No such file or directory'],
    ['LuaClassLog', 'nosuch/dir/log', 'No such file or directory'],
    ['PerlClassLog', '|/no/such/program', 'the program cannot be started'],
) {
    my ($directive, $path, $why) = @$_;
    my ($tongue) = $directive =~ /^(Perl|Lua)/;
    my ($status, $log) = TestHttpd::Lua->start_fails(mpm => 'event', perl => 1, config => <<"C");
<${tongue}InterpClass c>
    ${tongue}ClassLocation /c
    $directive $path
</${tongue}InterpClass>
C
    ok $status, "$directive $path ends the start";
    like $log, qr/$directive: "\Q$path\E" \(\S+httpd\.conf:\d+\): \Q$why\E/, 'and the log has the line';
}

# At server level it is the log of the server's own interpreters, and of a class that says nothing.
my $s = TestHttpd::Lua->start(mpm => 'event', perl => 1, files => \%files, config => <<'C');
PerlClassLog var/own_log
<Directory @root@/htdocs>
    Options +ExecCGI
    <Files "*.pl">
        SetHandler perl-class
    </Files>
</Directory>
<PerlInterpClass three>
    PerlClassLocation @root@/htdocs/three
</PerlInterpClass>
<PerlInterpClass one>
    PerlClassLocation @root@/htdocs/one
    PerlClassLog var/one_log
</PerlInterpClass>
C
$s->get("/$_/warn.pl?$_") for qw(none three one);
ok TestHttpd::wait_until(sub { TestHttpd::slurp($s->root . '/var/one_log') =~ m{\[one/\d+\].* warned in one} }), 'a class has its own log';
my $own = TestHttpd::slurp($s->root . '/var/own_log');
like $own, qr{\[default/\d+\] \[\S+/none/warn\.pl\] warned in none}, 'the server\'s own interpreters have that of the server';
like $own, qr{\[three/\d+\] .*warned in three}, 'and so has a class that says nothing';
unlike $own . $s->log, qr/warned in one/, 'no line stands twice';

done_testing;
