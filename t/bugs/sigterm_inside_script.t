# Prefork ends a child inside its signal handler. Where that met a script, the end of its request ran Perl there: cleanup
# handlers and DESTROY, in an interpreter stopped anywhere.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl runs them' unless ours;

my $s = TestHttpd->start(mpm => 'prefork', modules => { trace_module, 'My/Met.pm' => <<'P' }, config => <<'C');
package My::Met;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use APR::Pool ();
use Apache2::Const -compile => 'OK';
END { T::Trace::note('END', $$) }
sub My::Met::Guard::DESTROY { T::Trace::note('DESTROY') }
sub handler {
    my $r = shift;
    my $how = $r->args;
    $r->content_type('text/plain');
    $r->pnotes(guard => bless [], 'My::Met::Guard');
    $r->pool->cleanup_register(sub { T::Trace::note('pool') });
    my $mine = bless [], 'My::Met::Guard';
    T::Trace::note('in', $$);
    my $end = time + 20;
    if    ($how eq 'sleep') { sleep 20 }
    elsif ($how eq 'loop')  { my $n; $n++ while time < $end }
    elsif ($how eq 'sort')  { while (time < $end) { my @x = sort { $a <=> $b } map { rand } 1 .. 1000 } }
    T::Trace::note('out');
    return Apache2::Const::OK;
}
sub cleanup { T::Trace::note('cleanup'); Apache2::Const::OK }
sub exits   { T::Trace::note('exits', $$); Apache2::Const::OK }
1;
P
PerlModule My::Met
PerlChildExitHandler My::Met::exits
<Location /met>
    SetHandler modperl
    PerlResponseHandler My::Met
    PerlCleanupHandler  My::Met::cleanup
    PerlLogHandler      My::Met::cleanup
</Location>
C
for my $how (qw(sleep loop sort)) {
    $s->trace;
    my $socket = $s->socket;
    print {$socket} "GET /met?$how HTTP/1.0\r\n\r\n";
    my ($child) = map { /^in (\d+)/ } $s->wait_for_trace(qr/^in/m);
    $s->mark_log;
    kill TERM => $child;
    ok wait_until(sub { !grep { $_ == $child } $s->child_pids }, 15), "$how: the child ends";
    is_deeply [grep { /^(?:DESTROY|pool|cleanup|out)|$child/ } $s->trace], [], '  and nothing in Perl ran';
    $s->log_like(qr/ended by a signal inside a script/, '  the log says that');
}

# A restart ends children in the same way.
{
    $s->trace;
    my $socket = $s->socket;
    print {$socket} "GET /met?sleep HTTP/1.0\r\n\r\n";
    my ($child) = map { /^in (\d+)/ } $s->wait_for_trace(qr/^in/m);
    $s->restart;
    ok wait_until(sub { !kill 0 => $child }, 15), 'restart: the child ends';
    is_deeply [grep { /^(?:DESTROY|pool|cleanup|out)|$child/ } $s->trace], [], '  and nothing in Perl ran there';
}

# A child outside of scripts ends in order.
my ($child) = wait_until(sub { my @pids = $s->child_pids; @pids > 1 && $pids[-1] });
ok wait_until(sub { $s->get('/none')->{status} == 404 }), 'the server serves on';
kill TERM => $child;
my @lines = $s->wait_for_trace(qr/^END $child/m);
is_deeply [grep { /$child/ } @lines], ["exits $child", "END $child"], 'a child that is idle runs its handlers and END blocks';

done_testing;
