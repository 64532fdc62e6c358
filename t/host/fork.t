# A process that a handler forks: whatever way it goes back, it ends, and nothing of it is left after the stop.
use lib 't/lib';
use TestHttpd;

my $HANDLER = <<'P';
package My::Fork;
use strict;
use warnings;
use T::Trace ();
use POSIX ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my $parent_of_all = $$;
END { T::Trace::note('END', $$) if $$ != $parent_of_all && $ENV{T_FORKED} }
sub handler {
    my $r = shift;
    my $how = $r->args;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        T::Trace::note('forked', $$);
        $ENV{T_FORKED} = 1;
        if ($how eq 'exit')       { exit 3 }
        if ($how eq 'core_exit')  { CORE::exit(3) }
        if ($how eq 'die')        { die "in the forked process\n" }
        if ($how eq '_exit')      { POSIX::_exit(3) }
        if ($how eq 'exec')       { exec 'true' }
        return Apache2::Const::OK;
    }
    waitpid $pid, 0;
    my $status = $? >> 8;
    $r->content_type('text/plain');
    $r->print("status $status signal ", $? & 127);
    return Apache2::Const::OK;
}
1;
P
# How the process goes back, and the status that it ends with.
my @CASES = ([return => 0], [exit => 3], [core_exit => 3], [die => 255], [_exit => 3], [exec => 0]);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Fork.pm' => $HANDLER }, config => <<'C');
<Location /fork>
    SetHandler modperl
    PerlResponseHandler My::Fork
</Location>
C
    for my $case (@CASES) {
        my ($how, $status) = @$case;
        SKIP: {
            skip "mod_perl lets such a process go on serving", 1 if !ours && $how !~ /^(?:_exit|exec|core_exit)$/;
            is $s->get("/fork?$how")->{content}, "status $status signal 0", "fork, then $how: it ends there";
        }
    }
    my @forked = map { /^forked (\d+)/ } $s->trace;
    ok !(grep { kill 0 => $_ } @forked), 'none of them runs on';
    is $s->get('/fork?_exit')->{status}, 200, 'the server serves on';
    $s->log_like(qr/in the forked process/, 'the text of die is in the log') if ours;
    ok !(grep { /^END/ } $s->trace), 'no END block ran in them' if ours;
});

done_testing;
