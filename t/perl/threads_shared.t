# threads::shared data that start-up code made is one for all interpreters of a child process; everything else is each
# interpreter's own. CLONE and CLONE_SKIP are called as perl calls them.
use lib 't/lib';
use TestHttpd;
use Config;

plan skip_all => 'this perl has no threads' unless $Config{useithreads};

my %modules = (trace_module, 'My/Shared.pm' => <<'P');
package My::Shared;
use strict;
use warnings;
use threads;
use threads::shared;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
our $count :shared = 0;
our %hash  :shared = (start => 'up');
our $deep = shared_clone({ list => [ 1, 2 ] });
our $own  = 0;
our %own  = (n => 0);
my $lexical = 0;
my $closure :shared = 0;
our $object = bless {}, 'My::Shared::Cloned';
our $skipped = bless { text => 'not to be cloned' }, 'My::Shared::Skipped';
our $inherited = bless [ 'not to be cloned' ], 'My::Shared::Heir';
our $clones = 0;
our $clones_seen = 0;
sub CLONE { $clones++; T::Trace::note('CLONE', @_) }
sub handler {
    my $r = shift;
    my ($how, $n) = split /,/, $r->args || '';
    $r->content_type('text/plain');
    if ($how eq 'add') {
        for (1 .. $n) { lock $count; $count++ }
        { lock %hash; $hash{$$}++; $hash{all} += $n }
        { lock $deep; push @{ $deep->{list} }, $n }
        { lock $closure; $closure++ }
        $own++; $own{n}++; $lexical++;
        select undef, undef, undef, 0.05;    # so that others come to use other interpreters
    }
    if ($how eq 'wait') {
        lock $count;
        cond_broadcast($count);
    }
    if ($how eq 'block') {
        lock $count;
        T::Trace::note('waits');
        my $until = time + 10;
        my $ok = cond_timedwait($count, $until);
        return $r->print($ok ? 'woken' : 'not woken') && Apache2::Const::OK;
    }
    $r->print(join '|', \$own . '', $count, $hash{all} || 0, $hash{start}, scalar @{ $deep->{list} }, $closure, "$own $own{n} $lexical",
        "$clones", My::Shared::Cloned->clones, ref($skipped) . (eval { $skipped->{text} } // ''), ref $inherited);
    return Apache2::Const::OK;
}
package My::Shared::Cloned;
my $clones = 0;
sub CLONE { my $class = shift; $clones .= " $class" }
sub clones { $clones }
package My::Shared::Skipped;
sub CLONE_SKIP { T::Trace::note('CLONE_SKIP', @_); 1 }
package My::Shared::Heir;
our @ISA = 'My::Shared::Skipped';
package My::Shared::Kept;
sub CLONE_SKIP { 0 }
1;
P
my $CONF = <<'C';
PerlModule My::Shared
PerlInterpStart 2
PerlInterpMax 4
PerlInterpMinSpare 1
PerlInterpMaxSpare 4
<Location /shared>
    SetHandler modperl
    PerlResponseHandler My::Shared
</Location>
C

sub look { my ($s, $args) = @_; my $answer = $s->get("/shared?$args"); return split /\|/, $answer->{content} }

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF);
    is scalar($s->child_pids), 1, 'one process';
    my @start = $s->wait_for_trace(qr/CLONE My/);
    is scalar(grep { $_ eq 'CLONE My::Shared' } @start), scalar(grep { $_ eq 'CLONE_SKIP My::Shared::Skipped' } @start), 'CLONE and CLONE_SKIP once per clone';
    is scalar(grep { $_ eq 'CLONE_SKIP My::Shared::Heir' } @start), scalar(grep { $_ eq 'CLONE_SKIP My::Shared::Skipped' } @start), '  an inherited CLONE_SKIP, too';
    like +(grep { /CLONE/ } @start)[0], qr/SKIP/, "  CLONE_SKIP first";

    my @answers = map { ref $_ ? [ split /\|/, $_->[0] ] : [] } $s->parallel(12, sub { $s->get('/shared?add,500')->{content} });
    my %by = map { $_->[0] => 1 } @answers;
    cmp_ok scalar(keys %by), '>', 1, 'several interpreters have answered';
    my @all = look($s, 'look');
    is $all[1], 6000, 'a shared scalar: every addition of every interpreter counts';
    is $all[2], 6000, 'a shared hash';
    is $all[3], 'up', '  with what start-up code put in';
    is $all[4], 14, 'a nested shared structure';
    is $all[5], 12, 'a shared lexical';
    my %last;
    for (@answers) { my ($own) = $_->[6] =~ /^(\d+)/; $last{ $_->[0] } = $own if $own > ($last{ $_->[0] } || 0) }
    my $sum = 0;
    $sum += $_ for values %last;
    is $sum, 12, 'variables that are not shared: each interpreter counts for itself';
    is scalar(grep { my ($x, $y, $z) = split ' ', $_->[6]; $x == $y && $y == $z } @answers), 12, '  globals, hashes and lexicals alike';
    is scalar(grep { $_->[7] == 1 } @answers), 12, 'CLONE ran once in each';
    is scalar(grep { $_->[8] eq '0 My::Shared::Cloned' } @answers), 12, '  as a class method of each package that has one';
    is scalar(grep { $_->[9] eq 'SCALAR' && $_->[10] eq 'SCALAR' } @answers), 12, 'what CLONE_SKIP keeps out is a reference to undef in the clones'
        or diag explain [ map { "$_->[9] $_->[10]" } @answers ];

    # A condition variable wakes a handler in another interpreter.
    $s->trace;
    my $pid = $s->socket;
    print {$pid} "GET /shared?block HTTP/1.0\r\n\r\n";
    ok scalar(grep { $_ eq 'waits' } $s->wait_for_trace(qr/^waits/m)), 'a handler waits for a condition';
    $s->get('/shared?wait');
    like TestHttpd::Client::read_all($pid, 15), qr/\r\n\r\nwoken/, '  another interpreter\'s broadcast wakes it';

    $s->graceful;
    is +(look($s, 'look'))[1], 0, 'a restart makes all of it anew';
});

# Without threads each process is its own.
for_each_mpm(qw(prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF);
    $s->get('/shared?add,5') for 1 .. 6;
    my @all = look($s, 'look');
    is $all[1] % 5, 0, 'shared data works';
    is $all[7], 0, 'nothing is cloned';
    is $all[9], 'My::Shared::Skippednot to be cloned', '  and nothing is left out';
    is scalar(grep { /CLONE/ } $s->trace), 0, '  CLONE and CLONE_SKIP are not called';
});

# Two processes under event: each has a copy of what start-up made.
for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF . <<'C');
StartServers 3
MinSpareThreads 33
MaxSpareThreads 64
MaxRequestWorkers 48
C
    wait_until(sub { $s->child_pids == 3 }, 30);
    my @answers = $s->parallel(12, sub { my @all = look($s, 'add,100'); $all[1] });
    my ($max) = sort { $b <=> $a } map { ref $_ ? $_->[0] : 0 } @answers;
    cmp_ok $max, '<=', 1200, 'a process sees its own interpreters\' additions only';
    is $max % 100, 0, '  and each of them whole' or diag explain \@answers;
});

done_testing;
