# Who makes interpreters, where and when: the parent before the fork, then each child's keeper ahead of demand; under
# prefork nobody.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, 'My/Keep.pm' => <<'P');
package My::Keep;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my $mark;
sub CLONE { T::Trace::note('CLONE', $$) }
END { T::Trace::note('END', $$, 0 + \$mark) }
sub child_init { T::Trace::note('child_init', $$); Apache2::Const::OK }
sub handler {
    my $r = shift;
    select undef, undef, undef, $r->args / 1000 if $r->args;
    $r->content_type('text/plain');
    $r->print(0 + \$mark);
    return Apache2::Const::OK;
}
1;
P
my $BASE = <<'C';
PerlModule My::Keep
PerlChildInitHandler My::Keep::child_init
<Location /k>
    SetHandler modperl
    PerlResponseHandler My::Keep
</Location>
C

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    plan skip_all => 'the keeper is ours' unless ours;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $BASE);
    my $pid = $s->pid;
    my @lines = $s->wait_for_trace(qr/^child_init/m);
    is_deeply [grep { /^CLONE/ } @lines], [("CLONE $pid") x 3], 'without limits given three clones are made, all in the parent, once';
    my @marks = map { ref $_ ? @$_ : $_ } $s->parallel(10, sub { $s->get('/k?100')->{content} });
    my %seen = map { $_ => 1 } @marks;
    is scalar(grep { !/^\d+$/ } @marks), 0, 'ten requests at once are served';
    cmp_ok scalar(keys %seen), '<=', 5, '  by five interpreters at most';
    my ($child) = $s->child_pids;
    @lines = grep { /^CLONE/ } $s->trace;
    is_deeply [grep { $_ ne "CLONE $child" } @lines], [], '  those made for them were made in the child';
    $s->stop;

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "PerlInterpStart 1\nPerlInterpMax 4\nPerlInterpMinSpare 3\nPerlInterpMaxSpare 4\n$BASE");
    @lines = $s->wait_for_trace(qr/(?:^CLONE.*?){3}/ms);
    my ($in_child) = map { /^child_init (\d+)/ } @lines;
    is_deeply [grep { /^(?:CLONE|child_init)/ } @lines], ['CLONE ' . $s->pid, "child_init $in_child", ("CLONE $in_child") x 2],
        'PerlInterpMinSpare: the child makes up for it by itself, after its ChildInit handlers';
    $s->stop;

    # What is above the limit ends once it was for ten seconds: one MPM is enough here.
    return if $mpm ne 'event' && !$ENV{SOAK};
    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "PerlInterpStart 4\nPerlInterpMax 4\nPerlInterpMinSpare 1\nPerlInterpMaxSpare 2\n$BASE");
    ($child) = map { /^child_init (\d+)/ } $s->wait_for_trace(qr/^child_init/m);
    my @ended;
    ok wait_until(sub { push @ended, grep { /^END $child/ } $s->trace; @ended >= 2 }, 25), 'PerlInterpMaxSpare: what is idle beyond it ends';
    is $s->get('/k')->{status}, 200, '  the others serve';
    is scalar(grep { /^END $child/ } @ended, $s->trace), 2, '  it is two of four';
});

for_each_mpm(qw(prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $BASE);
    is $s->get('/k')->{status}, 200, 'a request';
    is scalar(grep { /^CLONE/ } $s->trace), 0, 'no clone is made';
    is_deeply [grep { $s->threads($_) != 1 } $s->child_pids], [], 'and no thread runs beside the one of httpd';
});

done_testing;
