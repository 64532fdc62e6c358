# Random numbers: no two states of any processes begin alike, and what a script seeds holds for nobody else.
use lib 't/lib';
use TestHttpd::Lua;

my $start = <<'L';
math.randomseed(7)      -- start-up code as it was written for one interpreter
at_start = math.random(1 << 40)
L
$start =~ s/1 << 40/0x7fffffff/;

my %scripts = (
    'start.lua'  => $start,
    'token.lua'  => <<'L',
function handle(r)
  r.usleep(30000)
  r:write(table.concat({ math.random(0, 0x7fffffff), math.random(0, 0x7fffffff), math.random(0, 0x7fffffff) }, "-"))
  return apache2.OK
end
L
    'again.lua'  => <<'L',
function handle(r)
  math.randomseed()
  r.usleep(30000)
  r:write(table.concat({ math.random(0, 0x7fffffff), math.random(0, 0x7fffffff) }, "-"))
  return apache2.OK
end
L
    'seeds.lua'  => <<'L',
math.randomseed(42)
function handle(r)
  if r.args == "handler" then math.randomseed(42) end
  local all = {}
  for i = 1, 4 do
    all[i] = math.random(0, 0x7fffffff)
    if r.args == "filter" then r:puts("x") r:flush() end
  end
  if r.args ~= "filter" then r:write(table.concat(all, "-")) end
  r.notes.all = table.concat(all, "-")
  return apache2.OK
end
L
    'hook.lua'   => <<'L',
function fixup(r)
  if r.args == "hook" then math.randomseed(42) end
  return apache2.DECLINED
end
L
    'filter.lua' => <<'L',
function filter(r)
  math.randomseed(42)
  coroutine.yield()
  while bucket do
    math.randomseed(42)
    local said = math.random(0, 0x7fffffff)
    coroutine.yield(said .. " ")
  end
end
L
    'module.lua' => <<'L',
math.randomseed(42)
local m = {}
function m.handler(r)
  if r.args == "module" then math.randomseed(42) end
  return apache2.DECLINED
end
return m
L
);
my $config = <<'C';
LuaRequire "@lua@/start.lua"
LuaPackagePath "@lua@/?.lua"
LuaScope @scope@
LuaMapHandler ^/(\w+)$ $1.lua
LuaHookFixups hook.lua fixup
LuaFixupHandler module
LuaOutputFilter seed "@lua@/filter.lua" filter
<Location /seeds>
    <If "%{QUERY_STRING} == 'filter'">
        SetOutputFilter seed
    </If>
</Location>
C
# Several processes with several states each.
my $many = <<'C';
<IfModule !mpm_prefork_module>
    StartServers 3
    ServerLimit 3
    ThreadsPerChild 4
    MaxRequestWorkers 12
    MinSpareThreads 12
    MaxSpareThreads 12
</IfModule>
<IfModule mpm_prefork_module>
    StartServers 8
    ServerLimit 8
    MinSpareServers 8
    MaxSpareServers 8
    MaxRequestWorkers 8
</IfModule>
LuaInterpStart 3
C

# What a busy machine did not answer in time is asked again.
sub answer {
    my ($s, $path) = @_;
    my @not;
    my $got = TestHttpd::wait_until(sub {
        my $got = $s->get($path);
        return $got if $got->{status} == 200;
        push @not, "$path: $got->{status} $got->{content}";
        return;
    });
    diag($_) for @not;
    return $got ? $got->{content} : 'no answer';
}
sub twice { my %seen; return grep { $seen{$_}++ } @_ }

for my $scope (ours() ? qw(once thread) : 'once') {
    (my $scoped = $config) =~ s/\@scope\@/$scope/;
    $scoped =~ s/^Lua(?:Require|FixupHandler).*\n//mg unless ours();
    for_each_mpm(qw(event worker prefork), sub {
        my ($mpm) = @_;
        my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, config => (ours() ? $many : '') . $scoped);
        my @all;
        my $ask = sub { my ($path, $n) = @_; push @all, map { ref $_ ? @$_ : $_ } $s->parallel($n, sub { map { answer($s, $path) } 1, 2 }) };
        $ask->('/token', 8);
        $s->graceful;
        $ask->('/token', 4);
        $ask->('/again', 8);
        is scalar(@all), 40, 'all were answered';
        is_deeply [twice(@all)], [], "$scope: no token twice, in all processes and generations, with math.randomseed() too";
        is_deeply [grep { !/^\d+(-\d+)+$/ } @all], [], 'and each is one';
    });

    for_each_mpm(qw(event worker prefork), sub {
        my ($mpm) = @_;
        my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, config => "LuaInterpMax 1\n$scoped") if ours();
        $s ||= TestHttpd::Lua->start(mpm => $mpm, scripts => \%scripts, config => $scoped);
        my $fixed = $s->get('/seeds?handler')->{content};
        is $s->get('/seeds?handler')->{content}, $fixed, "$scope: a script that seeds has its own sequence";
        my %of_seed = map { $_ => 1 } split /-/, $fixed;
        my $follows = sub { scalar grep { $of_seed{$_} } split /-/, $s->get('/token')->{content} };
        is $follows->(), 0, 'which the next script does not go on with';
        for my $how (qw(chunk hook module filter)) {
            next if $how eq 'module' && !ours();
            my $answer = $s->get($how eq 'hook' || $how eq 'module' ? "/token?$how" : "/seeds?$how")->{content};
            is scalar(grep { $of_seed{$_} } split /\D/, $answer), 0, "nor a handler behind a $how that seeds" if $how eq 'hook' || $how eq 'module';
            is $follows->(), 0, "nor the next request after a $how";
        }
        my @twice = twice(map { $s->get('/token')->{content} } 1 .. 10);
        is_deeply \@twice, [], 'no token twice';
    });
}

# A script within another: each has its own sequence.
my %nested = (
    'outer.lua' => <<'L',
function handle(r)
  math.randomseed(42)
  local all = {}
  for i = 1, 4 do
    all[i] = math.random(0, 0x7fffffff)
    if r.args == "through" then r:puts("x") r:flush() end
  end
  r:puts("outer=", table.concat(all, "-"), ";")
  return apache2.OK
end
L
    'filter.lua' => <<'L',
function filter(r)
  coroutine.yield()
  local all = ""
  while bucket do
    all = all .. " " .. math.random(0, 0x7fffffff)
    if bucket:find("outer") then math.randomseed(99) end
    coroutine.yield(bucket)
  end
  coroutine.yield(" filter=" .. all)
end
L
);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    plan skip_all => 'LuaJIT does not show its sequence' if jit();
    my $s = TestHttpd::Lua->start(mpm => $mpm, scripts => \%nested, config => <<'C');
LuaMapHandler ^/(\w+)$ $1.lua
LuaOutputFilter between "@lua@/filter.lua" filter
<Location /outer>
    <If "%{QUERY_STRING} == 'through'">
        SetOutputFilter between
    </If>
</Location>
C
    my ($alone) = $s->get('/outer')->{content} =~ /outer=([-\d]+)/;
    my ($outer, $filter) = $s->get('/outer?through')->{content} =~ /outer=([-\d]+).* filter=([ \d]+)/s;
    is $outer, $alone, 'a filter that runs meanwhile does not use up a script\'s own sequence';
    my %of_seed = map { $_ => 1 } split /-/, $alone;
    is scalar(grep { $of_seed{$_} } split ' ', $filter), 0, 'nor does it get numbers of it';
});

done_testing;
