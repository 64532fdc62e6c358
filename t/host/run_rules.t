# What a handler's value does to the handlers after it, to the phases after it, and to the client.
use lib 't/lib';
use TestHttpd;

my $HANDLERS = <<'P';
package My::Rules;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => qw(OK DECLINED DONE);

# ?access=declined,403 : what the 1st, 2nd ... handler of that phase returns (default: OK)
sub value {
    my ($r, $phase, $n) = @_;
    my ($list) = ($r->args || '') =~ /\b$phase=([^&]*)/;
    my $what = defined $list ? (split /,/, $list)[$n - 1] : undef;
    T::Trace::note("$phase$n");
    return Apache2::Const::OK unless defined $what;
    return Apache2::Const::OK       if $what eq 'ok';
    return Apache2::Const::DECLINED if $what eq 'declined';
    return Apache2::Const::DONE     if $what eq 'done';
    return undef                    if $what eq 'undef';
    return                          if $what eq 'empty';
    return 'some text'              if $what eq 'text';
    die "died in $phase\n"          if $what eq 'die';
    exit                            if $what eq 'exit';
    return $what;
}
for my $phase (qw(post trans storage header access type fixup response log)) {
    for my $n (1 .. 3) {
        eval "sub $phase$n { run('$phase', $n, \@_) } 1" or die;
    }
}
sub run {
    my ($phase, $n, $r) = @_;
    my $value = value($r, $phase, $n);
    if ($phase eq 'response' && defined $value && $value eq '0') {
        $r->content_type('text/plain');
        $r->print("from $n\n");
    }
    return $value;
}
1;
P
my %DIRECTIVE = (post => 'PostReadRequest', trans => 'Trans', storage => 'MapToStorage', header => 'HeaderParser', access => 'Access', type => 'Type',
    fixup => 'Fixup', response => 'Response', log => 'Log');
my $three = sub { my $p = shift; "Perl$DIRECTIVE{$p}Handler " . join(' ', map { "My::Rules::$p$_" } 1 .. 3) . "\n" };
my $CONF = "PerlModule My::Rules\n" . join('', map { $three->($_) } qw(post trans storage))
    . "<Location /r>\nSetHandler modperl\n" . join('', map { $three->($_) } qw(header access type fixup response log)) . "</Location>\n";

# args, status, handlers that ran (of those with a number > 1 or named in args)
my @ALL   = map { my $p = $_; map { "$p$_" } 1 .. 3 } qw(post);
my $run   = sub { my ($p, $n) = @_; map { "$p$_" } 1 .. $n };
my @CASES = (
    ['all=default', 200, 'trans and the like stop at the first OK, others run all',
        $run->(post => 3), 'trans1', 'storage1', $run->(header => 3), $run->(access => 3), 'type1', $run->(fixup => 3), 'response1', $run->(log => 3)],
    ['post=declined,ok,declined', 200, 'RUN_ALL goes on after OK and after DECLINED', 'post1', 'post2', 'post3'],
    ['access=ok,403', 403, 'RUN_ALL stops at a status', 'access1', 'access2'],
    ['access=declined,declined,403', 403, 'the last one counts too', 'access1', 'access2', 'access3'],
    ['access=403,ok', 403, 'no later OK undoes it', 'access1'],
    ['header=503', 503, 'HeaderParser', 'header1'],
    ['fixup=ok,404', 404, 'Fixup', 'fixup1', 'fixup2'],
    ['post=400', 400, 'PostReadRequest', 'post1'],
    ['trans=declined,404', 404, 'RUN_FIRST goes on after DECLINED, stops at a status', 'trans1', 'trans2'],
    ['type=declined,ok', 200, 'Type stops at OK', 'type1', 'type2'],
    ['type=declined,declined,declined', 200, 'all may decline', 'type1', 'type2', 'type3'],
    ['response=declined,ok', 200, 'Response stops at OK', 'response1', 'response2'],
    ['response=404', 404, 'Response status', 'response1'],
    ['response=undef', 200, 'undef counts as OK', 'response1'],
    ['response=empty', 200, 'so does nothing at all', 'response1'],
    ['response=text', 200, 'and a text', 'response1'],
    ['access=undef,text,403', 403, 'in RUN_ALL phases too', 'access1', 'access2', 'access3'],
    ['access=die', 500, 'die is 500 and stops', 'access1'],
    ['trans=die', 500, 'die in a RUN_FIRST phase', 'trans1'],
    ['response=declined,die', 500, 'die in the response', 'response1', 'response2'],
    ['access=exit,403', 200, 'exit ends the phase as OK, a RUN_ALL one too', 'access1'],
    ['type=exit,404', 200, 'and a RUN_FIRST phase', 'type1'],
    ['response=exit,404', 200, 'in the response too', 'response1'],
    ['log=declined,die', 200, 'a log handler that dies stops the others', 'log1', 'log2'],
    ['post=done', 200, 'DONE ends the request', 'post1'],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Rules.pm' => $HANDLERS }, config => $CONF);
    $s->expect_log(qr/died in /);
    for my $case (@CASES) {
        my ($args, $status, $name, @ran) = @$case;
        $s->trace;
        is $s->get("/r?$args")->{status}, $status, "$args: $name";
        my %phase = map { /^([a-z]+)/; $1 => 1 } @ran;
        my @lines;
        # The log phase comes last and behind the answer: without it this case's lines would be the next one's.
        my $last = $args =~ /^log/ ? qr/^log2/ : qr/^log3/;
        my $over;
        wait_until(sub {
            my @new = $s->trace;
            $over ||= grep { $_ =~ $last } @new;
            push @lines, grep { /^([a-z]+)/ && $phase{$1} } @new;
            $over;
        }, 10);
        is_deeply \@lines, \@ran, '  ran as listed';
    }
    is $s->get('/r?response=ok')->{content}, "from 1\n", 'the first one answers';
    is $s->get('/r?response=declined,ok')->{content}, "from 2\n", 'or the second';
    is scalar(() = $s->log =~ /died in (?:access|trans|response|log)\\n(?: \(.*)?$/mg), 4, 'each die is logged once';
});

# Files phases want OK. Anything else is logged as an error; httpd itself then lets DECLINED pass.
for my $case (['DECLINED', 1], ['FORBIDDEN', 0]) {
    my ($value, $starts) = @$case;
    for my $phase (qw(OpenLogs PostConfig)) {
        my ($status, $log) = TestHttpd->start_fails(modules => { 'My/Files.pm' => <<"P" }, config => "Perl${phase}Handler My::Files\n");
package My::Files;
use Apache2::Const -compile => qw(DECLINED FORBIDDEN);
sub handler { Apache2::Const::$value }
1;
P
        is defined $status ? 'no' : 'yes', $starts ? 'yes' : 'no', "$value from Perl${phase}Handler: does httpd start?";
        like $log, qr/My::Files/, '  and the log names the handler';
    }
}

# A handler of a process phase that dies does not end the start, nor the handlers after it.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Child.pm' => <<'P' }, config => <<'C');
package My::Child;
use T::Trace ();
sub dies  { T::Trace::note('dies'); die "child init died\n" }
sub after { T::Trace::note('after'); 500 }
sub last  { T::Trace::note('last'); 0 }
1;
P
PerlModule My::Child
PerlChildInitHandler My::Child::dies My::Child::after My::Child::last
C
    $s->expect_log(qr/child init died/);
    my @lines = $s->wait_for_trace(qr/^last$/m);
    # Several children write at once: what counts is which line is there first.
    my %seen;
    is_deeply [grep { !$seen{$_}++ } @lines], [qw(dies after last)], 'all handlers of a process phase run';
});

done_testing;
