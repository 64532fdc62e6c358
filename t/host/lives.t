# PerlInterpSpawnHandler, PerlInterpInitHandler, PerlInterpExitHandler: the lives of interpreters, and Lua's.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

my %modules = (trace_module, 'My/Lives.pm' => <<'P');
package My::Lives;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::ServerRec ();
use ModInterp::Status ();
our ($id, $count, $where) = ('', 0, 'server');
my $n = 0;
sub CLONE { $id = '' }
sub spawn { my ($s, $count) = @_; T::Trace::note('spawn', ref $s, $count, $where) }
sub child { T::Trace::note('child', $$) }
sub init  { my ($s, $kind) = @_; $id = join("/", $$, \$n, int rand 1e9) . ($kind eq 'job' ? '/job' : ''); T::Trace::note('init', $id, $kind, $where); die "not now\n" if $kind eq 'dies' }
sub exits { my ($s, $kind) = @_; T::Trace::note('exit', $id, $kind, $where) }
END { T::Trace::note('end', $id) if $id }
sub handler {
    my $r = shift;
    select undef, undef, undef, $1 if $r->args =~ /sleep=([\d.]+)/;
    ModInterp::Status->reload_all if $r->args =~ /reload/;
    $r->print("$id ", ModInterp::Status->interpreter);
    return 0;
}
1;
P
my $CONF = <<'C';
PerlModule My::Lives
PerlChildInitHandler My::Lives::child
PerlInterpSpawnHandler My::Lives::spawn
PerlInterpInitHandler My::Lives::init
PerlInterpExitHandler My::Lives::exits
<Location /id>
    SetHandler modperl
    PerlResponseHandler My::Lives
</Location>
C
my $THREADS = <<'C';
<IfModule !mpm_prefork_module>
    ServerLimit 2
    StartServers 2
    ThreadsPerChild 4
    MaxRequestWorkers 8
    MinSpareThreads 8
    MaxSpareThreads 8
</IfModule>
<IfModule mpm_prefork_module>
    StartServers 2
    MinSpareServers 1
    MaxSpareServers 9
</IfModule>
C
my $N = "PerlInterpStart 3\nPerlInterpMax 3\nPerlInterpMinSpare 0\nPerlInterpMaxSpare 3\n";

sub lines { my ($s, $word) = @_; map { [split / /] } grep { /^\Q$word\E / } split /\n/, TestHttpd::slurp($s->root . '/var/trace') }
sub count { my $n = () = lines(@_); $n }
# Of each interpreter, how often a word was noted.
sub how_often { my %n; $n{ $_->[1] }++ for lines(@_); return \%n }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "$THREADS$N$CONF");
    my $per = $s->is_threaded ? 3 : 1;
    ok wait_until(sub { count($s, 'init') == 2 * $per && count($s, 'child') == 2 }, 10), 'in two processes each interpreter begins once';
    is_deeply [grep { $_ != 1 } values %{ how_often($s, 'init') }], [], 'each for itself';
    is_deeply [(lines($s, 'init'))[0]->@[2, 3]], ['request', 'server'], 'it is told what for';
    is_deeply [map { [@$_[1, 2]] } lines($s, 'spawn')], [['Apache2::ServerRec', $per]], 'before they are made their parent is told how many';
    my ($id) = split / /, $s->get('/id?')->{content};
    is how_often($s, 'init')->{$id}, 1, 'one that serves has begun';

    my %before = %{ how_often($s, 'init') };
    $s->graceful;
    ok wait_until(sub { my $n = how_often($s, 'exit'); !grep { ($n->{$_} // 0) != 1 } keys %before }, 20), 'a graceful restart ends each once';
    ok wait_until(sub { count($s, 'init') == 4 * $per }, 10), 'and begins as many';
    is count($s, 'spawn'), 2, 'which their parent is told';
    %before = map { ($_ => 1) } grep { !$before{$_} } keys %{ how_often($s, 'init') };
    $s->restart;
    ok wait_until(sub { my $n = how_often($s, 'exit'); !grep { ($n->{$_} // 0) != 1 } keys %before }, 20), 'so does a restart';
    ok wait_until(sub { count($s, 'init') == 6 * $per }, 10), 'and begins as many';
    my $trace = $s->root . '/var/trace';
    $s->terminate;
    wait_until(sub { $s->ended });
    my $text = TestHttpd::slurp($trace);
    my (%inits, %exits);
    /^(init|exit) (\S+)/m and ($1 eq 'init' ? $inits{$2}++ : $exits{$2}++) for split /\n/, $text;
    is_deeply \%exits, \%inits, 'when the server stops each ends once';
    my %wrong = map { ($_ => 1) } grep { my $id = $_; index($text, "end $id\n") >= 0 && index($text, "end $id\n") < index($text, "exit $id ") } keys %exits;
    is_deeply \%wrong, {}, 'before its END blocks';
    $s->stop;
});

for_each_mpm('event', sub {
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => "ServerLimit 1\nStartServers 1\nThreadsPerChild 4\nMaxRequestWorkers 4\nPerlInterpStart 2\nPerlInterpMax 2\nPerlInterpMinSpare 2\n$CONF");
    ok wait_until(sub { count($s, 'init') == 2 }, 10), 'two begin';
    for my $n (1 .. 3) {
        $s->graceful;
        ok wait_until(sub { count($s, 'init') == 2 + 2 * $n && count($s, 'exit') == 2 * $n }, 20), 'with each restart two end and two begin';
    }
    is_deeply [map { $_->[2] } lines($s, 'spawn')], [(2) x 4], 'their parent is told once at the start and once each time';
    for my $n (4 .. 6) {
        $s->get('/id?reload');
        ok wait_until(sub { count($s, 'init') == 2 + 2 * $n && count($s, 'exit') == 2 * $n }, 10), 'so it is when they are replaced';
    }
    is_deeply [grep { $_ != 1 } values %{ how_often($s, 'exit') }], [], 'each once';
    cmp_ok count($s, 'spawn'), '>=', 4 + 3, 'their parent is told each time';
    is_deeply [map { $_->[2] } grep { $_->[2] > 2 } lines($s, 'spawn')], [], 'and of no more than there may be';
});

# PerlClassReload: an interpreter is replaced after so many uses.
for_each_mpm('event', sub {
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => "ServerLimit 1\nStartServers 1\nThreadsPerChild 4\nMaxRequestWorkers 4\n$CONF" . <<'C');
<PerlInterpClass workers>
    PerlClassStartup "require My::Lives; $My::Lives::where = 'class'"
    PerlClassInterpreters 2
    PerlClassReload 3
    PerlInterpInitHandler My::Lives::init
    PerlJob work interval=100ms handler='sub { T::Trace::note("work", $My::Lives::id) }'
</PerlInterpClass>
<Location /class>
    PerlUseClass workers
    SetHandler modperl
    PerlResponseHandler My::Lives
</Location>
C
    my @got = map { ref $_ ? @$_ : $_ } $s->parallel(7, sub { $s->get("/class?sleep=0.1") });
    is_deeply [grep { $_->{status} != 200 } @got], [], 'no request is refused';
    my %ids = map { ((split / /, $_->{content})[0] => 1) } @got;
    is scalar(keys %ids), 3, 'seven requests on two interpreters that are replaced after three uses see three';
    is_deeply [grep { !/^\d+\/\S+\(/ } keys %ids], [], 'each has begun';
    ok wait_until(sub { grep { $_->[3] eq 'class' && $_->[2] eq 'request' } lines($s, 'init') }, 10), 'handlers of a class run in its interpreters';
    ok wait_until(sub { grep { $_->[1] =~ m{/job$} } lines($s, 'work') }, 10), 'a run of a job has begun as well';
    my ($job) = map { $_->[1] } lines($s, 'work');
    ok wait_until(sub { how_often($s, 'exit')->{$job} }, 10), 'and ends';
    is((grep { $_->[1] eq $job } lines($s, 'init'))[0][2], 'job', 'it is told what for');
    $s->expect_log(qr/PerlJob work/);
});

my $s = TestHttpd::Lua->start(mpm => 'event', modules => \%modules, perl => 1, scripts => { 'lives.lua' => <<'L' }, config => <<'C');
local function note(...)
  local f = assert(io.open("@var@/trace", "a"))
  f:write(table.concat({ ... }, " ") .. "\n")
  f:close()
end
function spawn(s, n) note("spawn", type(s), n) end
function init(s, kind) note("init", kind) end
function exits(s, kind) note("exit", kind) end
function fails() error("not now") end
L
ServerLimit 1
StartServers 1
ThreadsPerChild 4
MaxRequestWorkers 4
LuaInterpStart 2
LuaInterpMax 2
LuaInterpSpawnHandler @lua@/lives.lua:spawn
LuaInterpInitHandler @lua@/lives.lua:fails @lua@/lives.lua:init
LuaInterpExitHandler @lua@/lives.lua:exits
C
$s->expect_log(qr/not now|traceback/);
ok wait_until(sub { count($s, 'init') == 2 }, 10), 'states of Lua begin, too, and one handler that fails does not stop the others';
is_deeply [lines($s, 'spawn')], [['spawn', 'userdata', 2]], 'their parent is told';
$s->log_like(qr/lua:error.*not now \(LuaInterpInitHandler \S+lives\.lua:fails, \S+:\d+\)/, 'what fails is logged');
$s->graceful;
ok wait_until(sub { count($s, 'exit') == 2 }, 20), 'and they end';
$s->stop;

my (undef, $log) = TestHttpd->start_fails(mpm => 'event', modules => \%modules, config => "PerlInterpInitHandler +No::Such::sub\n");
like $log, qr/PerlInterpInitHandler.*No::Such::sub/, 'a handler that there is not ends the start';

# A handler that cannot be found ends the start, with the words of its line.
for my $phase (qw(Spawn Init Exit)) {
    for (["PerlInterp${phase}Handler No::Such->run", qr/^.*PerlInterp${phase}Handler.*No::Such->run.*Can't locate No\/Such\.pm/m], ["PerlModule My::Lives\nPerlInterp${phase}Handler My::Lives::none", qr/^.*PerlInterp${phase}Handler.*My::Lives::none/m]) {
        my ($lines, $why) = @$_;
        my ($status, $text) = TestHttpd->config_test(mpm => 'event', modules => \%modules, config => "$lines\n");
        isnt $status, 0, "PerlInterp${phase}Handler is looked for at the start";
        like $text, $why, 'and told';
    }
}
my ($status) = TestHttpd->config_test(mpm => 'event', config => "PerlInterpInitHandler -No::Such->run\n");
is $status, 0, 'unless a - stands before it';

done_testing;
