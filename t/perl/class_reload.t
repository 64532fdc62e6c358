# Interpreters of a class are replaced: by a script, for all processes, after a number of requests, with each request.
use lib 't/lib';
use TestHttpd;

my %scripts = (
    'id.pl'        => q{use PerlEx; our $n; print "Content-Type: text/plain\n\n", join '|', PerlEx::class(), $$, "$$-$PerlEx::NUMBER", ++$n, $::begun;},
    'reload.pl'    => q{use PerlEx; print "Content-Type: text/plain\n\n"; PerlEx::Reload(); print "$$-$PerlEx::NUMBER";},
    'reloadall.pl' => q{use PerlEx; print "Content-Type: text/plain\n\n"; print PerlEx::ReloadAll() && 'all reload';},
    'slow.pl'      => q{use PerlEx; print "Content-Type: text/plain\n\n"; open my $f, '>', '@root@/var/begun'; select undef, undef, undef, 1; print "$$-$PerlEx::NUMBER"},
    'served.pl'    => q{print "Content-Type: text/plain\n\n", ++$My::served},
    'end.pl'       => q{print "Content-Type: text/plain\n\nrun"; END { print ' and end' }},
);
my $CONF = <<'C';
<IfModule !mpm_prefork_module>
    StartServers 2
    ServerLimit 2
    ThreadsPerChild 4
    MaxRequestWorkers 8
    MinSpareThreads 1
    MaxSpareThreads 8
</IfModule>
<IfModule mpm_prefork_module>
    StartServers 3
    MinSpareServers 3
    MaxSpareServers 3
    MaxRequestWorkers 3
</IfModule>
PerlRequire @root@/number.pl
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
    PerlClassInterpreters 2
</PerlInterpClass>
<PerlInterpClass three>
    PerlClassLocation @root@/htdocs/three
    PerlClassInterpreters 1
    PerlClassReload 3
</PerlInterpClass>
<PerlInterpClass fresh>
    PerlClassLocation @root@/htdocs/fresh
    PerlClassInterpreters 0
</PerlInterpClass>
C
# Each interpreter has a number of its own, whatever made it.
my $NUMBER = q{package PerlEx; our $NUMBER = 0; sub CLONE { open my $f, '<', '/proc/sys/kernel/random/uuid'; $NUMBER = <$f>; chomp $NUMBER } 1;};

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %files = map { my $dir = $_; map { ("htdocs/$dir$_" => $scripts{$_}) } keys %scripts } '', map { "$_/" } qw(a b three fresh);
    my $s = TestHttpd->start(mpm => $mpm, config => $CONF, files => { %files, 'number.pl' => $NUMBER });
    $s->expect_log(qr/AH00161/);
    my $get = sub { $s->get($_[0])->{content} };
    # The interpreters of a class that answer.
    my $ids = sub { my ($class) = @_; my %seen; $seen{ (split /\|/, $get->("/$class/id.pl"))[2] } = 1 for 1 .. 30; return \%seen };
    like $get->('/id.pl'), qr/^default\|/, 'a script outside of all classes';
    like $get->('/a/id.pl'), qr/^a\|/, 'and in one';

    subtest 'Interpreters 0' => sub {
        my @got = map { $get->('/fresh/id.pl') } 1 .. 4;
        is_deeply [map { (split /\|/)[3] } @got], [1, 1, 1, 1], 'each request has its own interpreter';
        is $get->('/fresh/end.pl'), 'run and end', 'what END blocks print is in the answer';
        is $get->('/a/end.pl'), 'run', 'which it is not elsewhere';
        $get->('/served.pl') for 1 .. 12;
        is_deeply [map { $get->('/fresh/served.pl') } 1, 2], [1, 1], 'nor is anything seen of requests outside of the class';
    };
    subtest 'Reload' => sub {
        my %uses;
        for (1 .. 30) { my (undef, undef, $id, $n) = split /\|/, $get->('/three/id.pl'); $uses{$id} = $n }
        cmp_ok scalar(keys %uses), '>=', 9, 'an interpreter serves three requests, then another takes its place';
        cmp_ok((sort { $b <=> $a } values %uses)[0], '<=', 3, 'and no more');
    };
    subtest 'Reload functions' => sub {
        my $ended = $get->('/a/reload.pl');
        ok !$ids->('a')->{$ended}, 'a script reloads its interpreter';
        my ($before, $others) = ($ids->('a'), $ids->('b'));
        $s->mark_log;
        my ($slow) = map { $s->background(sub { TestHttpd::spew($s->root . '/slow', $s->get('/a/slow.pl')->{content}) }) } 1;
        TestHttpd::wait_until(sub { -e $s->root . '/var/begun' });
        is $get->('/a/reloadall.pl'), 'all reload', 'a script reloads all of its class';
        ok TestHttpd::wait_until(sub { my $now = $ids->('a'); !grep { $now->{$_} } keys %$before }), 'in all processes';
        waitpid $slow, 0;
        my $answer = TestHttpd::slurp($s->root . '/slow');
        like $answer, qr/^\d+-[-0-9a-f]{36}$/, 'one that was busy finishes first';
        ok !$ids->('a')->{$answer}, 'and is then replaced, too';
        my $same = $ids->('b');
        ok scalar(grep { $others->{$_} } keys %$same), 'those of other classes stay' or diag explain [$others, $same];
    };
});

done_testing;
