# ReloadAll under load: no request fails, those of another class keep their interpreters, memory stays. 5 times here, 200 under
# `make soak`; memory is judged there.
use lib 't/lib';
use TestHttpd;

my $TIMES = soak(5, 200);
plan skip_all => 'classes of ours' unless ours;

my %scripts = (
    'id.pl'  => q{use PerlEx; our @kept = (1) x 5000; print "Content-Type: text/plain\n\n", PerlEx::class(), " $$-", ModInterp::Status->interpreter},
    'all.pl' => q{use PerlEx; print "Content-Type: text/plain\n\n", PerlEx::ReloadAll() && 'all'},
);
my $s = TestHttpd->start(mpm => 'event', files => { map { my $dir = $_; map { ("htdocs/$dir/$_" => $scripts{$_}) } keys %scripts } qw(a b) }, config => <<'C');
StartServers 2
ServerLimit 2
ThreadsPerChild 8
MaxRequestWorkers 16
MinSpareThreads 1
MaxSpareThreads 16
<Directory @root@/htdocs>
    SetHandler perl-class
    Options +ExecCGI
</Directory>
<PerlInterpClass a>
    PerlClassLocation @root@/htdocs/a
    PerlClassInterpreters 2
</PerlInterpClass>
<PerlInterpClass b>
    PerlClassLocation @root@/htdocs/b
    PerlClassInterpreters 1
</PerlInterpClass>
C

# The interpreters of class b that answer: one in each process.
my $ids = sub { my %seen; TestHttpd::wait_until(sub { $seen{ $s->get('/b/id.pl')->{content} } = 1; keys %seen == 2 }); return [sort keys %seen] };
my $before = $ids->();
is scalar(@$before), 2, 'two processes serve';

my $stop = $s->root . '/stop';
my @clients = map {
    my $n = $_;
    $s->background(sub {
        my %n;
        until (-e $stop) { my $a = $s->get('/a/id.pl'); $n{ $a->{status} == 200 && $a->{content} =~ /^a \d+-\d+$/ ? 'good' : "$a->{status} $a->{content}" }++ }
        TestHttpd::spew($s->root . "/client$n", join "\n", map { "$n{$_} $_" } sort keys %n);
    })
} 1 .. 4;

# Each generation is there when no interpreter of the one before answers any more.
my ($slowest, @memory) = (0);
my $memory = sub { my $all = 0; $all += $s->private_memory($_) for $s->child_pids; return $all };
for my $time (1 .. $TIMES) {
    my %old = map { ($_ => 1) } map { $s->get('/a/id.pl')->{content} } 1 .. 8;
    my $began = Time::HiRes::time();
    is $s->get('/a/all.pl')->{content}, 'all', 'all are asked to reload' if $time == 1;
    $s->get('/a/all.pl') if $time > 1;
    my $gone = TestHttpd::wait_until(sub { !grep { $old{ $s->get('/a/id.pl')->{content} } } 1 .. 8 });
    $gone or fail "an old one answers after reload $time";
    my $took = Time::HiRes::time() - $began;
    $slowest = $took if $took > $slowest;
    push @memory, $memory->() if $TIMES < 10 || $time % ($TIMES / 10) == 0;
}
TestHttpd::spew($stop, '');
waitpid $_, 0 for @clients;
my %n;
for my $n (1 .. 4) {
    my $said = TestHttpd::slurp($s->root . "/client$n");
    $n{$2} += $1 while $said =~ /^(\d+) (.*)$/mg;
}
is_deeply [grep { $_ ne 'good' } keys %n], [], 'no request fails' or diag explain \%n;
cmp_ok $n{good} || 0, '>', $TIMES, 'while clients asked all the time';
is_deeply $ids->(), $before, 'the interpreters of another class stay';
note sprintf '%d reloads under %d requests; the slowest until no old one answered: %.2f s; private memory, MB: %s',
    $TIMES, $n{good}, $slowest, join ' ', map { sprintf '%.1f', $_ / 1e6 } @memory;
cmp_ok $slowest, '<', 3, 'and each reload is done in all processes soon';
cmp_ok $memory[-1] - $memory[4], '<', 2e6, 'the second half costs no memory' if $ENV{SOAK};

done_testing;
