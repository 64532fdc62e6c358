# END blocks and shutdown cleanups that ask their server something: at a restart the server's memory was gone already.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/End.pm' => <<'P' }, config => <<'C');
package My::End;
use strict;
use warnings;
use T::Trace ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use Apache2::Const -compile => 'OK';
my $s;
sub post_config { (undef, undef, undef, $s) = @_; Apache2::Const::OK }
sub servers { my @names; for (my $at = shift; $at; $at = $at->next) { push @names, $at->server_hostname } join ',', sort @names }
END {
    T::Trace::note("END $$", $s ? (servers($s), $s->dir_config('Var'), $s->port) : 'no server',
        eval { servers(Apache2::ServerUtil->server) } || $@);
}
1;
P
PerlModule My::End
PerlSetVar Var value
PerlPostConfigHandler My::End::post_config
<VirtualHost 127.0.0.1:@port@>
    ServerName host
</VirtualHost>
C
    my $pid   = $s->pid;
    my $names = '127.0.0.1,host';
    for my $how (qw(graceful restart)) {
        $s->trace;
        $s->$how;
        my @lines = grep { /^END $pid / } $s->wait_for_trace(qr/^END $pid /m);
        like $lines[0], qr/^END $pid \Q$names\E value \d+ \Q$names\E$/, "$how: the parent's END block sees its servers";
    }
    my @children = $s->child_pids;
    $s->trace;
    $s->terminate;
    ok $s->wait_ended(20), 'it stops';
    my @lines = $s->trace;
    like((grep { /^END $pid / } @lines)[0], qr/^END $pid \Q$names\E value \d+ \Q$names\E$/, 'stop: the same');
    my @in_children = grep { !/^END $pid / } @lines;
    ok @in_children > 0, 'children have END blocks';
    is_deeply [grep { !/^END \d+ \Q$names\E value \d+ \Q$names\E$/ } @in_children], [], '  which see their servers';
    isnt $s->{status}, undef, 'ended by itself';
});

done_testing;
