# PerlNetServer: how many serve, for how long, and what becomes of connections when the server stops, restarts or loses a process.
use lib 't/lib';
use TestHttpd;
use TestNet;
use Time::HiRes ();

plan skip_all => 'PerlNetServer is ours' unless ours;
plan skip_all => 'needs Net::Server (Debian: libnet-server-perl)' unless eval { require Net::Server; 1 };

my %modules = (trace_module, 'My/Work.pm' => <<'P', 'My/Tied.pm' => <<'P2', 'My/Web.pm' => <<'P3');
package My::Work;
use strict;
use warnings;
use base 'Net::Server::PreForkSimple';
use T::Trace ();
our $id;
sub child_init_hook   { $id = join '-', $$, int rand 1e9 }
sub child_finish_hook { T::Trace::note("finish $id") }
sub process_request {
    my $self = shift;
    my $word = <STDIN> // return;
    if ($word =~ /^busy/)     { T::Trace::note('+1'); select undef, undef, undef, 0.03; T::Trace::note('-1'); print "$id\r\n" }
    elsif ($word =~ /^die/)   { print "$id\r\n"; die "boom\n" }
    elsif ($word =~ /^hold/)  { print "held\r\n"; my $end = <STDIN>; print "let go\r\n" }
    elsif ($word =~ /^long/)  { T::Trace::note('long'); print "first\r\n"; select undef, undef, undef, 1; print "last\r\n" }
    elsif ($word =~ /^crash/) { kill SEGV => $$; sleep 10 }
    else                      { print "$id\r\n" }
}
1;
P
package My::Tied;
use strict;
use warnings;
use base 'Net::Server::PreForkSimple';
sub process_request {
    my ($self, $client) = @_;
    my $to = $self->{server}{no_client_stdout} ? $client : *STDOUT;
    my $from = $self->{server}{no_client_stdout} ? $client : *STDIN;
    while (defined(my $line = readline $from)) { print {$to} "You said $line" }
}
1;
P2
package My::Web;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler { $_[0]->print("web $$\n"); return 0 }
1;
P3

sub host { my ($name, $class, $program) = @_; return "Listen 127.0.0.1:\@port:$name\@ raw\n<VirtualHost 127.0.0.1:\@port:$name\@>\nPerlUseClass $class\nPerlNetServer $program\n" . ($name =~ /^tls/ ? "SSLEngine On\nSSLCertificateFile \@root\@/tls.pem\n" : '') . "</VirtualHost>\n" }
sub class { my ($name, @lines) = @_; return "<PerlInterpClass $name>\n" . join('', map { "$_\n" } 'PerlClassStartup 1', @lines) . "</PerlInterpClass>\n" }

my $CONFIG = <<'C' . class('total', 'PerlClassInterpreters 4 total') . class('reload', 'PerlClassInterpreters 2', 'PerlClassReload 3') . class('one', 'PerlClassInterpreters 1', 'PerlInterpMaxWait 1s') . class('own', 'PerlClassInterpreters 3', 'PerlModule My::Web');
<IfModule mpm_prefork_module>
    StartServers 8
    MinSpareServers 1
    MaxSpareServers 8
    MaxRequestWorkers 8
</IfModule>
<IfModule !mpm_prefork_module>
    StartServers 2
    ServerLimit 4
    ThreadsPerChild 10
    MaxRequestWorkers 20
    MinSpareThreads 1
    MaxSpareThreads 20
</IfModule>
<Location /web>
    PerlUseClass own
    SetHandler modperl
    PerlResponseHandler My::Web
</Location>
C
$CONFIG .= host('total', 'total', 'My::Work') . host('reload', 'reload', 'My::Work') . host('one', 'one', 'My::Work') . host('own', 'own', 'My::Work');
my @ways = ('', tls() ? 'tls_' : ());
for my $way (@ways) { $CONFIG .= host("${way}silent", 'own', 'My::Tied no_client_stdout=1') . host("${way}tied", 'own', 'My::Tied tie_client_stdout=1') }

# One connection, one word; what comes until the server closes.
sub ask { my ($s, $name, $word) = @_; my $c = $s->net($name); $c->say($word); return join '|', $c->rest }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $threads = $mpm ne 'prefork';
    my $s = TestHttpd->start(mpm => $mpm, load => [tls_load()], modules => \%modules, files => { tls_files() }, config => $CONFIG);

    # max_servers
    $s->trace;
    my @all = at_once($s, 'total', 100, "busy\r\n");
    is scalar(grep { defined && /^\d+-\d+\r\n\z/ } @all), 100, 'of a hundred clients at once each is served';
    my ($now, $most) = (0, 0);
    for ($s->trace) { $now += $_ if /^[+-]1$/; $most = $now if $now > $most }
    is $most, 4, 'by as many interpreters as the class has in all processes, and no more';

    # max_requests
    my (%used, $refused);
    for (1 .. 7) { my $id = ask($s, 'reload', 'who'); $id =~ /^\d+-\d+$/ ? $used{$id}++ : $refused++ }
    ok !$refused, 'an interpreter that is replaced has no connection refused';
    cmp_ok scalar(keys %used), '>=', 3, 'of two that serve three connections each a third is seen at the seventh';
    is_deeply [grep { $_ > 3 } values %used], [], 'and none serves more' or diag explain \%used;

    # die
    my %id;
    $s->expect_log(qr/boom \(PerlNetServer My::Work/);
    $id{ ask($s, 'one', $_) }++ for ('die', 'who') x 3;
    is_deeply [grep { !/^\d+-\d+$/ } keys %id], [], 'what a program has said before it dies arrives';
    my %own;
    $own{$_}++ for map { /^(\d+)/ } keys %id;
    is_deeply [grep { $_ > 1 } values %own], [], 'and its interpreter goes on: each process has the one that it had';

    # All are busy: the next waits, and not for ever.
    if ($threads) {
        # Both processes have one of that class each; all of them are held.
        my @held;
        while (1) { my $c = $s->net('one'); $c->say('hold'); my $said = eval { local $SIG{ALRM} = sub { die "waits\n" }; $c->answer }; last if ($said // '') ne 'held'; push @held, $c; last if @held > 4 }
        cmp_ok scalar(@held), '<=', 4, 'a connection beyond the number waits, and is closed after PerlInterpMaxWait';
        $s->log_like(qr/PerlInterpMaxWait: no interpreter of class one of the main server came free in 1s/, 'with a line in the log');
        is join(' ', map { $_->say_to('end') } @held), join(' ', ('let go') x @held), 'those that are served do not notice';
        like ask($s, 'one', 'who'), qr/^\d+-\d+$/, 'and the next is served again';
    }

    # The handle as other programs want it.
    for my $name (map { ("${_}silent", "${_}tied") } @ways) {
        my $c = $s->net($name);
        is join('|', map { $c->say_to($_) } qw(a b)), 'You said a|You said b', "$name: the same bytes, by whatever handle the program reads and writes";
        $c->done_sending;
    }

    # One class for requests and for connections.
    like $s->get('/web')->{content}, qr/^web \d+$/, 'the class that serves connections serves requests, too';

    # Restarts while clients come.
    my $until = Time::HiRes::time() + 3;
    my $load  = $s->background(sub {
        my %got;
        while (Time::HiRes::time() < $until || !-e "$s->{root}/var/done") { $got{ (eval { ask($s, 'own', 'who') } // "died $@") =~ /^\d+-\d+$/ ? 'served' : 'lost' }++ }
        spew("$s->{root}/var/load", join ' ', map { "$_ $got{$_}" } sort keys %got);
    });
    $s->graceful for 1 .. 5;
    spew("$s->{root}/var/done", '');
    waitpid $load, 0;
    like slurp("$s->{root}/var/load"), qr/^served \d+$/, 'five graceful restarts lose no connection';

    # A process is lost.
    my $c = $s->net('own');
    my ($process) = $c->say_to('hold') eq 'held';
    $s->expect_log(qr/exit signal Segmentation fault/);
    my %process;
    wait_until(sub { my $other = $s->net('own'); $other->say('crash'); $other->answer; $s->log =~ /exit signal Segmentation/ });
    like ask($s, 'own', 'who'), qr/^\d+-\d+$/, 'when a process ends by a signal others serve';

    # The ends.
    $s->trace;
    my $long = $s->net('own');
    is $long->say_to('long'), 'first', 'a connection is served';
    my $began = Time::HiRes::time();
    kill WINCH => $s->pid;
    is join('|', $long->rest), 'last', 'when the server stops gracefully it is served to its end';
    undef $_ for $long, $c;
    ok $s->wait_ended(20), 'then the server ends';
    like join("\n", $s->trace), qr/^finish /m, 'and its workers are finished';
});

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => [tls_load()], modules => \%modules, files => { tls_files() }, config => $CONFIG);
    like ask($s, 'own', 'who'), qr/^\d+-\d+$/, 'a worker serves';
    $s->trace;
    $s->stop;
    cmp_ok $s->{stop_seconds}, '<', 5, sprintf 'a stop is soon (%.1f s)', $s->{stop_seconds};
});

done_testing;
