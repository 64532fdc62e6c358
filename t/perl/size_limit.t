# Apache2::SizeLimit: a process that has become too large ends after its request, and nobody is refused meanwhile.
use lib 't/lib';
use TestHttpd;

my $threaded_differs = 'mod_perl\'s refuses threads';

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    plan skip_all => $threaded_differs if !ours && $mpm ne 'prefork';
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Big.pm' => <<'P' }, config => <<'C');
package My::Big;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SizeLimit ();
our @kept;
sub handler {
    my $r = shift;
    my %do = map { split /=/, $_, 2 } split /&/, $r->args // '';
    push @kept, 'x' x (1024 * 1024 * $do{grow}) if $do{grow};
    Apache2::SizeLimit->set_check_interval($do{interval}) if $do{interval};
    Apache2::SizeLimit->add_cleanup_handler($r) for 1 .. ($do{add} // 0);
    $Apache2::SizeLimit::MAX_UNSHARED_SIZE = (Apache2::SizeLimit->_check_size)[2] + $do{room} if $do{room};
    if ($do{size}) {
        my @size = Apache2::SizeLimit->_check_size;
        local $Apache2::SizeLimit::USE_SMAPS = 0;
        my @plain = Apache2::SizeLimit->_check_size;
        $r->print("@size @plain\n");
        return 0;
    }
    if ($do{limits}) {
        local ($Apache2::SizeLimit::MAX_PROCESS_SIZE, $Apache2::SizeLimit::MIN_SHARE_SIZE, $Apache2::SizeLimit::MAX_UNSHARED_SIZE);
        my @answers = Apache2::SizeLimit->_limits_are_exceeded;
        for my $limit ([max_process => 1], [min_shared => 1e9], [max_unshared => 1]) {
            my $method = "set_$limit->[0]_size";
            Apache2::SizeLimit->$method($limit->[1]);
            push @answers, Apache2::SizeLimit->_limits_are_exceeded;
            Apache2::SizeLimit->$method(0);
        }
        push @answers, Apache2::SizeLimit->get_check_interval, $Apache2::SizeLimit::CHECK_EVERY_N_REQUESTS;
        $r->print("@answers\n");
        return 0;
    }
    if ($do{old}) {
        Apache2::SizeLimit::setmax(20_000_000);
        Apache2::SizeLimit::setmin(1);
        Apache2::SizeLimit::setmax_unshared(20_000_001);
        $r->print("$Apache2::SizeLimit::MAX_PROCESS_SIZE $Apache2::SizeLimit::MIN_SHARE_SIZE $Apache::SizeLimit::Core::MAX_UNSHARED_SIZE\n");
        return 0;
    }
    $r->print("$$\n");
    return 0;
}
1;
P
PerlLoadModule Apache2::SizeLimit
PerlModule My::Big
PerlInterpStart 1
PerlInterpMax 1
<Perl>
    Apache2::SizeLimit->set_max_process_size(10_000_000);
</Perl>
@one_child@
StartServers 1
ServerLimit 2
<Location />
    SetHandler modperl
    PerlResponseHandler My::Big
</Location>
<Location /watched>
    PerlCleanupHandler Apache2::SizeLimit
</Location>
<Location /old>
    PerlOptions +GlobalRequest
</Location>
C
    my $ask = sub { my $answer = $s->get($_[0]); chomp(my $text = $answer->{content}); return $answer->{status} == 200 ? $text : $answer->{status} };
    my @size = split ' ', $ask->('/?size=1');
    is scalar(grep { $_ > 0 } @size), 6, 'size, shared and unshared, with smaps and without';
    cmp_ok abs($size[0] - $size[1] - $size[2]), '<', 1, 'size is shared and unshared';
    cmp_ok $size[0], '>', $size[1], 'more than what is shared';
    is $ask->('/?limits=1'), '0 1 1 1 1 1', 'each limit counts';

    # The server may replace the process that it began with; what is asked is whether it does after the check.
    my $pid = $ask->('/?room=60000');
    is $ask->('/watched'), $pid, 'a process that is small enough goes on';
    is $ask->('/?grow=120'), $pid, 'a larger one that nobody watches goes on';
    is $ask->('/'), $pid, 'also with the next request';
    is $ask->('/?add=2'), $pid, 'the check for one request, asked for twice';
    # With threads it ends when the next connection arrives; that one waits for another process, and is served.
    my @answers;
    ok wait_until(sub { push @answers, $ask->('/watched'); $answers[-1] ne $pid }), 'soon requests are answered by another process';
    is scalar(grep { !/^\d+\z/ } @answers), 0, 'and each is answered';
    ok wait_until(sub { !kill 0, $pid }), 'the large one is gone';
    ok $s->wait_for_log(qr/Apache2::SizeLimit httpd process too big, exiting at SIZE=\d+ KB SHARE=\d+ KB UNSHARED=\d+.* REQUESTS=\d+ LIFETIME=\d+ seconds/), 'the log says why';
    is scalar(() = slurp($s->root . '/error_log') =~ /process too big/g), 1, 'once';

    $pid = $ask->('/?interval=1000&room=1');
    $ask->('/?grow=20');
    is $ask->('/watched'), $pid, 'with an interval not each request is followed by a check';
    is $ask->('/watched'), $pid, 'so that a large process may go on';
    is $ask->('/old?old=1'), '20000000 1 20000001', 'the functions of mod_perl 1';
});

done_testing;
