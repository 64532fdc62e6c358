# PerlNetServer: programs for Net::Server, as they are, serve connections that httpd has taken.
use lib 't/lib';
use TestHttpd;
use TestNet;

plan skip_all => 'PerlNetServer is ours' unless ours;
plan skip_all => 'needs Net::Server (Debian: libnet-server-perl)' unless eval { require Net::Server; 1 };

# The sample of Net::Server's manual.
my $SAMPLE = <<'P';
#!/usr/bin/perl -w -T

package MyPackage;

use strict;
use base qw(Net::Server::PreFork); # any personality will do

MyPackage->run;

# over-ride the default echo handler

sub process_request {
    my $self = shift;
    eval {

        local $SIG{'ALRM'} = sub { die "Timed Out!\n" };
        my $timeout = 30; # give the user 30 seconds to type some lines

        my $previous_alarm = alarm($timeout);
        while (<STDIN>) {
            s/\r?\n$//;
            print "You said '$_'\r\n";
            alarm($timeout);
        }
        alarm($previous_alarm);

    };

    if ($@ =~ /timed out/i) {
        print STDOUT "Timed Out.\r\n";
        return;
    }

}

1;
P

# What a program may do, by the word that the client says.
my $PROGRAM = <<'P';
package My::Server;
use strict;
use warnings;
use base 'Net::Server::PreForkSimple';
use IO::Select ();
use T::Trace ();
sub order { my ($self, $what) = @_; T::Trace::note($what); return }
sub configure_hook             { $_[0]->order('configure_hook') }
sub post_configure_hook        { $_[0]->order('post_configure_hook') }
sub post_bind_hook             { $_[0]->order('post_bind_hook') }
sub pre_loop_hook              { $_[0]->order('pre_loop_hook') }
sub child_init_hook            { $_[0]->order('child_init_hook') }
sub child_finish_hook          { $_[0]->order('child_finish_hook') }
sub post_accept_hook           { $_[0]->order('post_accept_hook') }
sub allow_deny_hook            { $_[0]->order('allow_deny_hook'); return 1 }
sub request_denied_hook        { $_[0]->order('request_denied_hook') }
sub post_process_request_hook  { $_[0]->order("post_process_request_hook $_[1]") }
sub post_client_connection_hook { $_[0]->order('post_client_connection_hook') }
our %served;
END { My::Server->order('END') if $served{$$} }

sub process_request {
    my ($self, $client) = @_;
    my $p = $self->{server};
    $served{$$}++;
    $self->order('process_request');
    print "220 ready\r\n";
    my $word = <STDIN>;
    defined $word or return;
    $word =~ s/\s+\z//;
    if ($word eq 'info') {
        print join(' ', map { "$_=" . ($p->{$_} // '') } qw(peeraddr peerport sockaddr sockport connected)), ' ', $client == $p->{client} ? 'same' : 'other', ' ', $client->NS_proto, ' ', $client->peerhost, ' ', $client->sockport, "\r\n";
    }
    elsif ($word eq 'handles') {
        print "fileno\r\n" if fileno STDIN >= 0 && fileno STDOUT >= 0 && fileno $client >= 0;
        $| = 1;
        print 'select ', IO::Select->new($client)->can_read(5) ? 1 : 0, "\r\n";
        my $length = sysread STDIN, my $more, 100;
        print "read $length $more";
        setsockopt $client, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1 or print "no setsockopt: $!\r\n";
        print {$client} "on the handle\r\n";
    }
    elsif ($word eq 'requests') { print "$p->{requests}\r\n" }
    elsif ($word eq 'exit')     { eval { print "bye\r\n"; exit 3 }; print "not here\r\n" }
    elsif ($word eq 'core')     { print "bye\r\n"; CORE::exit(3) }
    elsif ($word eq 'die')      { print "dying\r\n"; die "boom\n" }
    elsif ($word eq 'close')    { print "closing\r\n"; $self->server_close; print "not here\r\n" }
    elsif ($word eq 'done')     { $self->done(1); print 'done ', $self->done, "\r\n" }
    elsif ($word eq 'fork') {
        my $pid = fork;
        if (!$pid) { print "child\r\n"; exit 4 }
        waitpid $pid, 0;
        print 'status ', $? >> 8, "\r\n";
    }
    elsif ($word eq 'zombie') { my $pid = fork; if (!$pid) { exit 0 } print "$pid\r\n" }
    elsif ($word eq 'system') { system q(printf 'from a child\r\n'); my $text = `printf inner`; print "got $text\r\n" }
    elsif ($word eq 'stdin')  { print "go\r\n"; system q(read x; printf "child read $x\r\n") }
    elsif ($word eq 'exec')   { no warnings 'exec'; exec 'printf', 'from a program\r\n'; print "not here\r\n" }
    elsif ($word eq 'alarm') {
        my $got = eval { local $SIG{ALRM} = sub { die "timed out\n" }; alarm 1; my $more = <STDIN>; alarm 0; 1 } ? 'no' : $@;
        print "alarm: $got\r\n";
    }
    elsif ($word eq 'left')  { alarm 100; print 'left ', alarm(0) > 98 ? 1 : 0, ' ', alarm(0), "\r\n" }
    elsif ($word eq 'hires') { require Time::HiRes; eval { local $SIG{ALRM} = sub { die "timed out\n" }; Time::HiRes::alarm(0.2); select undef, undef, undef, 20; 1 } ? print "no\r\n" : print "hires: $@\r\n" }
    elsif ($word eq 'ualarm') { require Time::HiRes; my $n = 0; local $SIG{ALRM} = sub { $n++ }; Time::HiRes::ualarm(50_000, 50_000); select undef, undef, undef, 20 while $n < 3; Time::HiRes::ualarm(0); print "ualarm: $n\r\n" }
    elsif ($word eq 'alarm in a child') {
        pipe my $in, my $out;
        my $pid = fork;
        if (!$pid) { local $SIG{ALRM} = sub { syswrite $out, "rang\r\n"; CORE::exit(0) }; alarm 1; sleep 20; exit 1 }
        close $out;
        print scalar <$in>;
        waitpid $pid, 0;
    }
    elsif ($word eq 'kill a child') {
        my $pid = fork;
        if (!$pid) { sleep 60; exit 1 }
        kill TERM => $pid;
        waitpid $pid, 0;
        print 'signal ', $? & 127, "\r\n";
    }
    elsif ($word eq 'forever alarm') { alarm 1; print "left\r\n" }
    elsif ($word eq 'locale') { require POSIX; POSIX::setlocale(POSIX::LC_CTYPE(), 'C'); POSIX::setlocale(POSIX::LC_CTYPE(), 'C.UTF-8'); print "set\r\n" }
    elsif ($word eq 'chdir') { chdir '/tmp'; umask 0777; print "changed\r\n" }
    elsif ($word eq 'env')   { print join(' ', grep { /^MOD_PERL/ } sort keys %ENV), "\r\n" }
    elsif ($word eq 'cwd')   { require Cwd; printf "%s %03o\r\n", Cwd::getcwd(), umask }
    elsif ($word eq 'pipe')  { $SIG{PIPE} = 'DEFAULT' if $self->{server}{sockport}; print "pipe\r\n"; my $n = 0; while ($n < 2000) { print 'x' x 65536 or last; $n++ } T::Trace::note('stopped: ' . ($!{EPIPE} || $!{ECONNRESET} ? 'EPIPE' : "$!")) }
    elsif ($word eq 'half')  { local $/; my $all = <STDIN>; print 'all ', length $all, "\r\n" }
    elsif ($word eq 'big')   { print 'y' x 100_000 for 1 .. 10 }
    elsif ($word eq 'sleep') { T::Trace::note('sleeps'); my $end = <STDIN>; print "slept\r\n" }
    elsif ($word eq 'many')  { while (defined(my $more = <STDIN>)) { print "got $more" } }
    else { print "500 what?\r\n" }
    return;
}
P

my %files = ('sample.pl' => $SAMPLE, tls_files());
my %modules = (trace_module, 'My/Server.pm' => "$PROGRAM\n1;\n", 'My/Plain.pm' => "package My::Plain;\nuse base 'Net::Server::Fork';\n1;\n");
my @ways = ('plain', tls() ? 'tls' : ());

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $threads = $mpm ne 'prefork';
    my $s = TestHttpd->start(mpm => $mpm, load => [tls_load()], modules => \%modules, files => \%files, config => <<'C' . (tls() ? <<'C2' : ''));
<PerlInterpClass sample>
    PerlClassStartup "1"
</PerlInterpClass>
<PerlInterpClass own>
    PerlClassStartup "1"
    PerlInterpStart 1
    PerlInterpMax 3
    PerlInterpScope connection
</PerlInterpClass>
<IfModule mpm_prefork_module>
    StartServers 2
    MinSpareServers 1
    MaxSpareServers 2
</IfModule>
Listen 127.0.0.1:@port:sample@ raw
<VirtualHost 127.0.0.1:@port:sample@>
    PerlUseClass sample
    PerlNetServer sample.pl
</VirtualHost>
Listen 127.0.0.1:@port:plain@ raw
<VirtualHost 127.0.0.1:@port:plain@>
    PerlUseClass own
    PerlNetServer My::Server max_requests=7 user=nobody log_level=2 serialize=pipe syslog_ident=x
</VirtualHost>
Listen 127.0.0.1:@port:fork@ raw
<VirtualHost 127.0.0.1:@port:fork@>
    PerlNetServer My::Plain
</VirtualHost>
C
Listen 127.0.0.1:@port:tls@ raw
<VirtualHost 127.0.0.1:@port:tls@>
    PerlUseClass own
    PerlNetServer My::Server max_requests=7 user=nobody log_level=2 serialize=pipe syslog_ident=x
    SSLEngine On
    SSLCertificateFile @root@/tls.pem
</VirtualHost>
C2
    my $start = join "\n", $s->trace;
    like $start, qr/^configure_hook\npost_configure_hook\npost_bind_hook\npre_loop_hook\b/, 'the hooks of the start are called in their order, in the parent';
    is scalar(() = $start =~ /^pre_loop_hook$/mg), 2, 'once in each reading of the configuration, for both ports whose lines say the same';
    $s->log_like(qr/PerlNetServer My::Server: not used here: max_requests \(httpd has PerlClassReload\), serialize \(httpd has Mutex\), syslog_ident \(httpd has ErrorLog\), user \(httpd has User\)$/m, 'what httpd has directives for is told once');

    my $c = $s->net('sample');
    is $c->say_to('hi'), "You said 'hi'", "the manual's sample answers";
    is $c->say_to('again'), "You said 'again'", 'line by line';
    $c->done_sending;
    is $c->answer, '', 'and ends with the client';
    is $s->net('fork')->answer =~ /^Welcome to "My::Plain" \(\d+\)$/ ? 1 : 0, 1, 'the stock server of a personality';

    for my $way (@ways) {
        my $ask = sub { my ($word, @more) = @_; my $c = $s->net($way); $c->answer; $c->say($word); $c->send("$_\r\n") for @more; my @all = $c->rest; return join '|', @all };
        my $port = $s->port($way);
        $s->trace;
        like $ask->('info'), qr/^peeraddr=127\.0\.0\.1 peerport=\d+ sockaddr=127\.0\.0\.1 sockport=$port connected=1 same @{[ $way eq 'tls' ? 'SSL' : 'TCP' ]} 127\.0\.0\.1 $port$/, "$way: the properties of a connection are what they are there";
        my $order = join "\n", grep { !/^child_init_hook|END|finish/ } $s->wait_for_trace(qr/^post_client_connection_hook/m);
        is $order, "post_accept_hook\nallow_deny_hook\nprocess_request\npost_process_request_hook 1\npost_client_connection_hook", "$way: the hooks of a connection are called in their order";

        my $c = $s->net($way);
        $c->answer;
        is $c->say_to('handles'), 'fileno', "$way: the handles have descriptors";
        is join('|', $c->say_to('more'), $c->rest), 'select 1|read 6 more|on the handle', "$way: that can be waited for and read";
        is $ask->('exit'), 'bye', "$way: exit ends the connection, through any eval";
        is $ask->('core'), 'bye', "$way: CORE::exit likewise";
        $s->expect_log(qr/boom \(PerlNetServer My::Server, .*httpd\.conf:\d+\)/);
        is $ask->('die'), 'dying', "$way: so does die";
        is $ask->('close'), 'closing', "$way: and server_close";
        is $ask->('done'), 'done 1', "$way: done";
        is $ask->('nothing'), '500 what?', "$way: the next connection is served after each";
        is $ask->('fork'), 'child|status 4', "$way: fork";
        is $ask->('system'), 'from a child|got inner', "$way: system and backticks";
        my $in = $s->net($way);
        $in->answer;
        $in->say_to('stdin');
        is $in->say_to('a line') =~ s/\r//r, 'child read a line', "$way: a program that is started has the connection as its STDIN";
        is $ask->('exec'), 'from a program', "$way: exec has another process become the program, and ends the connection";
        my ($zombie) = $ask->('zombie') =~ /(\d+)/;
        ok wait_until(sub { $ask->('nothing') for 1 .. 3; !-d "/proc/$zombie" }), "$way: a process that the program has not waited for is waited for";
        is $ask->('left'), 'left 1 0', "$way: alarm says what was left";
        is $ask->('hires'), 'hires: timed out', "$way: Time::HiRes::alarm";
        is $ask->('ualarm'), 'ualarm: 3', "$way: ualarm, which comes again";
        is $ask->('alarm in a child'), 'rang', "$way: alarm in a process that the program has forked";
        is $ask->('kill a child'), 'signal 15', "$way: which can be killed as any";
        is $ask->('forever alarm'), 'left', "$way: an alarm that is left";
        my $half = $s->net($way);
        $half->answer;
        $half->say('half');
        $half->send('z' x 50_000);
        $half->done_sending;
        is $half->answer, 'all 50000', "$way: a client that has ended what it sends gets its answer";
        my $big = $s->net($way);
        $big->answer;
        $big->say('big');
        is length(join '', $big->rest), 1_000_000, "$way: a long answer arrives whole";
        $s->expect_log(qr/PerlNetServer: (?:setlocale|setuid) of a program/) if $threads;
        is $ask->('locale'), 'set', "$way: the locale";
        is $ask->('env'), '', "$way: nothing says that handlers of mod_perl run here";
        like $ask->('cwd'), qr/^\S+ 022$/, "$way: directory and umask";
        $s->expect_log(qr/PerlNetServer: (?:chdir|umask|a handler in %SIG) of a program is the process's/) if $threads;
        is $ask->('chdir'), 'changed', "$way: are changed";
        is $ask->('cwd') =~ m{^/tmp |777} ? 1 : 0, 0, "$way: for one connection alone";

        my @alarms = $s->parallel(3, sub { my $c = $s->net($way); $c->answer; my $t = Time::HiRes::time(); my $got = $c->say_to('alarm'); my $took = Time::HiRes::time() - $t; [$got, $took < 15 ? 'soon' : $took] });
        is_deeply \@alarms, [map { [[ 'alarm: timed out', 'soon' ]] } 1 .. 3], "$way: each interpreter has its own alarm";

        $s->trace;
        for (1 .. 4) { my $c = $s->net($way); $c->answer; $c->say('pipe'); $c->answer; $c->reset }
        my $stopped = 0;
        ok wait_until(sub { $stopped += grep { $_ eq 'stopped: EPIPE' } $s->trace; $stopped >= 4 }), "$way: a client that is gone in the middle has the program get EPIPE";
        is $ask->('nothing'), '500 what?', "$way: and nobody else";

        # All interpreters serve: the next client waits.
        if ($threads) {
            my @busy = map { my $c = $s->net($way); $c->answer; $c->say('sleep'); $c } 1 .. 3;
            my $in = 0;
            wait_until(sub { $in += grep { $_ eq 'sleeps' } $s->trace; $in >= 3 });
            my $next = $s->net($way);
            is $busy[0]->say_to('end'), 'slept', "$way: one of three ends";
            is $next->answer, '220 ready', "$way: and the fourth, which has waited, is served";
            $_->say('end') for @busy[1, 2];
        }
        # Whoever leaves its end open keeps no interpreter.
        my @open = map { my $c = $s->net($way); $c->answer; $c->say_to('nothing'); $c } 1 .. 5;
        is $ask->('nothing'), '500 what?', "$way: clients that leave their end open keep nobody waiting";
    }
    is scalar(() = $s->log =~ /PerlNetServer My::Server: not used here: max/g), 1, 'and only once';
    $s->log_like(qr/PerlNetServer: setlocale of a program is that of the thread/, 'a locale is told') if $threads;
    $s->log_like(qr/PerlNetServer: chdir of a program is the process's.*\n(?s:.*)umask of a program/, 'calls that change the process are told') if $threads;
    is(scalar(() = $s->log =~ /PerlNetServer: chdir of a program/g) <= 3 ? 1 : 0, 1, 'once in each interpreter') if $threads;
});

done_testing;
