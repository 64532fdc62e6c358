# Every fault in every phase: the client gets what is documented, no process dies that need not, the interpreter goes back to
# its pool, and the next request is served.
use lib 't/lib';
use TestHttpd;

# What the client gets when a handler of the phase dies, and when it calls exit (which counts as OK). 599 is no answer: a
# connection that is closed. After a kill there is never one, except where the answer may be out already.
my @PHASES = (
    #  name                directive                      die  exit
    [qw(pre_connection     PerlPreConnectionHandler       599  200)],
    [qw(process_connection PerlProcessConnectionHandler   599  599)],
    [qw(post_read_request  PerlPostReadRequestHandler     500  200)],
    [qw(trans              PerlTransHandler               500  200)],
    [qw(map_to_storage     PerlMapToStorageHandler        500  200)],
    [qw(header_parser      PerlHeaderParserHandler        500  200)],
    [qw(access             PerlAccessHandler              500  200)],
    [qw(authen             PerlAuthenHandler              500  200)],
    [qw(authz              PerlAuthzHandler               500  200)],
    [qw(type               PerlTypeHandler                500  200)],
    [qw(fixup              PerlFixupHandler               500  200)],
    [qw(response           PerlResponseHandler            500  200)],
    [qw(log                PerlLogHandler                 200  200)],
    [qw(cleanup            PerlCleanupHandler             200  200)],
    [qw(output_filter      PerlOutputFilterHandler        500  599)],     # what it does not pass on is lost
    [qw(input_filter       PerlInputFilterHandler         500  500)],     # who reads the body dies of it
);
my %EXIT  = (input_filter => qr/it returned OK, and gave nothing/);    # told, since a reader would wait for ever
my %AFTER = map { $_ => 1 } qw(log cleanup);

# fault => what the log says; those without a text are no death.
my %LOG = (die => qr/died as asked/, object => qr/an object of ours/, xs => qr/Not a subroutine reference at /, api => qr/APR::Table::set: /, exit => undef, recurse => undef, nested => undef);

my %modules = (trace_module, 'My/Faults.pm' => <<'P');
package My::Faults;
use strict;
use warnings;
no warnings 'recursion';
use List::Util ();
use POSIX ();
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::Filter ();
use APR::Socket ();
use APR::Table ();
use APR::Pool ();
use ModInterp::Status ();
use Apache2::Const -compile => qw(OK DECLINED);
package My::Faults::Object { use overload '""' => sub { 'an object of ours' } }
my %declines = map { $_ => 1 } qw(process_connection trans map_to_storage type response);
for my $phase (qw(pre_connection process_connection post_read_request trans map_to_storage header_parser access authen authz
    type fixup response log cleanup)) {
    eval "sub $phase { run('$phase', \@_) } 1" or die $@;
}
sub output_filter { my $f = shift; run('output_filter', $f); while ($f->read(my $b)) { $f->print($b) } 0 }
sub input_filter  { my $f = shift; run('input_filter',  $f); while ($f->read(my $b)) { $f->print($b) } 0 }
sub asked {
    open my $f, '<', '@var@/fault' or return '';
    my $line = <$f>;
    return $line // '';
}
sub deep { $_[0] ? deep($_[0] - 1) + 1 : 0 }
sub nested {
    my ($table, $n) = @_;
    return 0 unless $n;
    my $got = 0;
    $table->do(sub { $got = nested($table, $n - 1) + 1; 0 });
    return $got;
}
sub run {
    my ($phase, $subject) = @_;
    if ($phase eq 'authen') { $subject->user('tester') }
    my ($where, $how) = split ' ', asked();
    if (($where || '') eq $phase) {
        T::Trace::note($how, $phase);
        my @held = map { [ $_ ] } 1 .. 10;
        if ($how eq 'die')     { die "died as asked\n" }
        if ($how eq 'object')  { die bless [], 'My::Faults::Object' }
        if ($how eq 'xs')      { my @x = map { &List::Util::first($_, 1) } 'no code' }
        if ($how eq 'api')     { APR::Table::make(APR::Pool->new, 1)->set }
        if ($how eq 'exit')    { my @x = sort { exit } 1, 2 }
        if ($how eq 'recurse') { deep(50_000) == 50_000 or die 'not deep enough' }
        if ($how eq 'nested')  { my $p = APR::Pool->new; my $t = APR::Table::make($p, 1); $t->set(a => 1); nested($t, 300) == 300 or die 'not nested' }
        if ($how eq 'kill')    { unlink '@var@/fault'; kill KILL => $$; select undef, undef, undef, 5 }
        if ($how eq 'gone') {
            my ($piece, $n) = ('', 0);
            eval {
                if ($subject->isa('Apache2::Connection')) { $n += length $piece while $subject->client_socket->recv($piece, 4096) }
                else                                      { $n += length $piece while $subject->read($piece, 4096) }
                1;
            } or T::Trace::note('raised', ref $@ || $@);
            T::Trace::note('over', $phase, $n);
        }
    }
    if ($phase eq 'response') {
        $subject->content_type('text/plain');
        if (($subject->args // '') eq 'reads') { 1 while $subject->read(my $body, 4096) }
        $subject->print("answer $$");
        return Apache2::Const::OK;
    }
    return $declines{$phase} ? Apache2::Const::DECLINED : Apache2::Const::OK;
}
sub status {
    my $r = shift;
    my %pool = ModInterp::Status->pool;
    $r->print(%pool ? "lent $pool{lent}, waiting $pool{waiting}, of $pool{interpreters}" : 'lent 1, waiting 0, of 1');
    return Apache2::Const::OK;
}
1;
P
my $conf = <<'C';
PerlModule My::Faults
PerlInterpStart 2
PerlInterpMax 2
Timeout 10
<Location />
    AuthType Basic
    AuthName test
    Require valid-user
</Location>
<Location /status>
    Require all granted
    AuthMerging Off
    SetHandler modperl
    PerlResponseHandler My::Faults::status
</Location>
<Location /f>
    SetHandler modperl
</Location>
C
for (@PHASES) {
    my ($name, $directive) = @$_;
    my $line = "$directive My::Faults::$name\n";
    $conf = $directive =~ /Connection|PostRead|Trans|MapTo/ ? $line . $conf : $conf =~ s{(?=</Location>\n\z)}{    $line}r;
}
$conf = "PerlModule My::Faults\n" . $conf;

# As mod_perl; but this module forgives neither a process nor an interpreter.
plan skip_all => 'asks the pool of interpreters' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf);
    my $fault = sub { my $file = $s->root . '/var/fault'; @_ ? do { spew("$file.new", "@_"); rename "$file.new", $file } : unlink $file };
    my $back = sub {
        my $got;
        wait_until(sub { ($got = $s->get('/status')->{content}) =~ /^lent 1, waiting 0, of [12]\z/ }, 30);
        return $got;
    };
    my %reads = (input_filter => '?reads');
    my $ask = sub { my ($phase) = @_; $reads{$phase} ? $s->post("/f$reads{$phase}", 'a body') : $s->get('/f') };
    is $s->get('/f')->{status}, 200, 'without a fault' or diag explain $s->get('/f');
    for (@PHASES) {
        my ($phase, $directive, $died, $exited) = @$_;
        my @before = $s->child_pids;
        for my $how (qw(die object xs api exit recurse nested)) {
            $s->mark_log;
            $s->trace;
            $fault->($phase, $how);
            my $answer = $ask->($phase);
            $s->wait_for_trace(qr/^\Q$how $phase\E$/m, 30);
            $fault->();
            my $want = $LOG{$how} ? $died : $how eq 'exit' ? $exited : 200;
            is $answer->{status}, $want, "$how in $directive: " . ($want == 599 ? 'no answer' : $want);
            unlike $answer->{content}, qr/as asked|of ours|reference|Table|Faults\.pm/, '  the client learns nothing of it' if $LOG{$how};
            if ($LOG{$how}) { $s->log_like(qr/\[perl:error\].*(?:$LOG{$how}).*\($directive My::Faults::$phase/, '  a line with phase and handler') }
            elsif ($how eq 'exit' && $EXIT{$phase}) { $s->log_like(qr/perl:error.*$directive My::Faults::$phase, \S+: $EXIT{$phase}/, '  a line says what it did not') }
            else            { $s->log_unlike(qr/perl:error/, '  nothing is logged') }
        }
        # The client promises a body, sends a part and goes.
        $s->trace;
        $fault->($phase, 'gone');
        my $socket = $s->socket;
        print {$socket} "POST /f@{[ $reads{$phase} // '' ]} HTTP/1.0\r\nContent-Length: 100000\r\n\r\n", 'x' x 5000;
        my @seen;
        wait_until(sub { push @seen, $s->trace; grep { /^gone $phase/ } @seen }, 30);
        close $socket;
        wait_until(sub { push @seen, $s->trace; grep { /^over $phase/ } @seen }, 20);
        $fault->();
        ok((grep { /^over $phase (\d+)/ } @seen), "a client gone in mid-body, read in $directive: the read ends") or diag "@seen";
        like $back->(), qr/^lent 1, waiting 0/, '  after all of these the interpreters are back';
        my %now = map { $_ => 1 } $s->child_pids;
        is scalar(grep { !$now{$_} } @before), 0, '  no process has ended';
        is $ask->($phase)->{status}, 200, '  and the next request is served';
    }
    is_deeply [grep { !/body|Connection|aborted|AH\d+|Apache2::Filter::read: \((?:70008|11)\)|gave nothing/i } $s->unexpected], [], 'nothing else was logged';
    $s->expect_log(qr/exit signal Killed|request body|Connection (?:aborted|reset)|End of file|Broken pipe|Apache2::Filter::read: \((?:70008|11)\)|gave nothing/);
    for (@PHASES) {
        my ($phase, $directive) = @$_;
        $fault->($phase, 'kill');
        my $answer = $s->raw($reads{$phase} ? "POST /f$reads{$phase} HTTP/1.0\r\nContent-Length: 6\r\n\r\na body" : "GET /f HTTP/1.0\r\n\r\n");      # an agent would ask again
        $AFTER{$phase} or is $answer, '', "kill -9 in $directive: no answer";
        $s->wait_for_trace(qr/^kill $phase/m, 30);
        ok wait_until(sub { $s->get('/f')->{status} == 200 }, 20), "kill -9 in $directive: another process serves on";
        like $back->(), qr/^lent 1, waiting 0/, '  with all its interpreters';
    }
});

# Phases of processes.
sub process_module {
    my ($phase, $fault) = @_;
    my $code = { die => 'die "died as asked\n"', exit => 'exit', xs => q(&List::Util::first('no code', 1)) }->{$fault};
    return trace_module, 'My/P.pm' => "package My::P; use List::Util (); use T::Trace (); sub fault { T::Trace::note('in'); $code; 0 }\n"
        . "use Apache2::RequestIO (); sub ok { shift->print('served'); 0 } 1;\n";
}
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for my $fault (qw(die xs exit)) {
        my $text = $fault eq 'die' ? qr/died as asked/ : qr/Not a subroutine reference/;
        for my $phase (qw(OpenLogs PostConfig)) {
            my @how = (mpm => $mpm, modules => { process_module($phase, $fault) }, config => "PerlModule My::P\nPerl${phase}Handler My::P::fault\n");
            next if $fault eq 'exit';
            my ($status, $log) = TestHttpd->start_fails(@how);
            ok $status, "$fault in Perl${phase}Handler: httpd does not start";
            like $log, qr/$text.*Perl${phase}Handler My::P::fault/, '  and says why';
        }
        for my $phase (qw(ChildInit ChildExit)) {
            my $s = TestHttpd->start(mpm => $mpm, modules => { process_module($phase, $fault) }, config => <<"C");
PerlModule My::P
Perl${phase}Handler My::P::fault
<Location /ok>
    SetHandler modperl
    PerlResponseHandler My::P::ok
</Location>
C
            $s->expect_log($text);
            $s->wait_for_trace(qr/^in/m) if $phase eq 'ChildInit';
            is $s->get('/ok')->{content}, 'served', "$fault in Perl${phase}Handler: the process serves";
            $s->terminate;
            ok $s->wait_ended, '  and ends';
            ok scalar(grep { $_ eq 'in' } $s->trace, $phase eq 'ChildInit' ? 'in' : ()), '  its handler ran';
            $fault eq 'exit' or like $s->log, qr/$text.*Perl${phase}Handler/, '  the log has it';
            $s->stop;
        }
    }
});

done_testing;
