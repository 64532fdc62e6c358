# What went wrong in a phase where httpd heeds OK alone let the request in: a ForceAuthn handler that died, refused, or found no interpreter.
# A Lua output filter for which no interpreter came free closed the connection without an answer. Number keys of httpd's tables were
# written in Lua, and not found again.
use lib 't/lib';
use TestHttpd::Lua;

for_each_mpm('event', sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, load => ['authn_file'], modules => { 'My/F.pm' => <<'P' }, files => { 'lua/up.lua' => <<'L', 'htdocs/p/page.txt' => "secret\n" }, config => "PerlModule My::F\n" . join('', map { "<Location /p/$_>\n    PerlForceAuthnHandler My::F::$_\n</Location>\n" } qw(yes no dies bad)) . <<'C');
package My::F;
sub yes  { 0 }
sub no   { -1 }
sub dies { die "broken\n" }
sub bad  { 403 }
sub busy { sleep 3; 0 }
1;
P
function up(r) coroutine.yield() while bucket do coroutine.yield(bucket:upper()) end end
L
PerlInterpMax 1
PerlInterpMaxWait 1s
LuaInterpMax 1
LuaInterpMaxWait 1s
<LocationMatch ^/p/>
    AuthType Basic
    AuthName x
    AuthBasicProvider file
    AuthUserFile @root@/none
    Require all granted
</LocationMatch>
AliasMatch ^/p/ @root@/htdocs/p/page.txt
<Location /p/lua>
    LuaForceAuthnHandler "function(r) error('broken') end"
</Location>
<Location /busy>
    SetHandler modperl
    PerlResponseHandler My::F::busy
</Location>
<Location /busylua>
    SetHandler lua
    LuaResponseHandler "function(r) r:usleep(3000000) return 0 end"
</Location>
LuaOutputFilter UP up.lua up
Alias /filtered @root@/htdocs/p/page.txt
<Location /filtered>
    SetOutputFilter UP
</Location>
<Location /keys>
    SetHandler lua
    LuaResponseHandler "function(r) r.notes[5] = 'five' r:puts(tostring(r.notes[5]), tostring(r.notes['5'])) return 0 end"
</Location>
C
    $s->expect_log(qr/broken|came free|traceback|in function|\[C\]/);
    is $s->get('/p/no')->{status}, 200, 'DECLINED lets in without a user';
    is $s->get("/p/$_")->{status}, 401, "'$_' asks for one" for qw(yes dies bad lua);
    is $s->get('/keys')->{content}, 'fivefive', 'a number is a key of a table';
    is $s->get('/filtered')->{content}, "SECRET\n", 'the filter works';
    for my $case (['/busy', '/p/yes', 401, 'without an interpreter, too'], ['/busylua', '/filtered', 503, 'a page that cannot be filtered is not there now']) {
        my ($keeps, $path, $status, $name) = @$case;
        my $pid = $s->background(sub { $s->get($keeps) });
        select undef, undef, undef, 0.5;
        my $answer = $s->get($path);
        is $answer->{status}, $status, $name;
        ok !$answer->{headers}{'retry-after'}, 'without a stray Retry-After' if $status != 503;
        waitpid $pid, 0;
    }
});
done_testing;
