# `httpd -k start` detaches in the middle of its start. The daemon took what its first half had registered for another
# process's: its first generation of interpreters never ended.
use lib 't/lib';
use TestHttpd;

# What ended in that process, without repetitions: clones have END blocks of their own.
sub ends { my ($pid, @lines) = @_; my %seen; return grep { / in $pid$/ && !$seen{$_}++ } @lines }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, daemon => 1, modules => { trace_module, 'My/D.pm' => <<'P' }, config => <<'C');
package My::D;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::ServerUtil ();
use Apache2::Const -compile => 'OK';
my $generation = Apache2::ServerUtil::restart_count();
END { T::Trace::note("END of $generation in", $$) }
Apache2::ServerUtil::server_shutdown_cleanup_register(sub { T::Trace::note("shutdown of $generation in", $$) });
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print("$generation $$"); Apache2::Const::OK }
1;
P
PerlModule My::D
<Location /d>
    SetHandler modperl
    PerlResponseHandler My::D
</Location>
C
    my $pid = $s->pid;
    like $s->get('/d')->{content}, qr/^2 \d+$/, 'the daemon serves';
    isnt $pid, $s->{launcher}, 'it is another process than the one started';
    $s->graceful;
    my @lines = $s->wait_for_trace(qr/^END of 2 in $pid$/m);
    is_deeply [ends($pid, @lines)], ["shutdown of 2 in $pid", "END of 2 in $pid"], 'END of its first generation runs in the parent';
    ok wait_until(sub { $s->get('/d')->{content} =~ /^3 / }, 10), 'the next one serves';
    $s->graceful;
    @lines = $s->wait_for_trace(qr/^END of 3 in $pid$/m);
    is_deeply [ends($pid, @lines)], ["shutdown of 3 in $pid", "END of 3 in $pid"], 'so does that of the second';
    $s->terminate;
    ok $s->wait_ended(20), 'it stops';
    is_deeply [ends($pid, $s->trace)], ["shutdown of 4 in $pid", "END of 4 in $pid"], 'and the last one ends';
    ok !-e $s->root . '/run/httpd.pid', 'the pid file is gone';
});

done_testing;
