# PerlClassInterpreters N total: so many interpreters over all child processes, which take them from each other as requests need them.
use lib 't/lib';
use TestHttpd;
use Time::HiRes ();

# An interpreter is there from CLONE on until its guard is destroyed; a request is busy while it has a file.
my %modules = ('My/Alive.pm' => <<'P');
package My::Alive;
use strict;
use warnings;
use Time::HiRes ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
our ($number, $guard);
chmod 0777, map { '@root@/var/' . $_ } qw(busy alive) if !$>;
my $serial = 0;
sub mark { my ($dir, $name) = @_; my $file = "@root@/var/$dir/$name"; open my $f, '>', $file or die "$file: $!"; return bless \$file }
sub DESTROY { my ($self) = @_; unlink $$self if defined $$self; return }
sub CLONE_SKIP { 1 }
sub handler {
    my ($r) = @_;
    my ($where, $seconds) = split /,/, $r->args || 'none';
    my $id = "$$-" . ($number // 0);
    my $busy = mark('busy', "$id-" . ++$serial);
    Time::HiRes::sleep($seconds) if $seconds;
    my %now = map { (/^(\d+-\d+)-/ ? ($1 => 1) : ()) } do { opendir my $d, '@root@/var/busy' or die $!; readdir $d };
    $r->print(join '|', $id, scalar keys %now);
    return 0;
}
1;
P
$modules{'My/Counted.pm'} = <<'P';
package My::Counted;
use My::Alive;
sub CLONE { $My::Alive::number = int rand 1e9; $My::Alive::guard = My::Alive::mark('alive', "$$-$My::Alive::number"); return }
1;
P

my $CONF = <<'C';
<IfModule !mpm_prefork_module>
    StartServers 3
    ServerLimit 8
    ThreadsPerChild 6
    MaxRequestWorkers 18
    MinSpareThreads 1
    MaxSpareThreads 18
    MaxConnectionsPerChild 0
</IfModule>
<IfModule mpm_prefork_module>
    StartServers 8
    MinSpareServers 1
    MaxSpareServers 8
    MaxRequestWorkers 8
</IfModule>
<PerlInterpClass few>
    PerlClassInterpreters 4 total
    PerlInterpMaxWait 20s
    PerlModule My::Counted
</PerlInterpClass>
<PerlInterpClass none>
    PerlClassInterpreters 1 total
    PerlInterpMaxWait 300ms
    PerlModule My::Alive
</PerlInterpClass>
<Location /few>
    PerlUseClass few
    SetHandler modperl
    PerlResponseHandler My::Alive
</Location>
<Location /one>
    PerlUseClass none
    SetHandler modperl
    PerlResponseHandler My::Alive
</Location>
C

sub files { my ($dir) = @_; opendir my $d, $dir or die "$dir: $!"; return grep { /^\d/ } readdir $d }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF, files => { map { ("var/$_/keep" => '') } qw(busy alive) });
    # Interpreters of processes that live; those of the class of one are left out, which is asked last.
    my $alive = sub { grep { /^(\d+)-/ && kill 0, $1 } files($s->root . '/var/alive') };
    my $load = sub {
        my ($clients, $times, $path) = @_;
        my @all = $s->parallel($clients, sub { map { my $a = $s->get($path); "$a->{status}|$a->{content}" } 1 .. $times });
        return map { ref $_ ? map { [split /\|/] } @$_ : die "a client died: $_" } @all;
    };

    # How many run at once: the most that any request has seen, of some rounds until there are as many as may be.
    my $most_of = sub {
        my ($clients) = @_;
        my $most = 0;
        TestHttpd::wait_until(sub { for ($load->($clients, 3, '/few?few,0.05')) { $most = $_->[2] if $_->[0] == 200 && $_->[2] > $most } $most >= 4 });
        return $most;
    };

    my @got = $load->(12, 10, '/few?few,0.03');
    is_deeply [grep { $_->[0] != 200 } @got], [], 'of more requests than there are interpreters all are answered';
    my ($most) = sort { $b <=> $a } map { $_->[2] } @got;
    is $most, 4, 'never more of them run at once than one class may have in all processes';
    my %processes = map { ($_->[1] =~ /^(\d+)/ ? ($1 => 1) : ()) } @got;
    cmp_ok scalar(keys %processes), '>', 1, 'in several processes';

    if ($s->is_threaded) {
        ok TestHttpd::wait_until(sub { $alive->() == 4 }), 'and so many there are, when nobody asks, too' or diag join ' ', $alive->();
        # Whoever polls while requests come sees no more.
        my $stop = $s->root . '/var/stop';
        my $asks = $s->background(sub { until (-e $stop) { $load->(12, 5, '/few?few,0.01') } });
        my $seen = 0;
        for (1 .. 40) { my $now = () = $alive->(); $seen = $now if $now > $seen; Time::HiRes::sleep(0.02) }
        TestHttpd::spew($stop, '');
        waitpid $asks, 0;
        is $seen, 4, 'at every poll';
    }

    subtest 'a process that is killed leaves its part to others' => sub {
        my $slow = $s->background(sub { $load->(4, 1, '/few?few,2') });
        ok TestHttpd::wait_until(sub { files($s->root . '/var/busy') == 4 }), 'all are busy';
        my %pids = map { (/^(\d+)-/ ? ($1 => 1) : ()) } files($s->root . '/var/busy');
        kill KILL => keys %pids;
        $s->expect_log(qr/AH00052: child pid \d+ exit signal Killed/);
        unlink map { $s->root . "/var/busy/$_" } files($s->root . '/var/busy');
        # A client may ask again whose connection has broken: then those of its requests are counted, too.
        my @then = $load->(8, 3, '/few?few,0.05');
        is_deeply [grep { $_->[0] != 200 } @then], [], 'requests are answered';
        is $most_of->(8), 4, 'by as many interpreters as before';
        waitpid $slow, 0;
    };

    subtest 'after a graceful restart those of the old processes count' => sub {
        my $slow = $s->background(sub { TestHttpd::spew($s->root . '/var/old', $s->get('/few?few,1.5')->{content}) });
        ok TestHttpd::wait_until(sub { files($s->root . '/var/busy') == 1 }), 'an old one is busy';
        $s->graceful;
        cmp_ok $most_of->(8), '<=', 4, 'and with the old one there are no more than before';
        waitpid $slow, 0;
        like TestHttpd::slurp($s->root . '/var/old'), qr/^\d+-\d+\|/, 'the old one has finished';
    };

    subtest 'a wait has an end' => sub {
        my $slow = $s->background(sub { $s->get('/one?one,1.5') });
        ok TestHttpd::wait_until(sub { files($s->root . '/var/busy') == 1 }), 'the one of a class is busy';
        # Some other process is asked, too.
        my @refused = grep { $_->[0] == 503 } $load->(3, 1, '/one?one');
        is scalar(@refused), 3, 'requests that get none in their time are answered 503';
        $s->expect_log(qr/PerlInterpMaxWait: no interpreter of class none of the main server came free in 300ms; "PerlClassInterpreters \d+ total" \(now 1\) would have avoided it/);
        waitpid $slow, 0;
        is $s->get('/one?one')->{status}, 200, 'then it serves again';
    };
});

for (
    ['PerlClassInterpreters 0 total', qr/PerlClassInterpreters: "0" /, 'none in total'],
    ['PerlClassInterpreters 4 each', qr/PerlClassInterpreters: "each" /, 'another word'],
) {
    my ($line, $message, $what) = @$_;
    my (undef, $log) = TestHttpd->start_fails(mpm => 'event', config => "<PerlInterpClass a>\n$line\n</PerlInterpClass>\n");
    like $log, $message, "$what is told at the start";
}

done_testing;
