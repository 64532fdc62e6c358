# PerlJob, LuaJob: handlers that run at times of their own, each run in a process of its own.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use Time::HiRes qw(time sleep);

my %modules = (trace_module, 'My/Jobs.pm' => <<'P');
package My::Jobs;
use strict;
use warnings;
use T::Trace ();
use Time::HiRes qw(time sleep);
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use ModInterp::Jobs ();
our ($mark, $runs) = ('server', 0);
ModInterp::Jobs->add('added interval=200ms handler=My::Jobs::tick');
# How many of our sockets are listened on.
sub listens {
    my %listens = map { ((split ' ')[9] => 1) } grep { (split ' ')[3] eq '0A' } do { open my $fh, '<', '/proc/net/tcp'; <$fh> };
    return scalar grep { (readlink($_) || '') =~ /socket:\[(\d+)\]/ && $listens{$1} } glob '/proc/self/fd/*';
}
sub tick {
    my ($s, $name) = @_;
    T::Trace::note($name, ref $s, $mark, ++$runs, $>, getppid, listens());
}
sub report { my ($class, $s, $name) = @_; print "one\ntwo\n"; print STDERR "three\n"; warn "four\n"; system 'echo five; echo six >&2' }
sub chats  { print "first words\n"; select undef, undef, undef, 0.05 for 1 .. 400; print "last words\n" }
sub slow   { my $n = $_[1]; my $t = time; T::Trace::note($n, 'begins', $t); sleep 0.7; T::Trace::note($n, 'ends', time) }
sub dies   { T::Trace::note('dies'); die "not today\n" }
sub leaves { exit 3 }
sub core   { CORE::exit(4) }
sub late   { T::Trace::note('late'); sleep 30 }
sub deaf   { $SIG{TERM} = 'IGNORE'; sleep 1 for 1 .. 30 }
sub polite { local $SIG{TERM} = sub { T::Trace::note('told'); exit 0 }; T::Trace::note('polite', $$); sleep 0.1 for 1 .. 300 }
sub handler {
    my $r = shift;
    my %f = ModInterp::Jobs->figures($r->args);
    $r->print(join '|', (map { "$_=" . ($f{$_} // '') } sort keys %f), ModInterp::Jobs->last($r->args));
    return 0;
}
1;
P
my $CONF = <<'C';
PerlModule My::Jobs
PerlJob tick interval=200ms handler=My::Jobs::tick
PerlJob report interval=500ms handler=My::Jobs->report
PerlJob chats interval=200ms handler=My::Jobs::chats
PerlJob slow interval=300ms max=1 handler=My::Jobs::slow
PerlJob two interval=150ms max=2 handler=My::Jobs::slow
PerlJob dies interval=300ms handler=My::Jobs::dies
PerlJob leaves interval=400ms handler=My::Jobs::leaves
PerlJob core interval=400ms handler=My::Jobs::core
PerlJob late interval=200ms timeout=300ms handler=My::Jobs::late
PerlJob code interval=400ms handler='sub { T::Trace::note("code") }'
PerlJob leap at='0 0 29 2 *' handler=My::Jobs::tick
<PerlInterpClass other>
    PerlClassStartup "require My::Jobs; $My::Jobs::mark = 'class'"
    PerlJob inclass interval=200ms handler=My::Jobs::tick
</PerlInterpClass>
<VirtualHost 127.0.0.1:80>
    PerlJob hosts interval=200ms handler=My::Jobs::tick
</VirtualHost>
<Location /figures>
    SetHandler modperl
    PerlResponseHandler My::Jobs
</Location>
C

# The lines of the trace that begin with a word, each cut.
sub lines { my ($s, $word) = @_; map { [split / /] } grep { /^\Q$word\E / } split /\n/, TestHttpd::slurp($s->root . '/var/trace') }
# How many runs of a job there were at once at most.
sub at_once {
    my %by = (begins => 1, ends => -1);
    my ($now, $most) = (0, 0);
    for (sort { $a->[2] <=> $b->[2] } @_) { $now += $by{ $_->[1] }; $most = $now if $now > $most }
    return $most;
}

sub logged { my ($s, $re, $what) = @_; ok $s->wait_for_log($re), $what }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF);
    ok wait_until(sub { (grep { $_->[1] eq 'ends' } lines($s, 'slow')) >= 3 }, 20), 'a job runs again and again';
    my @ticks = lines($s, 'tick');
    is $ticks[0][1], 'Apache2::ServerRec', 'it is called with the server and its name';
    is_deeply [grep { $_->[3] != 1 } @ticks], [], 'each run begins with what start-up code has left';
    is_deeply [grep { $_->[4] != ($> ? $> : getpwnam TestHttpd::child_user()) } @ticks], [], 'as the user that the server serves as';
    is_deeply [grep { $_->[6] } @ticks], [], 'and listens on nothing';
    is scalar(keys %{ { map { $_->[5] => 1 } @ticks } }), 1, 'one process makes the runs';
    is at_once(lines($s, 'slow')), 1, 'max=1: never two at once';
    is at_once(lines($s, 'two')), 2, 'max=2: two at once and no more';
    my @starts = map { $_->[2] } grep { $_->[1] eq 'begins' } lines($s, 'slow');
    my @gaps = map { $starts[$_] - $starts[$_ - 1] } 1 .. $#starts;
    is_deeply [grep { $_ < 0.7 } @gaps], [], 'what is due meanwhile begins when the run before has ended';
    ok((grep { $_ < 0.9 } @gaps), 'and not an interval later');
    ok wait_until(sub { (() = $s->log =~ /^.*not today \(PerlJob dies: My::Jobs::dies, \S+:\d+\)/mg) >= 2 }, 10), 'one that dies is logged with its line, and the next run still comes';
    logged($s, qr/perl:error.*PerlJob leaves: the run in process \d+ ended with status 3 after/, 'its exit status is logged');
    logged($s, qr/perl:error.*PerlJob core: the run in process \d+ ended with status 4 after/, 'CORE::exit ends the run alone');
    logged($s, qr/perl:notice.*PerlJob report: $_$/m, "what it prints is logged line by line: $_") for qw(one two five);
    logged($s, qr/perl:notice.*PerlJob chats: first words$/m, 'while the run goes on');
    $s->log_unlike(qr/PerlJob chats: (?:last words|the run)/, 'and not at its end');
    logged($s, qr/perl:warn.*PerlJob report: $_$/m, "and its errors: $_") for qw(three four six);
    logged($s, qr/PerlJob late: the run in process \d+ is ended, since it takes longer than timeout=0\.3/, 'after its timeout a run is ended');
    logged($s, qr/PerlJob late: the run in process \d+ was ended by signal 15 after 0\.[3-9]/, 'by a signal');
    ok wait_until(sub { 2 <= (() = TestHttpd::slurp($s->root . '/var/trace') =~ /^late$/mg) }, 10), 'and the next run comes';
    wait_until(sub { lines($s, 'inclass') && lines($s, 'hosts') }, 10);
    is((lines($s, 'inclass'))[0][2], 'class', 'a job of a class runs in the interpreters of the class');
    is((lines($s, 'hosts'))[0][2], 'server', 'one of a virtual host in those of the host');
    ok wait_until(sub { my %in = map { $_->[2] => 1 } lines($s, 'added'); $in{server} && $in{class} }, 10), 'start-up code adds a job, which runs where that code has run';
    like TestHttpd::slurp($s->root . '/var/trace'), qr/^code$/m, 'its code may stand in the line';
    is_deeply [lines($s, 'leap')], [], 'a day that comes in years is waited for';
    my $figures = $s->get('/figures?leaves')->{content};
    like $figures, qr/^failed=\d+\|going=\d\|last_began=\d+\.\d+\|last_status=3\|last_took=0\.\d+\|runs=\d+\|\d+\.\d+ 0\.\d+ 3\|/, 'a handler is told of the last runs';
    is $s->get('/figures?nosuch')->{content}, '', 'of a job that there is not it is told nothing';

    my $process = $ticks[0][5];
    kill KILL => $process;
    $s->expect_log(qr/the process that makes the runs has ended/);
    ok wait_until(sub { grep { $_->[5] != $process && $_->[5] > 1 } lines($s, 'tick') }, 10), 'killed, the process of the jobs is replaced';
    $s->log_like(qr/PerlJob: the process that makes the runs has ended \(signal: 9 \(SIGKILL\)\): another one takes its place/, 'which is logged');
    my ($second) = map { $_->[5] } reverse lines($s, 'tick');
    $s->graceful;
    ok !(kill 0, $second), 'a graceful restart ends it';
    ok wait_until(sub { my ($last) = reverse lines($s, 'tick'); $last->[5] != $second }, 10), 'and makes another one';
        $s->log_unlike(qr/nothing belongs to the class/, 'a class may be there for its jobs alone');
    $s->expect_log(qr/PerlJob \w+: /);
});

for_each_mpm('worker', sub {
    my $s = TestHttpd->start(mpm => 'worker', modules => \%modules, config => "PerlModule My::Jobs\nPerlJob tick interval=100ms handler=My::Jobs::tick\n");
    ok wait_until(sub { lines($s, 'tick') > 2 }, 10), 'jobs run under worker, too';
    my $process = (lines($s, 'tick'))[0][5];
    kill KILL => $process;
    ok wait_until(sub { grep { $_->[5] != $process && $_->[5] > 1 } lines($s, 'tick') }, 10), 'and their process is replaced';
    $s->expect_log(qr/the process that makes the runs has ended/);
});

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::Jobs
PerlJob polite interval=100ms handler=My::Jobs::polite
<IfModule mpm_prefork_module>
    PerlJob deaf interval=100ms handler=My::Jobs::deaf
    PerlJob deafer interval=100ms timeout=100ms handler=My::Jobs::deaf
</IfModule>
C
    $s->wait_for_trace(qr/^polite \d+/m);
    logged($s, qr/PerlJob deafer: the run in process \d+ was ended by signal 9 after 2\.\d+ s/, 'a run that does not heed its timeout is killed') if $mpm eq 'prefork';
    my ($pid) = TestHttpd::slurp($s->root . '/var/trace') =~ /^polite (\d+)/m;
    $s->expect_log(qr/PerlJob \w+: /);
    my $trace = $s->root . '/var/trace';
    my $begins = time;
    $s->terminate;
    wait_until(sub { $s->ended });
    like TestHttpd::slurp($trace), qr/^told$/m, 'a run is told that the server ends';
    cmp_ok time - $begins, '<', 10, 'a server that stops does not wait for long';
    ok !(kill 0, $pid), 'and leaves no run behind';
    $s->stop;
});

my $s = TestHttpd::Lua->start(mpm => 'event', perl => 1, modules => \%modules, scripts => { 'sweep.lua' => <<'L' }, config => <<'C');
function sweep(s, name)
  n = (n or 0) + 1
  print(name .. " ran " .. n .. " of " .. type(s))
end
function fails() error("not today") end
function chats() print("first words"); io.write("second ", "words\n"); os.execute("sleep 20") end
L
LuaJob sweep interval=200ms handler=@lua@/sweep.lua sweep
LuaJob fails interval=200ms handler=@lua@/sweep.lua:fails
LuaJob chats interval=200ms handler=@lua@/sweep.lua:chats
LuaJob code interval=200ms handler=function(s, name) print(name .. " stands here") end
PerlJob beside interval=200ms handler='sub { print "beside" }'
C
logged($s, qr/lua:notice.*LuaJob sweep: sweep ran 1 of userdata$/m, 'a function of Lua is a job, too');
logged($s, qr/lua:notice.*LuaJob chats: $_ words$/m, "what it prints is logged as it comes: $_") for qw(first second);
logged($s, qr/lua:error.*not today \(LuaJob fails: \S+sweep.lua:fails, \S+:\d+\)/, 'its errors are logged');
logged($s, qr/lua:notice.*LuaJob code: code stands here$/m, 'its code may stand in the line');
logged($s, qr/perl:notice.*PerlJob beside: beside$/m, 'jobs of both languages run beside each other');
$s->log_unlike(qr/sweep ran 2/, 'each run begins anew');
$s->expect_log(qr/(?:Perl|Lua)Job \w+: |stack traceback|not today/);
$s->stop;

for (
    ['PerlJob a interval=1 handler=No::Such->run', qr/PerlJob.*No::Such->run.*Can't locate No\/Such\.pm/, 'a handler that there is not'],
    ["PerlJob a at='0 0 31 2 *' handler=My::Jobs::tick", qr/PerlJob: "a" \(\S+:\d+\) is never due: at= names no day that comes/, 'a day that never comes'],
    ['PerlJob a handler=My::Jobs::tick', qr/PerlJob: "a" is never due: it lacks interval= or at=/, 'a job that is never due'],
    ["PerlJob a interval=1 handler=My::Jobs::tick\nPerlJob a interval=2 handler=My::Jobs::tick", qr/PerlJob: "a" is there already \(\S+:\d+\)/, 'a job twice'],
    ["<Location />\nPerlJob a interval=1 handler=A\n</Location>", qr/PerlJob: not allowed in a <Location> section/, 'a job in a section'],
) {
    my ($config, $message, $what) = @$_;
    my ($status, $text) = TestHttpd->config_test(mpm => 'event', modules => \%modules, config => "PerlModule My::Jobs\n$config\n");
    isnt $status, 0, "$what ends httpd -t";
    like $text, $message, 'and is told';
}
my ($status, $text) = TestHttpd->config_test(mpm => 'event', modules => \%modules, config => $CONF);
is $status, 0, 'httpd -t takes jobs';
unlike $text, qr/PerlJob/, 'and runs none';

done_testing;
