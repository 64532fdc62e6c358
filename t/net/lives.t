# PerlNetServer: the hooks of a worker's life, and what the parent does there beside.
use lib 't/lib';
use TestHttpd;
use TestNet;

plan skip_all => 'PerlNetServer is ours' unless ours;
plan skip_all => 'needs Net::Server (Debian: libnet-server-perl)' unless eval { require Net::Server; 1 };

my %modules = (trace_module, map { my $kind = $_; ("My/$kind.pm" => <<"P") } qw(PreForkSimple PreFork Fork));
package My::$kind;
use strict;
use warnings;
use base 'Net::Server::$kind';
use T::Trace ();
use ModInterp::Status ();
my (\$n, \$id) = 0;
sub CLONE { \$id = undef }
sub note { T::Trace::note("$kind", \@_) }
sub run_n_children_hook { my \$self = shift; note('spawn', \@_) }
sub pre_fork_hook       { note('pre_fork', \@_[1 .. \$#_], \$\$) }
sub register_child      { note('register', \@_[1, 2]) }
sub child_init_hook     { my \$p = \$_[0]{server}; \$id ||= join '/', \$\$, \\\$n, int rand 1e9; note('init', \$id, \$_[1] // 'worker', "\$p->{requests}", exists \$p->{children} ? 'children' : 'none'); }
sub child_finish_hook   { note('finish', \$id, \$_[1] // 'worker') }
sub pre_server_close_hook   { note('closes', \$\$) }
sub post_child_cleanup_hook { note('cleaned', \$\$) }
sub restart_close_hook      { note('restarts', \$\$) }
sub restart_open_hook       { note('reopens', \$\$) }
sub process_request { my \$self = shift; print "host \$id \$self->{server}{requests}\\r\\n"; <STDIN> }
END { note('END', \$id) if \$id }
1;
P
my $CONF = <<'C' . join '', map { <<"C2" } qw(PreForkSimple PreFork Fork);
<IfModule !mpm_prefork_module>
    ServerLimit 2
    StartServers 2
    ThreadsPerChild 12
    MaxRequestWorkers 24
    MinSpareThreads 1
    MaxSpareThreads 24
</IfModule>
<IfModule mpm_prefork_module>
    StartServers 2
    MinSpareServers 1
    MaxSpareServers 9
</IfModule>
C
Listen 127.0.0.1:\@port:$_\@ raw
<PerlInterpClass $_>
    PerlClassStartup 1
    PerlClassInterpreters 3
</PerlInterpClass>
<VirtualHost 127.0.0.1:\@port:$_\@>
    PerlUseClass $_
    PerlNetServer My::$_
</VirtualHost>
C2

# What a program has noted so far of a word: the rest of each line.
sub noted { my ($s, $program, $word) = @_; my @noted = TestHttpd::slurp($s->root . '/var/trace') =~ /^\Q$program $word\E ?(.*)$/mg; return @noted }
sub first_words { map { (split / /)[0] } @_ }
sub how_often { my %n; $n{$_}++ for @_; return \%n }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s   = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF);
    my $per = $s->is_threaded ? 3 : 1;
    my @two = qw(PreForkSimple PreFork);
    for my $program (@two) {
        ok wait_until(sub { noted($s, $program, 'init') == 2 * $per }, 10), "$program: in two processes each interpreter begins once, before any connection";
        is_deeply [grep { $_ != 1 } values %{ how_often(first_words(noted($s, $program, 'init'))) }], [], "$program: each for itself";
        is_deeply how_often(map { join ' ', (split / /)[1 .. 3] } noted($s, $program, 'init')), { 'worker 0 none' => 2 * $per }, "$program: as a worker that has served nobody";
        is_deeply [noted($s, $program, 'spawn')], [$per], "$program: run_n_children_hook is called in their parent before they are made";
        is scalar(() = noted($s, $program, 'pre_fork')), $per, "$program: and pre_fork_hook for each of them";
        is_deeply how_often(map { (split / /)[1] } noted($s, $program, 'register')), { lc $program => 2 * $per }, "$program: register_child when one is there";
    }
    my $c = $s->net('PreForkSimple');
    my (undef, $id, $requests) = split / /, $c->answer;
    is how_often(first_words(noted($s, 'PreForkSimple', 'init')))->{$id}, 1, 'an interpreter that serves has begun';
    is $requests, 1, 'and counts its connections';
    $c->say('end');
    $c->rest;

    is scalar(() = noted($s, 'Fork', 'init')), 0, 'a Net::Server::Fork has no workers';
    for (1, 2) { my $c = $s->net('Fork'); $c->answer; $c->say('end'); $c->rest }
    ok wait_until(sub { noted($s, 'Fork', 'finish') == 2 }, 10), 'but begins and finishes with each connection';
    is_deeply [map { scalar(() = noted($s, 'Fork', $_)) } qw(pre_fork register init)], [2, 2, 2], 'with its other hooks';

    for my $how (qw(graceful restart)) {
        my %before = map { ($_ => 1) } map { first_words(noted($s, $_, 'init')) } @two;
        delete @before{ map { first_words(noted($s, $_, 'finish')) } @two };
        my $begun = map { noted($s, $_, 'init') } @two;
        $s->$how;
        ok wait_until(sub { my $n = how_often(map { first_words(noted($s, $_, 'finish')) } @two); !grep { ($n->{$_} // 0) != 1 } keys %before }, 20), "$how finishes each interpreter once";
        ok wait_until(sub { $begun + 2 * $per <= map { noted($s, $_, 'init') } @two }, 20), "$how has others begin";
    }
    my ($parent) = noted($s, 'PreFork', 'closes');
    for my $program (@two) {
        is_deeply [map { [noted($s, $program, $_)] } qw(closes cleaned restarts)], [([$parent, $parent]) x 3], "$program: the parent is told of each restart";
        is_deeply [noted($s, $program, 'reopens')], [$parent, $parent], "$program: before and behind";
    }
    my $trace = $s->root . '/var/trace';
    $s->terminate;
    wait_until(sub { $s->ended });
    my $text = TestHttpd::slurp($trace);
    for my $program (@two) {
        my %of = map { my $word = $_; ($word => how_often($text =~ /^$program $word (\S+) worker/mg)) } qw(init finish);
        is_deeply $of{finish}, $of{init}, "$program: when the server stops each finishes once";
        my %wrong = map { ($_ => 1) } grep { index($text, "$program END $_\n") >= 0 && index($text, "$program END $_\n") < index($text, "$program finish $_ ") } keys %{ $of{finish} };
        is_deeply \%wrong, {}, "$program: before its END blocks";
        is scalar(() = $text =~ /^$program closes/mg), 3, "$program: the parent is told that the server ends";
        is scalar(() = $text =~ /^$program restarts/mg), 2, "$program: which is no restart";
    }
    $s->stop;
});

# Interpreters that are replaced.
for_each_mpm('event', sub {
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => <<'C');
ServerLimit 1
StartServers 1
ThreadsPerChild 4
MaxRequestWorkers 4
Listen 127.0.0.1:@port:net@ raw
<PerlInterpClass net>
    PerlClassStartup 1
    PerlClassInterpreters 2
    PerlClassReload 3
</PerlInterpClass>
<VirtualHost 127.0.0.1:@port:net@>
    PerlUseClass net
    PerlNetServer My::PreForkSimple
</VirtualHost>
C
    my %seen;
    for (1 .. 12) { my $c = $s->net('net'); $seen{ (split / /, $c->answer)[1] }++; $c->say('end'); $c->rest }
    is_deeply [grep { $_ > 3 } values %seen], [], 'an interpreter serves three connections and is replaced';
    my $over = sub { grep { $seen{$_} == 3 } keys %seen };
    ok wait_until(sub { my $n = how_often(first_words(noted($s, 'PreForkSimple', 'finish'))); !grep { ($n->{$_} // 0) != 1 } $over->() }, 10), 'those finish once';
    is_deeply [grep { $_ != 1 } values %{ how_often(first_words(noted($s, 'PreForkSimple', 'init'))) }], [], 'all have begun once';
});

# Jobs.
my %jobs = (trace_module, 'My/Queue.pm' => <<'P', 'My/Own.pm' => <<'P2', 'My/Plain.pm' => "package My::Plain;\nuse base 'Net::Server::PreFork';\n1;\n");
package My::Queue;
use strict;
use warnings;
use base 'Net::Server::PreFork';
use T::Trace ();
use Time::HiRes ();
my $n = 0;
sub pre_fork_hook     { T::Trace::note('pre_fork', $_[1], $$) if $_[1] }
sub register_child    { T::Trace::note('register', @_[1, 2]) if $_[2] eq 'dequeue' }
sub child_init_hook   { T::Trace::note('init', $_[1], $$) if $_[1] }
sub child_finish_hook { T::Trace::note('finish', $_[1], $$) if $_[1] }
sub dequeue {
    my ($self) = @_;
    T::Trace::note('begins', Time::HiRes::time(), $$);
    print "the queue\n";
    if (-e '@var@/die') { unlink '@var@/die'; die "no queue\n" }
    select undef, undef, undef, 0.05 for 1 .. (-e '@var@/long' ? 600 : 8);
    T::Trace::note('ends', Time::HiRes::time(), $$);
}
sub idle_loop_hook { my ($self, $fh) = @_; T::Trace::note('idle', $$, ++$n, ref $fh, scalar keys %{ $self->{server}{children} }) }
1;
P
package My::Own;
use base 'Net::Server::PreForkSimple';
use T::Trace ();
sub run_dequeue { T::Trace::note('own', $$) }
1;
P2
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $class = sub { my ($name, $line) = @_; "Listen 127.0.0.1:\@port:$name\@ raw\n<PerlInterpClass $name>\nPerlClassStartup 1\nPerlClassInterpreters 1\n</PerlInterpClass>\n<VirtualHost 127.0.0.1:\@port:$name\@>\nPerlUseClass $name\nPerlNetServer $line\n</VirtualHost>\n" };
    my $s = TestHttpd->start(mpm => $mpm, modules => \%jobs, config => join '', $class->('queue', 'My::Queue check_for_dequeue=1 max_dequeue=1'), $class->('own', 'My::Own check_for_dequeue=1 max_dequeue=2'), $class->('none', 'My::Queue check_for_dequeue=1'), $class->('plain', 'My::Plain check_for_dequeue=1 max_dequeue=1'), <<'C');
Listen 127.0.0.1:@port:more@ raw
<VirtualHost 127.0.0.1:@port:more@>
    PerlUseClass queue
    PerlNetServer My::Queue check_for_dequeue=1 max_dequeue=1
</VirtualHost>
C
    my $lines = sub { my ($word) = @_; map { [split / /] } TestHttpd::slurp($s->root . '/var/trace') =~ /^(\Q$word\E .*)$/mg };
    ok wait_until(sub { $lines->('ends') >= 2 }, 20), 'dequeue is run again and again';
    my ($pid) = map { $_->[2] } $lines->('begins');
    is_deeply [map { [grep { $_->[-1] eq $pid || $_->[1] eq $pid } $lines->($_)] } qw(pre_fork register init finish)],
        [[['pre_fork', 'dequeue', $pid]], [['register', $pid, 'dequeue']], [['init', 'dequeue', $pid]], [['finish', 'dequeue', $pid]]], 'in a worker of its own, with the word dequeue for its hooks';
    my @begins = map { $_->[1] } $lines->('begins');
    my @ends   = map { $_->[1] } $lines->('ends');
    is_deeply [grep { $begins[$_] < $ends[$_ - 1] } 1 .. $#ends], [], 'never two at once, though two ports have the program';
    ok wait_until(sub { $lines->('own') >= 2 }, 20), 'run_dequeue of a program is run as well';
    ok $s->wait_for_log(qr/perl:notice.*PerlJob dequeue-My\.Queue: the queue$/m), 'what it prints is in the log';
    spew($s->root . '/var/die', '');
    ok $s->wait_for_log(qr/perl:error.*no queue \(PerlJob dequeue-My\.Queue: ModInterp::NetServer::job_1, \S+httpd\.conf:\d+\)/), 'what it dies of is logged, with the line of the program';
    my $n = $lines->('ends');
    ok wait_until(sub { $lines->('ends') > $n }, 20), 'and the next run comes';
    $s->log_unlike(qr/PerlJob dequeue-My\.Plain/, 'a program without a queue has no job');
    if ($mpm eq 'event') {
        ok wait_until(sub { $lines->('idle') >= 1 }, 40), 'idle_loop_hook is called in a process of its own';
        my ($one) = map { $_->[1] } $lines->('idle');
        ok wait_until(sub { 2 <= grep { $_->[1] eq $one } $lines->('idle') }, 40), 'again and again';
        my @idle = grep { $_->[1] eq $one } $lines->('idle');
        is_deeply [map { [@$_[2 .. 4]] } @idle[0, 1]], [[1, 'ARRAY', 0], [2, 'ARRAY', 0]], 'as there, and keeps what it has';
    }
    spew($s->root . '/var/long', '');
    my $begun = $lines->('begins');
    ok wait_until(sub { $lines->('begins') > $begun }, 20), 'a long run begins';
    my $last = ($lines->('begins'))[-1][2];
    my $trace = $s->root . '/var/trace';
    $s->terminate;
    wait_until(sub { $s->ended });
    like TestHttpd::slurp($trace), qr/^finish dequeue $last$/m, 'a run is told that the server ends, and its child_finish_hook is called';
    $s->expect_log(qr/PerlJob [\w.-]+: |no queue/);
    $s->stop;
});

done_testing;
