# InterpDict: dictionaries that all processes and both languages share. The rows are tried on each place where entries can be.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use TestHttpd::Redis;
use Time::HiRes qw(time sleep);

plan skip_all => 'says what this module does' unless ours && TestHttpd::has_perl();

# What scripts are asked: code over $d and d, whose values are shown as Lua shows them.
my $MODULE = <<'P';
package My::Dict;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use ModInterp::Dict ();
use Time::HiRes ();
our @names = qw(@names@);
sub show { map { my $v = $_; !defined $v ? 'nil' : builtin_bool($v) ? ($v ? 'true' : 'false') : ref $v eq 'ARRAY' ? '[' . join(' ', sort @$v) . ']' : "$v" } @_ }
sub builtin_bool { no warnings; return builtin::is_bool($_[0]) }
sub handler {
    my $r = shift;
    my ($name, $code) = ($r->args, '');
    1 while $r->read($code, 8192, length $code);
    my $d = eval { $r->dict($name) };
    my $sub = eval "no warnings; sub { my (\$r, \$d) = \@_; $code }" or die $@;
    my @shown = eval { show($sub->($r, $d)) };
    my $died = $@ =~ s/ at .*//sr =~ s/^(?:\w+::)+\w+: //r;
    $r->content_type('text/plain');
    $r->print($died ? "died: $died" : join ',', @shown);
    return 0;
}
sub job { ModInterp::Dict->new($_)->incr('job') for @names }
sub start { my (undef, undef, undef, $s) = @_; ModInterp::Dict->new('shared')->set(start => 'code'); return 0 }
1;
P
my $LUA = <<'L';
local function show(...)
  local out = {}
  for i, v in ipairs(table.pack(...)) do out[i] = v end
  for i = 1, select("#", ...) do
    local v = (select(i, ...))
    if type(v) == "table" then local c = {} for _, k in ipairs(v) do c[#c + 1] = k end table.sort(c) v = "[" .. table.concat(c, " ") .. "]" end
    out[i] = tostring(v)
  end
  return table.concat(out, ",")
end
function handle(r)
  local ok, d = pcall(r.dict, r, r.args)
  local f = assert(load("local r, d = ... " .. r:requestbody(), "=code"))
  local got = table.pack(pcall(f, r, d))
  r.content_type = "text/plain"
  if got[1] then r:puts(show(table.unpack(got, 2, got.n))) else r:puts("died: " .. tostring(got[2]):gsub("^code:%d+: ", ""):gsub("^%a[%a_]*: ", ""):gsub("\n.*", "")) end
  return apache2.OK
end
L

# Name; Perl; Lua; what both answer. Each begins with a dictionary without entries.
my @ROWS = (
    ['a value of each kind stays what it was', q{$d->set(t => 'x'); $d->set(n => 42); $d->set(f => 1.5); $d->set(b => !!1); $d->set(c => !!0); $d->set(m => -9223372036854775807); map { $d->get($_) } qw(t n f b c m none)},
        q{d:set("t", "x") d:set("n", 42) d:set("f", 1.5) d:set("b", true) d:set("c", false) d:set("m", -9223372036854775807) return d:get("t"), d:get("n"), d:get("f"), d:get("b"), d:get("c"), d:get("m"), d:get("none")}, 'x,42,1.5,true,false,-9223372036854775807,nil'],
    ['text that looks like something else is text', q{my @t = ('42', '-1', '1.5', '1e9', '', "\0t", '007', 'inf', 'nan', '2026-01-01', '9999999999999999999'); $d->set("k$_" => $t[$_]) for 0 .. $#t; (map { $d->get("k$_") eq $t[$_] } 0 .. $#t), eval { $d->incr('k0') } // $@ =~ /not a number/},
        q{local t = {"42", "-1", "1.5", "1e9", "", "\0t", "007", "inf", "nan", "2026-01-01", "9999999999999999999"} local out = {} for i, v in ipairs(t) do d:set("k" .. i, v) out[i] = d:get("k" .. i) == v end local ok, why = pcall(d.incr, d, "k1") out[12] = why:find("not a number") ~= nil return table.unpack(out)}, join ',', ('true') x 12],
    ['bytes are bytes', q{my $all = join '', map { chr } 0 .. 255; $d->set($all, $all x 10); $d->get($all) eq $all x 10}, q{local all = "" for i = 0, 255 do all = all .. string.char(i) end d:set(all, all:rep(10)) return d:get(all) == all:rep(10)}, 'true'],
    ['add sets what is not there, replace what is', q{$d->add(a => 1), $d->add(a => 2), $d->replace(b => 1), $d->replace(a => 3), $d->get('a'), $d->delete('a'), $d->delete('a')},
        q{return d:add("a", 1), d:add("a", 2), d:replace("b", 1), d:replace("a", 3), d:get("a"), d:delete("a"), d:delete("a")}, 'true,false,false,true,3,true,false'],
    ['a counter', q{$d->incr('n'), $d->incr('n', 5), $d->incr('n', -10), $d->incr('m', 1, 100), $d->incr('f', 0.5), $d->incr('f', 1), $d->get('n')},
        q{return d:incr("n"), d:incr("n", 5), d:incr("n", -10), d:incr("m", 1, 100), d:incr("f", 0.5), d:incr("f", 1), d:get("n")}, '1,6,-4,101,0.5,1.5,-4'],
    ['what is no number cannot be raised', q{$d->set(a => 'text'); $d->incr('a')}, q{d:set("a", "text") return d:incr("a")}, 'died: InterpDict @name@: the value is not a number'],
    ['nor too far', q{$d->set(a => 9223372036854775807); $d->incr('a')}, q{d:set("a", math.maxinteger) return d:incr("a")}, 'died: InterpDict @name@: the number is too large'],
    ['a list has two ends', q{$d->rpush(l => 'b'), $d->rpush(l => 3), $d->lpush(l => !!1), $d->llen('l'), $d->rpop('l'), $d->lpop('l'), $d->lpop('l'), $d->lpop('l'), $d->llen('l')},
        q{return d:rpush("l", "b"), d:rpush("l", 3), d:lpush("l", true), d:llen("l"), d:rpop("l"), d:lpop("l"), d:lpop("l"), d:lpop("l"), d:llen("l")}, '1,2,3,3,3,true,b,nil,0'],
    ['what is no list has no ends', q{$d->set(a => 1); $d->lpush(a => 1)}, q{d:set("a", 1) return d:lpush("a", 1)}, 'died: InterpDict @name@: the value is not a list'],
    ['a list is no value', q{$d->rpush(l => 1); $d->get('l')}, q{d:rpush("l", 1) return d:get("l")}, 'died: InterpDict @name@: the value is not a string, a number or a boolean: it is a list'],
    ['time goes by', q{$d->set(a => 1, 0.05); $d->set(b => 1, 100); $d->set(c => 1); $d->rpush(l => 1); my @before = (defined $d->get('a'), $d->ttl('b') > 99, $d->ttl('c'), $d->ttl('none'), $d->expire('l', 0.05)); Time::HiRes::sleep(0.1); @before, $d->get('a'), $d->llen('l'), $d->expire('b'), $d->ttl('b')},
        q{d:set("a", 1, 0.05) d:set("b", 1, 100) d:set("c", 1) d:rpush("l", 1) local x = {d:get("a") ~= nil, d:ttl("b") > 99, d:ttl("c") + 0 == 0 and 0, tostring(d:ttl("none")), d:expire("l", 0.05)} r:usleep(100000) return x[1], x[2], x[3], x[4], x[5], d:get("a"), d:llen("l"), d:expire("b"), d:ttl("b") == 0 and 0}, 'true,true,0,nil,true,nil,0,true,0'],
    ['a counter lives as long as it was told at first', q{$d->incr('n', 1, 0, 0.1); $d->incr('n', 1, 0, 100); my $left = $d->ttl('n') < 1; Time::HiRes::sleep(0.15); $left, $d->incr('n', 1, 0, 100)},
        q{d:incr("n", 1, 0, 0.1) d:incr("n", 1, 0, 100) local left = d:ttl("n") < 1 r:usleep(150000) return left, d:incr("n", 1, 0, 100)}, 'true,1'],
    ['a new value has a time of its own', q{$d->set(a => 1, 0.05); $d->set(a => 2); Time::HiRes::sleep(0.1); $d->get('a')}, q{d:set("a", 1, 0.05) d:set("a", 2) r:usleep(100000) return d:get("a")}, '2'],
    ['keys are listed', q{$d->set($_ => 1) for qw(a b c); $d->lock('a', 0.1, 0); $d->keys, scalar @{ $d->keys(2) }}, q{for _, k in ipairs {"a", "b", "c"} do d:set(k, 1) end d:lock("a", 0.1, 0) return d:keys(), #d:keys(2)}, '[a b c],2'],
    ['a key has 1 to 8192 bytes', q{$d->set('x' x 8192, 1); eval { $d->set('', 1) }; $@ =~ /a key has 1 to 8192 bytes/, $d->set('x' x 8193, 1)}, q{d:set(("x"):rep(8192), 1) return d:set(("x"):rep(8193), 1)}, 'died: InterpDict @name@: a key has 1 to 8192 bytes'],
    ['what is not there is computed once', q{my $n = 0; my $sub = sub { ++$n }; $d->get_or_set('a', $sub, 100), $d->get_or_set('a', $sub, 100), $d->get('a'), $d->ttl('a') > 99},
        q{local n = 0 local f = function() n = n + 1 return n end return d:get_or_set("a", f, 100), d:get_or_set("a", f, 100), d:get("a"), d:ttl("a") > 99}, '1,1,1,true'],
    ['who fails to compute leaves it to the next', q{eval { $d->get_or_set('a', sub { die "no\n" }) }; my $why = $@ =~ s/\n//r; $why, $d->get_or_set('a', sub { 'x' }, 1, 0, 0.1)},
        q{local ok, why = pcall(d.get_or_set, d, "a", function() error("no", 0) end) return why:match("no"), d:get_or_set("a", function() return "x" end, 1, 0, 0.1)}, 'no,x'],
    ['a computed text is text', q{$d->get_or_set('a', sub { '42' }); eval { $d->incr('a') } // $@ =~ /not a number/}, q{d:get_or_set("a", function() return "42" end) local ok, why = pcall(d.incr, d, "a") return why:find("not a number") ~= nil}, 'true'],
    ['an old value is none, and computed anew', q{$d->get_or_set('a', sub { 1 }, 0.05, 10); Time::HiRes::sleep(0.1); $d->get('a'), $d->ttl('a'), $d->add(a => 5), $d->get('a')},
        q{d:get_or_set("a", function() return 1 end, 0.05, 10) r:usleep(100000) return d:get("a"), d:ttl("a"), d:add("a", 5), d:get("a")}, 'nil,nil,true,5'],
    ['a lock is had once, and its numbers grow', q{my $a = $d->lock('x', 10); my $b = $d->lock('x', 10, 0); my $u = $d->unlock(x => $a); my $c = $d->lock('x', 0.05); Time::HiRes::sleep(0.1); my $e = $d->lock('x', 10, 0); $b, $u, $c > $a, $e > $c, $d->unlock(x => $c), $d->unlock(x => $e)},
        q{local a = d:lock("x", 10) local b = d:lock("x", 10, 0) local u = d:unlock("x", a) local c = d:lock("x", 0.05) r:usleep(100000) local e = d:lock("x", 10, 0) return b, u, c > a, e > c, d:unlock("x", c), d:unlock("x", e)}, 'nil,true,true,true,false,true'],
);

my @PLACES = (['shared', 'shm:4m', 'shared memory']);
my $no_redis = TestHttpd::Redis::missing();
my $redis = $no_redis ? undef : TestHttpd::Redis->start;
push @PLACES, ['remote', 'redis://127.0.0.1:' . $redis->port . '/2 max=4 timeout=10', 'Redis'] if $redis;

sub config {
    my ($more) = @_;
    return $more . <<'C';
PerlModule ModInterp::Dict
PerlConfigRequire @lib@/My/Dict.pm
<Location /perl>
    SetHandler modperl
    PerlResponseHandler My::Dict
</Location>
LuaMapHandler /lua @lua@/dict.lua
C
}
sub start { my ($mpm, $lines, @more) = @_; return TestHttpd::Lua->start(mpm => $mpm, perl => 1, modules => { 'My/Dict.pm' => $MODULE =~ s/\@names\@/join ' ', map { $_->[0] } @PLACES/er }, scripts => { 'dict.lua' => $LUA }, config => config($lines), @more) }
sub in_perl { my ($s, $name, $code) = @_; return $s->post("/perl?$name", $code)->{content} }
sub in_lua { my ($s, $name, $code) = @_; return $s->post("/lua?$name", $code)->{content} }

# A server that is away, that stands still, and that comes back.
sub server_away {
    my ($s, $mpm) = @_;
    my $port = $redis->port;
    in_perl($s, 'remote', q{$d->clear; $d->set(other => 42); $d->set(words => 'a text'); $d->rpush(l => 1); 1});
    like $redis->ask(EVAL => "redis.call('SELECT', 2) return {redis.call('GET', 'remote:other'), redis.call('GET', 'remote:words')}", 0), qr/42\r\n\$6\r\na text/, 'other programs read what needs no mark';
    $redis->ask(EVAL => "redis.call('SELECT', 2) redis.call('SET', 'remote:theirs', '7')", 0);
    is in_lua($s, 'remote', 'return d:incr("theirs")'), '8', 'and we what they write';
    is in_perl($s, 'remote', q{my $f = $d->figures; join ' ', map { $_ . ($f->{$_} > 0 ? '' : '=0') } sort keys %$f}), 'errors hits misses', 'figures of what is known here';
    # Each process of ours has at most so many connections.
    my @waited = map { ref $_ ? @$_ : $_ } $s->parallel(8, sub { in_perl($s, 'remote', q{$d->incr('many') for 1 .. 50; 1}) });
    is "@waited", join(' ', (1) x 8), 'eight clients share the connections';
    my ($clients) = $redis->ask('INFO', 'clients') =~ /connected_clients:(\d+)/;
    cmp_ok $clients, '<=', 4 * (my @pids = $s->child_pids) + 1, "of which there are $clients";
    ok wait_until(sub { in_perl($s, 'away', q{$d->set(other => 42) ? 'set' : 'no'}) eq 'set' }), 'a dictionary that waits less';
    $redis->signal('STOP');
    my $begin = time;
    like in_perl($s, 'away', q{$d->get('other')}), qr{^died: InterpDict away: redis://127.0.0.1:$port/0: no answer in 0.5 s}, 'a server that stands still is an error';
    cmp_ok time - $begin, '<', 8, 'in bounded time';
    $redis->signal('CONT');
    ok wait_until(sub { in_perl($s, 'away', q{$d->get('other')}) eq '42' }), 'and is asked again when it goes on';
    $redis->signal('KILL');
    $begin = time;
    like in_perl($s, 'away', q{$d->get('other')}), qr{^died: InterpDict away: redis://127.0.0.1:$port/0: (?:no connection|the connection broke)}, 'a server that is gone is an error';
    like in_lua($s, 'away', 'return d:get("other")'), qr{^died: InterpDict away: redis://127.0.0.1:$port/0: (?:no connection|the connection broke)}, 'in Lua, too';
    cmp_ok time - $begin, '<', 8, 'in bounded time';
    $redis->run;
    ok wait_until(sub { in_perl($s, 'away', q{$d->set(back => 1) ? 'set' : 'no'}) eq 'set' }), 'another one in its place';
    ok wait_until(sub { in_perl($s, 'away', q{$d->get('back')}) eq '1' && in_lua($s, 'away', 'return d:get("back")') eq '1' }), 'is found by all';
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $lines = join '', map { "InterpDict $_->[0] $_->[1]\n" } @PLACES, ['small', 'shm:64k'], ['strict', 'shm:1m full=error'], $redis ? ['away', 'redis://127.0.0.1:' . $redis->port . ' timeout=500ms'] : ();
    my $s = start($mpm, "PerlPostConfigHandler My::Dict::start\n$lines");
    is in_lua($s, 'shared', 'return d:get("start")'), 'code', 'start-up code in Perl has set what Lua reads';

    for my $place (@PLACES) {
        my ($name, undef, $of) = @$place;
        for my $row (@ROWS) {
            my ($title, $perl, $lua, $want) = @$row;
            $want =~ s/\@name\@/$name/;
            is in_perl($s, $name, "\$d->clear; $perl"), $want =~ s/false/0/gr, "$of, Perl: $title";
            in_perl($s, $name, '$d->clear; 1');
            is in_lua($s, $name, $lua), $want, "$of, Lua: $title";
        }
        in_perl($s, $name, q{$d->clear; $d->set(n => 7); $d->set(t => "\0\xff"); $d->rpush(l => 1.5); 1});
        is in_lua($s, $name, q{return d:get("n") + 1, d:get("t") == "\0\xff", d:lpop("l")}), '8,true,1.5', "$of: Lua reads what Perl has set";
        in_lua($s, $name, 'd:set("n", 1) d:set("f", 0.5) d:set("b", true)');
        is in_perl($s, $name, q{$d->incr('n'), $d->incr('f'), $d->get('b')}), '2,1.5,true', "$of: and Perl what Lua has";

        # Processes that are none of httpd's children.
        is in_perl($s, $name, q{$d->set(f => 1); my $pid = fork // die; if (!$pid) { $d->incr('f') for 1 .. 9; exit 0 } waitpid $pid, 0; $d->get('f')}), 10, "$of: a process that a script forks";

        # Many at once.
        my ($clients, $each) = (4, soak(2500, 250_000));
        in_perl($s, $name, '$d->clear; 1');
        my @done = $s->parallel($clients, sub {
            my ($i) = @_;
            my $left = $each;
            my $c = $s->client;
            while ($left > 0) {
                my $n = $left < 10_000 ? $left : 10_000;
                $c->post("/perl?$name", "\$d->incr('n') for 1 .. $n; 1")->{content} eq '1' or die 'no answer' if $i % 2;
                $c->post("/lua?$name", "for i = 1, $n do d:incr('n') end return 1")->{content} eq '1' or die 'no answer' unless $i % 2;
                $left -= $n;
            }
            return 1;
        });
        is in_perl($s, $name, q{$d->get('n')}), $clients * $each, "$of: no increment of @{[ $clients * $each ]} by four clients gets lost";

        in_perl($s, $name, '$d->clear; 1');
        @done = map { ref $_ ? @$_ : $_ } $s->parallel(6, sub { in_perl($s, $name, q{$d->get_or_set('slow', sub { $d->incr('times'); Time::HiRes::sleep(0.3); 'it' }, 10)}) });
        is "@done", join(' ', ('it') x 6), "$of: six ask for what is not there";
        is in_perl($s, $name, q{$d->get('times')}), 1, "$of: and one computes it";
        in_perl($s, $name, q{$d->get_or_set('old', sub { 'old' }, 0.05, 100); 1});
        wait_until(sub { in_perl($s, $name, q{$d->get('old')}) eq 'nil' });
        my $pid = $s->background(sub { in_perl($s, $name, q{$d->get_or_set('old', sub { $d->set(computing => 1); Time::HiRes::sleep(0.05) until $d->get('go'); 'new' }, 100, 100)}) });
        wait_until(sub { in_perl($s, $name, q{$d->get('computing')}) eq '1' });
        is in_lua($s, $name, q{return d:get_or_set("old", function() return "third" end, 100, 100)}), 'old', "$of: while one computes it anew, others have what is old";
        in_perl($s, $name, q{$d->set(go => 1)});
        ok wait_until(sub { in_perl($s, $name, q{$d->get('old')}) eq 'new' }), "$of: and then what is new";
        waitpid $pid, 0;
        in_perl($s, $name, q{$d->delete('go')});
        $pid = $s->background(sub { in_perl($s, $name, q{$d->get_or_set('late', sub { $d->set(in => 1); Time::HiRes::sleep(0.05) until $d->get('go'); 'late' }, 100)}) });
        wait_until(sub { in_perl($s, $name, q{$d->get('in')}) eq '1' });
        is in_perl($s, $name, q{$d->get_or_set('late', sub { 'mine' }, 100, 0, 0.2)}), "died: InterpDict $name: another computes the value, and has not done so in 0.2 s", "$of: who waits in vain is told so";
        in_perl($s, $name, q{$d->set(go => 1)});
        waitpid $pid, 0;

        my @numbers = map { ref $_ ? @$_ : $_ } $s->parallel(4, sub { in_perl($s, $name, q{my @n; for (1 .. 5) { my $n = $d->lock('one') // return 'none'; my $in = $d->incr('inside'); push @n, $in == 1 ? $n : 'two'; $d->incr('inside', -1); $d->unlock(one => $n) } @n}) });
        my %seen = map { $_ => 1 } map { split /,/ } @numbers;
        is scalar(grep { /^\d+$/ } keys %seen), 20, "$of: twenty had a lock, one at a time, each with a number of its own" or diag "@numbers";
    }

    SKIP: {
        skip $no_redis, 1 if $no_redis;
        server_away($s, $mpm);
    }

    # Memory that is full.
    is in_perl($s, 'small', q{$d->set("k$_" => 'x' x 1000) for 1 .. 200; my $f = $d->figures; $d->get('k200') eq 'x' x 1000, $d->get('k1'), $f->{evictions} > 100, $f->{entries} < 100, $f->{bytes} <= $f->{capacity}}), 'true,nil,true,true,true',
        'what was not used for the longest time makes way';
    like in_perl($s, 'small', q{$d->set(huge => 'x' x 65536)}), qr/^died: InterpDict small: the entry is too large: it has 65\d+ bytes with its key, and may have 3\d+/, 'what is too large is refused';
    my ($share, $why) = split /,/, in_perl($s, 'strict', q{my $n = 0; my $v = 'x' x 1000; eval { $d->set(sprintf('key-%06d', $n), $v); $n++; 1 } or last for 1 .. 2000; my $why = $@; die 'lost' if grep { !defined $d->get(sprintf 'key-%06d', $_) } 0 .. $n - 1; $n * 1010 / 1048576, $why =~ s/ at .*//sr});
    cmp_ok $share, '>', 0.9, "nine tenths of the memory hold keys and values: $share";
    like $why, qr/InterpDict strict: the dictionary is full: there is no room for \d+ bytes$/, 'with full=error nothing makes way';

    # What is wrong is told with the names.
    is in_perl($s, 'none', q{$r->dict('none')}), 'died: no line InterpDict makes a dictionary "none": there are ' . join(', ', (map { $_->[0] } @PLACES), 'small', 'strict', $redis ? 'away' : ()), 'a dictionary that no line makes';

    # Over a restart.
    in_perl($s, 'shared', q{$d->clear; $d->set(kept => 'this'); $d->lock('kept', 100); 1});
    my $busy = $s->background(sub { in_perl($s, 'shared', q{$d->set(begun => 1); Time::HiRes::sleep(0.05) until $d->get('on'); $d->incr('both') for 1 .. 10; 1}) });
    wait_until(sub { in_perl($s, 'shared', q{$d->get('begun')}) eq '1' });
    $s->graceful;
    is in_lua($s, 'shared', 'return d:get("kept"), d:lock("kept", 1, 0)'), 'this,nil', 'entries and locks outlive a graceful restart';
    in_perl($s, 'shared', q{$d->set(on => 1); $d->incr('both') for 1 .. 10; 1});
    waitpid $busy, 0;
    is in_perl($s, 'shared', q{$d->get('both')}), 20, 'and a request of the generation before works on the same';
    my $conf = $s->root . '/httpd.conf';
    spew($conf, slurp($conf) =~ s/InterpDict small shm:64k/InterpDict small shm:128k/r);
    $s->graceful;
    is in_perl($s, 'small', q{$d->figures->{capacity} > 100_000, $d->get('k200')}), 'true,nil', 'memory of another size is new';
    is in_perl($s, 'shared', q{$d->get('kept')}), 'this', 'beside which others stay';

    # Processes that are killed in the middle of it.
    if ($mpm eq 'prefork') {
        in_perl($s, 'shared', '$d->clear; 1');
        my $until = time + soak(1.5, 60);
        my @pids = map { my $n = $_; $s->background(sub { my $c = 0; while (time < $until) { in_perl($s, 'shared', qq{for (1 .. 20_000) { \$d->incr('n'); \$d->set("k\$_" => 'x' x (\$_ % 500)); \$d->rpush(l => \$_); \$d->lpop('l') } 1}) } }) } 1 .. 3;
        my $killed = 0;
        while (time < $until) { my ($pid) = $s->child_pids; kill KILL => $pid and $killed++ if $pid; sleep 0.05 }
        waitpid $_, 0 for @pids;
        $s->expect_log(qr/exit signal Killed|in the middle of a step/);
        is in_perl($s, 'shared', q{my $n = $d->get('n'); $d->incr('n') - $n, $d->set(k7 => 'x'), $d->get('k7'), $d->lock('x', 1, 1) > 0}), '1,true,x,true', "after $killed kills the dictionary goes on";
        unlike slurp($s->root . '/error_log'), qr/made no sense/, 'and nothing of it was thrown away';
    }
});

# Jobs.
for_each_mpm(qw(event), sub {
    my $s = start('event', join '', "PerlJob count interval=100ms handler=My::Dict::job\n", map { "InterpDict $_->[0] $_->[1]\n" } @PLACES);
    ok wait_until(sub { in_perl($s, $_->[0], q{$d->get('job') || 0}) >= 2 }), "$_->[2]: runs of a job" for @PLACES;
});

# Encrypted, with a password.
my $no_tls = $no_redis // (`openssl version 2>/dev/null` ? undef : 'openssl is not there');
SKIP: {
    skip $no_tls, 1 if $no_tls;
    my $dir = File::Temp::tempdir('mod_interp_tls.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0755, $dir;
    spew("$dir/names", 'subjectAltName=DNS:localhost,IP:127.0.0.1');
    system "cd $dir && { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 2; openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout s.key -out s.csr -subj /CN=localhost; openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out s.pem -days 2 -extfile names; } >log 2>&1";
    my $tls = TestHttpd::Redis->start(options => ['--tls-port', '@port@', '--tls-cert-file', "$dir/s.pem", '--tls-key-file', "$dir/s.key", '--tls-ca-cert-file', "$dir/ca.pem", '--tls-auth-clients', 'no', '--requirepass', 'p@ss']);
    my $port = $tls->port;
    for_each_mpm(qw(event), sub {
        my $s = start('event', "InterpDict tls rediss://:p%40ss\@127.0.0.1:$port ca=$dir/ca.pem\nInterpDict unknown rediss://:p%40ss\@127.0.0.1:$port\nInterpDict wrong rediss://:pass\@127.0.0.1:$port ca=$dir/ca.pem\nInterpDict plain redis://127.0.0.1:$port\n");
        is in_perl($s, 'tls', q{$d->set(a => 'x' x 100_000); $d->incr('n'), length $d->get('a')}), '1,100000', 'over TLS, with a password';
        like in_perl($s, 'unknown', q{$d->get('a')}), qr{^died: InterpDict unknown: rediss://127.0.0.1:$port/0: no connection: .*certificate}i, 'a certificate that nobody trusts is refused';
        like in_perl($s, 'wrong', q{$d->get('a')}), qr{^died: InterpDict wrong: rediss://127.0.0.1:$port/0: no connection: .*(?:password|auth|WRONGPASS)}i, 'a wrong password is told, without it';
        like in_perl($s, 'plain', q{$d->get('a')}), qr{^died: InterpDict plain: redis://127.0.0.1:$port/0: }, 'and where TLS is spoken nothing else is';
    });
}

# What is wrong with a line.
for my $wrong (
    ['InterpDict a/b shm:1m', 'InterpDict: "a/b" is not the name of a dictionary: letters, digits, _, - and .'],
    ['InterpDict a 1m', 'InterpDict: "1m" is none of shm:size, redis://'],
    ['InterpDict a memcache:127.0.0.1:11211', 'InterpDict: "memcache:127.0.0.1:11211" is none of shm:size, redis://'],
    ['InterpDict a redis://u:secret@h/x', 'InterpDict: "redis://u:...@h/x" is not the address of a server'],
    ['InterpDict a rediss://h ca=/no/such/file', 'InterpDict: "a" ('],
    ['InterpDict a shm:1k', 'InterpDict: "shm:1k" is too small: at least 64K'],
    ["InterpDict a shm:1m\nInterpDict a shm:2m", qr/InterpDict: "a" is there already \(\S+:\d+\)/],
    ["<VirtualHost *:1>\nInterpDict a shm:1m\n</VirtualHost>", qr/InterpDict[: ].*(?:not allowed|cannot occur)/],
) {
    my ($status, $output) = TestHttpd->config_test(config => $wrong->[0]);
    ok $status, "httpd -t refuses $wrong->[0]" =~ s/\n/, /gr;
    like $output, ref $wrong->[1] ? $wrong->[1] : qr/\Q$wrong->[1]/, 'and says why';
}

done_testing;
