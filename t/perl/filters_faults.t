# What can go wrong in a filter and around it: it ends in every bad way, it never ends, its client is slow or gone, no interpreter is free.
# The client gets what is documented, the interpreter goes back to its pool, and the next request is served.
use lib 't/lib';
use TestHttpd;
use Socket ();

plan skip_all => 'limits of ours' unless ours;

my %modules = (trace_module, 'My/FF.pm' => <<'P');
package My::FF;
use strict;
use warnings;
no warnings 'recursion';
use base 'Apache2::Filter';
use List::Util ();
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use APR::Table ();
use APR::Pool ();
use APR::Brigade ();
use APR::Bucket ();
use ModInterp::Status ();
{ package My::FF::Object; use overload '""' => sub { 'an object of ours' } }
{ package My::FF::Last; sub new { bless {} } sub DESTROY { T::Trace::note('destroyed'); die "died in DESTROY\n" } }
our $cloned = 0;
sub CLONE { $cloned++ }

sub deep { $_[0] ? deep($_[0] - 1) + 1 : 0 }
our %WAYS = (
    die     => sub { die "died as asked\n" },
    object  => sub { die bless [], 'My::FF::Object' },
    xs      => sub { my @x = map { &List::Util::first($_, 1) } 'no code' },
    api     => sub { APR::Table::make(APR::Pool->new, 1)->set },
    exit    => sub { my @x = sort { exit } 1, 2 },
    recurse => sub { deep(20_000) == 20_000 or die 'not deep enough' },
    core_exit => sub { CORE::exit(0) },
    destroy => sub { $_[0]->ctx(My::FF::Last->new) if !$_[0]->ctx },
);
for my $way (keys %WAYS) {
    no strict 'refs';
    *{"stream_$way"} = sub { my $f = shift; $WAYS{$way}->($f) if !$f->seen_eos; while ($f->read(my $b)) { $f->print($b) } 0 };
    *{"brigade_$way"} = sub { my ($f, $bb) = @_; $WAYS{$way}->($f); $f->next->pass_brigade($bb) };
    *{"body_$way"} = sub { my $f = shift; $WAYS{$way}->($f); while ($f->read(my $b)) { $f->print($b) } 0 };
    *{"fills_$way"} = sub { my ($f, $bb, @ask) = @_; $WAYS{$way}->($f); $f->next->get_brigade($bb, @ask) };
}
sub endless { my $f = shift; my $n = 0; my $ok = eval { while (1) { $f->print('x' x 8192); T::Trace::note('prints') if !$n++ } }; T::Trace::note('stopped', ref $@); die $@ }
sub endless_brigades { my ($f, $bb) = @_; T::Trace::note('passes'); while (1) { my $new = APR::Brigade->new($f->c->pool, $f->c->bucket_alloc); $new->insert_tail(APR::Bucket->new($f->c->bucket_alloc, 'x' x 8192)); my $rv = $f->next->pass_brigade($new); $new->destroy; if ($rv) { T::Trace::note('stopped', $rv); return $rv } } }
sub keeps { my $f = shift; $f->ctx({}) if !$f->ctx; while ($f->read(my $b)) { $f->print($b) } 0 }
sub upper { my $f = shift; while ($f->read(my $b)) { $f->print(uc $b) } 0 }

sub reads { my $r = shift; $r->content_type('text/plain'); my $n = eval { $r->read(my $b, 100) }; $r->print($@ ? "raised $@" : "read $n"); 0 }
sub prints { my $r = shift; $r->content_type('text/plain'); my $ok = eval { $r->print("hello\n"); $r->rflush; 1 }; T::Trace::note($ok ? 'printed' : "raised " . ($@ =~ s/\n.*//sr)); die $@ if !$ok; 0 }
sub hello { my $r = shift; $r->content_type('text/plain'); $r->print("hello\n"); 0 }
sub clones { my $r = shift; $r->content_type('text/plain'); $r->print("cloned: $cloned\n"); 0 }
sub waits { my $r = shift; T::Trace::note('waits'); my $end = time + 20; select undef, undef, undef, 0.02 while !-e '@var@/release' && time < $end; $r->print('ok'); 0 }
sub status { my $r = shift; my %pool = ModInterp::Status->pool; $r->content_type('text/plain'); $r->print(%pool ? "lent $pool{lent}, waiting $pool{waiting}, of $pool{interpreters}" : 'lent 1, waiting 0, of 1'); 0 }
1;
P
my @WAYS = qw(die object xs api exit recurse destroy core_exit);
my %LOG = (die => qr/died as asked/, object => qr/an object of ours/, xs => qr/Not a subroutine reference/, api => qr/APR::Table::set: /, core_exit => qr/CORE::exit/);
my $conf = '';
for my $way (@WAYS) {
    $conf .= "<Location /${_}_$way>\nSetHandler modperl\nPerlResponseHandler My::FF::prints\nPerlOutputFilterHandler My::FF::${_}_$way\n</Location>\n" for qw(stream brigade);
    $conf .= "<Location /${_}_$way>\nSetHandler modperl\nPerlResponseHandler My::FF::reads\nPerlInputFilterHandler My::FF::${_}_$way\n</Location>\n" for qw(body fills);
}
$conf .= "<Location /$_>\nSetHandler modperl\nPerlResponseHandler My::FF::$_\n</Location>\n" for qw(hello clones waits status);
$conf .= "<Location /$_>\nSetHandler modperl\nPerlResponseHandler My::FF::hello\nPerlOutputFilterHandler My::FF::$_\n</Location>\n" for qw(endless endless_brigades);
$conf .= <<'C';
<Location /slow.txt>
    PerlOutputFilterHandler My::FF::keeps
</Location>
<Location /upper>
    ProxyPass http://127.0.0.1:@port:behind@ flushpackets=on
    PerlOutputFilterHandler My::FF::upper
</Location>
<Directory "@root@/htdocs">
    AllowOverride All
</Directory>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm => $mpm, modules => \%modules, load => ['proxy', 'proxy_http'],
        files => { 'htdocs/slow.txt' => 'x' x 60_000, 'htdocs/ht/a.txt' => "a page\n", 'htdocs/ht/.htaccess' => "PerlOutputFilterHandler My::FF::upper\n" },
        config => "PerlModule My::FF\nPerlInterpStart 2\nPerlInterpMax 2\nPerlInterpMaxWait 300ms\nSendBufferSize 8192\nTimeout 20\n$conf",
    );
    my $back = sub {
        my $got;
        wait_until(sub { ($got = $s->get('/status')->{content}) =~ /^lent 1, waiting 0, of [12]\z/ }, 30);
        return $got;
    };
    for my $way (grep { $_ ne 'core_exit' || $mpm ne 'prefork' } @WAYS) {
        my @before = $s->child_pids;
        for my $kind (qw(stream brigade body fills)) {
            my $is_body = $kind =~ /body|fills/;
            $s->mark_log;
            $s->trace;
            my $res = $is_body ? $s->post("/${kind}_$way", 'a body') : $s->get("/${kind}_$way");
            if ($LOG{$way}) {
                my $is_told = $is_body && $way ne 'core_exit';
                is $res->{status}, $is_told ? 200 : 500, "$way, $kind: the status";
                like $res->{content}, $is_told ? qr/^raised (?:.*filter handler has failed|\(120001\)|.*My::FF)/ : qr/<title>500/, "$way, $kind: what the client gets";
                unlike $res->{content}, qr/^hello/m, "$way, $kind: nothing passes around it";
                $s->log_like(qr/(?:$LOG{$way}).*Perl(?:In|Out)putFilterHandler My::FF::${kind}_$way/, "$way, $kind: the log says where");
            }
            elsif ($way eq 'exit') {
                is $res->{status}, $is_body ? 200 : 599, "$way, $kind: it counts as OK, and nothing is passed on";
            }
            else {
                is $res->{status}, 200, "$way, $kind: the status";
                like $res->{content}, $is_body ? qr/^read 6/ : qr/^hello/, "$way, $kind: the data passes";
            }
            like join("\n", $s->wait_for_trace(qr/destroyed/)), qr/destroyed/, "$way, $kind: what ctx held is destroyed" if $way eq 'destroy';
            is $s->get('/hello')->{content}, "hello\n", "$way, $kind: the next request is served";
        }
        is_deeply [ sort $s->child_pids ], [ sort @before ], "$way: no process died" if $mpm ne 'prefork';
        like $back->(), qr/^lent 1, waiting 0/, "$way: the interpreters are back";
    }
    # Each fault is told twice: where it happened, and by the handler whose output came to nothing.
    $s->expect_log(qr/died in DESTROY/, qr/rflush: \(-102\) the output's filter has failed/, qr/CORE::exit\(0\) was called/, qr/_exit, .*: it returned OK, and gave nothing/);

    # Without an end.
    for my $way (qw(endless endless_brigades)) {
        $s->trace;
        my $socket = $s->socket;
        print $socket "GET /$way HTTP/1.0\r\n\r\n";
        $s->wait_for_trace(qr/^(?:prints|passes)/m);
        sysread $socket, my $some, 20_000;
        like $some, qr/xxxx/, "$way: the client reads";
        close $socket;
        like join("\n", $s->wait_for_trace(qr/^stopped/m, 30)), qr/^stopped/m, "$way: it is told when the client is gone";
        like $back->(), qr/^lent 1, waiting 0/, "$way: the interpreters are back";
    }
    $s->expect_log(qr/PerlOutputFilterHandler My::FF::endless/);

    # .htaccess.
    for my $dir (qw(ht)) {
        $s->mark_log;
        is $s->get("/$dir/a.txt")->{status}, 500, "$dir: a line with a filter in .htaccess is refused";
        $s->log_like(qr/Perl\w+ .*Htaccess/, "$dir: the log says what would allow it");
    }
    $s->expect_log(qr/Htaccess/);

    next_part($s, $back) if $mpm ne 'prefork';
});

# Where several requests share interpreters.
sub next_part {
    my ($s, $back) = @_;
    like $s->get('/clones')->{content}, qr/^cloned: [1-9]/, 'CLONE of a module with filters runs';

    # Slow clients: the data has left the filter, so ctx is gone, though not a byte was read.
    my @slow = map {
        my $socket = IO::Socket::INET->new(Proto => 'tcp', Type => Socket::SOCK_STREAM()) or die $!;
        setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), pack 'i', 2048;
        connect $socket, Socket::sockaddr_in($s->port, Socket::inet_aton('127.0.0.1')) or die $!;
        $socket->autoflush(1);
        print $socket "GET /slow.txt HTTP/1.0\r\n\r\n";
        $socket;
    } 1 .. 4;
    sysread $_, my $byte, 1 for @slow;
    like $back->(), qr/^lent 1, waiting 0/, 'slow clients keep no interpreter when a filter has passed all on';
    is $s->get('/hello')->{status}, 200, 'others are served meanwhile';
    is_deeply [ map { length TestHttpd::Client::read_all($_, 20) > 60_000 } @slow ], [ (1) x 4 ], 'and they get the whole page';

    # No interpreter, before any output and behind some.
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $s->port('behind'), Listen => 5, ReuseAddr => 1) or die $!;
    my $ask = sub {
        my $client = $s->socket;
        print $client "GET /upper HTTP/1.1\r\nHost: x\r\n\r\n";
        my $behind = $listen->accept;
        $behind->autoflush(1);
        while (<$behind>) { last if $_ eq "\r\n" }
        print $behind "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n";
        return ($client, $behind);
    };
    my $busy = sub {
        unlink $s->root . '/var/release';
        my $count = sub { scalar(() = slurp($s->root . '/var/trace') =~ /waits/g) };
        my $before = $count->();
        my @busy = map { my $socket = $s->socket; print $socket "GET /waits HTTP/1.0\r\n\r\n"; $socket } 1, 2;
        wait_until(sub { $count->() == $before + 2 }, 20);
        return @busy;
    };
    my $free = sub { spew($s->root . '/var/release', ''); TestHttpd::Client::read_all($_, 20) for @_ };
    $s->expect_log(qr/PerlInterpMaxWait/);
    my ($client, $behind) = $ask->();
    print $behind "one\n";
    close $behind;
    like TestHttpd::Client::read_all($client, 1), qr/ONE/, 'through a proxy and a filter';
    my @busy = $busy->();
    ($client, $behind) = $ask->();
    print $behind "one\n";
    close $behind;
    my $got = TestHttpd::Client::read_all($client, 3);
    $free->(@busy);
    like $got, qr/^HTTP\S+ 503 .*^Retry-After: \d+/ms, 'no interpreter, nothing sent yet: 503 with Retry-After';
    unlike $got, qr/one/i, 'and nothing of the page';
    ($client, $behind) = $ask->();
    print $behind "one\n";
    sysread $client, my $begins, 4096;
    sysread $client, $begins, 4096, length $begins if $begins !~ /ONE/;
    like $begins, qr/ONE/, 'the beginning of an answer';
    @busy = $busy->();
    print $behind "two\n";
    my $rest = TestHttpd::Client::read_all($client, 5);
    $free->(@busy);
    close $behind;
    is $rest, '', 'no interpreter for the rest: the answer breaks off without an end';
    like $back->(), qr/^lent 1, waiting 0/, 'the interpreters are back';
    is $s->get('/hello')->{content}, "hello\n", 'and the server serves on';
}

done_testing;
