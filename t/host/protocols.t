# Protocols other than HTTP: a mail server that speaks first, on the socket, on brigades and on brigades under TLS, beside HTTP in one
# httpd; what happens to clients that are slow, silent or gone, and to handlers that die or exit.
use lib 't/lib';
use TestHttpd;
use IO::Socket::INET ();
use Socket qw(SOL_SOCKET SO_LINGER);

# Speaks SMTP over whatever has line() and put(); what was taken is noted in the trace.
my %modules = (trace_module, 'My/Smtp.pm' => <<'P', 'My/Way/Socket.pm' => <<'P2', 'My/Way/Brigades.pm' => <<'P3', 'My/Odd.pm' => <<'P4');
package My::Smtp;
use strict;
use warnings;
use T::Trace ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use APR::SockAddr ();
use APR::Pool ();
use APR::Table ();
use Apache2::Const -compile => qw(OK DECLINED FORBIDDEN);
use My::Way::Socket ();
use My::Way::Brigades ();

sub on_socket { speak($_[0], My::Way::Socket->new($_[0])) }
sub on_brigades { speak($_[0], My::Way::Brigades->new($_[0])) }
sub pre { my $c = shift; $c->notes->set(greeting => 'mail.example.com'); $c->pnotes(seen => ['pre']); Apache2::Const::OK }

sub speak {
    my ($c, $way) = @_;
    push @{ $c->pnotes('seen') }, 'process';
    my $id = $c->id;
    $c->pool->cleanup_register(sub { T::Trace::note("end of a connection") });
    $way->put('220 ' . $c->notes->get('greeting') . "\r\n");
    my ($from, @to);
    while (1) {
        my $line = eval { $way->line };
        if (!defined $line) {
            if (ref $@ && APR::Status::is_TIMEUP($@)) { T::Trace::note('timed out'); eval { $way->put("421 too slow\r\n") }; }
            else { T::Trace::note('gone: ' . ($@ ? 'error' : 'end')) }
            last;
        }
        if    ($line =~ /^(?:HELO|EHLO) (\S+)/i) { $way->put("250 hello $1\r\n") }
        elsif ($line =~ /^MAIL FROM:<(.*?)>/i)  { $from = $1; @to = (); $way->put("250 ok\r\n") }
        elsif ($line =~ /^RCPT TO:<(.*?)>/i)    { push @to, $1; $way->put("250 ok\r\n") }
        elsif ($line =~ /^DATA/i) {
            $way->put("354 go on\r\n");
            my ($text, $lines) = ('', 0);
            while (1) {
                my $more = eval { $way->line };
                if (!defined $more) { T::Trace::note("lost in DATA after $lines lines"); return Apache2::Const::OK }
                last if $more =~ /^\.\r?\n\z/;
                $text .= $more;
                $lines++;
            }
            T::Trace::note("from $from to @to: " . length($text) . ' bytes, sum ' . unpack('%32C*', $text));
            $way->put("250 taken " . length($text) . "\r\n");
        }
        elsif ($line =~ /^SEEN/i) { $way->put('250 ' . join(' ', @{ $c->pnotes('seen') }, $c->keepalives, $c->local_addr->port ? 'port' : '') . "\r\n") }
        elsif ($line =~ /^SHORT/i) { $way->patience(300_000); $way->put("250 hurry\r\n") }
        elsif ($line =~ /^DIE/i)  { die "died of $line" }
        elsif ($line =~ /^EXIT/i) { $way->put("221 exit\r\n"); exit }
        elsif ($line =~ /^STATUS (\d+)/i) { return $1 }
        elsif ($line =~ /^QUIT/i) { $way->put("221 bye\r\n"); last }
        else                      { $way->put("500 what?\r\n") }
    }
    return Apache2::Const::OK;
}
1;
P
package My::Way::Socket;
use strict;
use warnings;
use APR::Socket ();
use APR::Status ();
use APR::Const -compile => qw(SO_NONBLOCK);
sub new {
    my ($class, $c) = @_;
    my $socket = $c->client_socket;
    $socket->opt_set(APR::Const::SO_NONBLOCK, 0);
    return bless { socket => $socket, had => '' }, $class;
}
sub patience { $_[0]{socket}->timeout_set($_[1]) }
sub put {
    my ($self, $text) = @_;
    while (length $text) { my $n = $self->{socket}->send($text); substr $text, 0, $n, '' }
}
sub line {
    my ($self) = @_;
    while ($self->{had} !~ /\n/) {
        $self->{socket}->recv(my $more, 4096) or return undef;
        $self->{had} .= $more;
    }
    return $self->{had} =~ s/^(.*?\n)//s ? $1 : undef;
}
1;
P2
package My::Way::Brigades;
use strict;
use warnings;
use Apache2::Filter ();
use APR::Brigade ();
use APR::Bucket ();
use APR::Socket ();
use APR::Status ();
use APR::Error ();
use Apache2::Const -compile => qw(MODE_GETLINE);
use APR::Const -compile => qw(SUCCESS);
sub new {
    my ($class, $c) = @_;
    return bless { c => $c, in => APR::Brigade->new($c->pool, $c->bucket_alloc), out => APR::Brigade->new($c->pool, $c->bucket_alloc) }, $class;
}
sub patience { $_[0]{c}->client_socket->timeout_set($_[1]) }
sub put {
    my ($self, $text) = @_;
    my ($c, $bb) = @$self{qw(c out)};
    $bb->insert_tail(APR::Bucket->new($c->bucket_alloc, $text));
    $c->output_filters->fflush($bb);
    $bb->cleanup;
}
sub line {
    my ($self) = @_;
    my ($c, $bb) = @$self{qw(c in)};
    my $line = '';
    while ($line !~ /\n\z/) {
        my $rc = $c->input_filters->get_brigade($bb, Apache2::Const::MODE_GETLINE);
        return undef if APR::Status::is_EOF($rc);
        die bless { rc => $rc }, 'APR::Error' if $rc != APR::Const::SUCCESS;
        return undef if $bb->is_empty;
        $bb->flatten(my $part);
        $bb->cleanup;
        $line .= $part;
    }
    return $line;
}
1;
P3
package My::Odd;
use strict;
use warnings;
use Apache2::Connection ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => qw(OK DECLINED CONN_KEEPALIVE);
sub declines { T::Trace::note('declines'); Apache2::Const::DECLINED }
sub keeps { my $c = shift; $c->keepalive(Apache2::Const::CONN_KEEPALIVE); My::Smtp::on_brigades($c) }
sub page { my $r = shift; $r->content_type('text/plain'); $r->print('page on connection with ', $r->connection->keepalives, ' before'); Apache2::Const::OK }
1;
P4

my $tls = have_httpd_module('ssl') && eval { require IO::Socket::SSL; require IO::Socket::SSL::Utils; 1 };
my %files;
if ($tls) {
    my ($cert, $key) = IO::Socket::SSL::Utils::CERT_create(CA => 0, subject => { commonName => 'mail.example.com' }, purpose => 'server');
    $files{'tls.pem'} = IO::Socket::SSL::Utils::PEM_cert2string($cert) . IO::Socket::SSL::Utils::PEM_key2string($key);
}

# A client: what it says is answered line by line; an answer of '' means that the server closed.
sub connected {
    my ($s, $way) = @_;
    my $port = $s->port($way);
    return $way eq 'tls'
        ? IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $port, SSL_verify_mode => 0, Timeout => 20)
        : $s->socket($port);
}
sub answer { my ($socket) = @_; local $SIG{ALRM} = sub { die "no answer at ", join(" ", (caller 1)[2], (caller 0)[2]), "\n" }; alarm 20; my $line = readline $socket; alarm 0; return ($line // '') =~ s/\r\n\z//r }
sub say_to { my ($socket, $text) = @_; print {$socket} "$text\r\n"; return answer($socket) }
sub dialog {
    my ($socket, $name, $text) = @_;
    my @got = answer($socket);
    push @got, say_to($socket, $_) for "HELO $name", "MAIL FROM:<$name\@a.example>", "RCPT TO:<x\@b.example>", "RCPT TO:<y\@b.example>", 'DATA';
    print {$socket} $text;
    push @got, say_to($socket, '.'), say_to($socket, 'QUIT'), answer($socket);
    return \@got;
}
my @DIALOG = ('220 mail.example.com', '250 hello client', ('250 ok') x 3, '354 go on');

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $tls_conf = $tls ? <<'C' : '';
Listen 127.0.0.1:@port:tls@
<VirtualHost 127.0.0.1:@port:tls@>
    SSLEngine On
    Protocols h2 http/1.1
    SSLCertificateFile @root@/tls.pem
    PerlProcessConnectionHandler My::Smtp::on_brigades
</VirtualHost>
C
    my $s = TestHttpd->start(mpm => $mpm, load => [$tls ? qw(socache_shmcb ssl) : (), qw(http2)], modules => \%modules, files => { %files, 'htdocs/a.txt' => 'a file' }, config => <<"C");
PerlModule My::Smtp My::Odd
PerlPreConnectionHandler My::Smtp::pre
PerlInterpMax 8
Listen 127.0.0.1:\@port:socket\@ raw
Listen 127.0.0.1:\@port:brigades\@ raw
Listen 127.0.0.1:\@port:keeps\@ smtp
Listen 127.0.0.1:\@port:declines\@
<VirtualHost 127.0.0.1:\@port:socket\@>
    PerlProcessConnectionHandler My::Smtp::on_socket
    Protocols h2c http/1.1
</VirtualHost>
<VirtualHost 127.0.0.1:\@port:brigades\@>
    PerlProcessConnectionHandler My::Smtp::on_brigades
    Protocols h2c http/1.1
</VirtualHost>
<VirtualHost 127.0.0.1:\@port:keeps\@>
    PerlProcessConnectionHandler My::Odd::keeps
</VirtualHost>
<VirtualHost 127.0.0.1:\@port:declines\@>
    PerlProcessConnectionHandler My::Odd::declines
    Protocols h2c http/1.1
    <Location /page>
        SetHandler modperl
        PerlResponseHandler My::Odd::page
    </Location>
</VirtualHost>
$tls_conf
<Location /page>
    SetHandler modperl
    PerlResponseHandler My::Odd::page
</Location>
C
    my $text = join '', map { "line $_ of a letter\r\n" } 1 .. 2_000;
    my ($bytes, $sum) = (length $text, unpack '%32C*', $text);
    for my $way (qw(socket brigades keeps), $tls ? 'tls' : ()) {
        is_deeply dialog(connected($s, $way), 'client', $text), [@DIALOG, "250 taken $bytes", '221 bye', ''], "$way: a letter is taken, and the connection closed";
        like join("\n", $s->wait_for_trace(qr/^end of/m)), qr/from client\@a\.example to x\@b\.example y\@b\.example: $bytes bytes, sum $sum/, "$way: whole";

        my $c = connected($s, $way);
        answer($c);
        is say_to($c, 'SEEN'), '250 pre process 0 port', "$way: the connection's notes are those of the phase before";
        is say_to($c, 'nothing'), '500 what?', "$way: it goes on";
        close $c;
        $s->wait_for_trace(qr/^end of/m);

        my @all = $s->parallel(6, sub { my $i = shift; dialog(connected($s, $way), 'client', $text x ($i + 1)) });
        is_deeply \@all, [map { [[@DIALOG, '250 taken ' . $bytes * $_, '221 bye', '']] } 1 .. 6], "$way: six clients at once";

        # Slow, silent, gone.
        my $slow = connected($s, $way);
        answer($slow);
        $s->trace;
        for my $byte (split //, "HELO slow\r\n") { print {$slow} $byte; select undef, undef, undef, 0.01 }
        is answer($slow), '250 hello slow', "$way: a client that types is understood";
        is say_to($slow, 'SHORT'), '250 hurry', "$way: a time limit";
        is answer($slow), '421 too slow', "$way: has the handler hear of it";
        is answer($slow), '', "$way: and the connection is closed";
        like join("\n", $s->wait_for_trace(qr/^end of/m)), qr/timed out/, "$way: after which its pool ends";
        my $gone = connected($s, $way);
        answer($gone);
        say_to($gone, $_) for 'MAIL FROM:<a>', 'RCPT TO:<b>', 'DATA';
        print {$gone} "a line\r\n" x 3;
        $gone->flush;
        setsockopt $gone, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
        $way eq 'tls' ? $gone->close(SSL_no_shutdown => 1) : close $gone;
        like join("\n", $s->wait_for_trace(qr/^(?:lost|gone)/m)), qr/lost in DATA after [0-3] lines/, "$way: a client that vanishes is noticed";

        # Handlers that end otherwise.
        for my $case (['DIE now', '', qr/died of DIE/], ['EXIT', '221 exit'], ['STATUS 403', ''], ['STATUS 1000', '']) {
            my ($word, $want, $logged) = @$case;
            $s->expect_log(qr/$logged/) if $logged;
            my $c = connected($s, $way);
            answer($c);
            my $got = say_to($c, $word);
            $got = answer($c) if length $want && $got eq $want;
            is $got, '', "$way: $word closes the connection";
        }
    }
    $s->log_like(qr/died of DIE/, 'a death is in the log');
    is $s->get('/a.txt')->{content}, 'a file', 'HTTP is served beside';
    is $s->get('/page')->{content}, 'page on connection with 0 before', 'by handlers too';
    SKIP: {
        $s->trace;
        skip 'needs curl with HTTP/2', 2 unless $mpm ne 'prefork' && $s->have_h2;
        local $s->{port} = $s->port('declines');
        is $s->h2('/page')->{content}, 'page on connection with 1 before', 'a handler that declines leaves the connection to HTTP/2';
        is scalar(grep { $_ eq 'declines' } $s->trace), 1, 'and is not asked again for each stream';
    }
    {
        $s->trace;
        local $s->{port} = $s->port('declines');
        my $client = $s->client;
        is join('; ', map { $client->get('/page')->{content} } 1 .. 2), join('; ', map { "page on connection with $_ before" } 0, 1), 'and to HTTP with keep-alive';
        is scalar(grep { $_ eq 'declines' } $s->trace), 1, 'and is asked once for a connection' if ours || $mpm eq 'prefork';     # event asks again for each request
    }
});

# Whoever keeps an interpreter with the connection has it until all is said, not until the client has closed.
for_each_mpm('event', sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::Smtp
PerlInterpStart 1
PerlInterpMax 1
PerlInterpScope connection
PerlPreConnectionHandler My::Smtp::pre
Listen 127.0.0.1:@port:brigades@ raw
<VirtualHost 127.0.0.1:@port:brigades@>
    PerlProcessConnectionHandler My::Smtp::on_brigades
</VirtualHost>
C
    my @open = map { my $c = connected($s, 'brigades'); answer($c); say_to($c, 'QUIT'); $c } 1 .. 3;
    is_deeply dialog(connected($s, 'brigades'), 'client', ''), [@DIALOG, '250 taken 0', '221 bye', ''], 'clients that leave their end open keep no interpreter';
}) if ours;

# What is said at the start.
sub warnings_of {
    my ($listen, $handler, $more) = @_;
    my $s = TestHttpd->start(mpm => 'prefork', load => [$tls ? qw(socache_shmcb ssl) : ()], modules => \%modules, files => \%files, config => <<"C");
PerlModule My::Smtp My::Odd
$listen
<VirtualHost *:\@port:other\@>
    @{[ $more // '' ]}
    $handler
</VirtualHost>
C
    my $line = $s->conf_line(2);
    my $port = $s->port('other');
    my @found = map { s/^.*?\] (?=Perl)//r =~ s/\Q$port\E/PORT/gr =~ s/\Q$s->{root}\E/ROOT/gr =~ s/httpd\.conf:$line\b/httpd.conf:LISTEN/r } grep { /before the client has sent/ } split /\n/, $s->log;
    $s->stop;
    return join "\n", @found;
}
SKIP: {
    skip 'mod_perl says nothing', 1 unless ours;
    my $handler = 'PerlProcessConnectionHandler My::Smtp::on_socket';
    my $want = sub { my ($listen, $protocol, $raw) = @_; qr/\A$handler, ROOT\/httpd\.conf:\d+: \Q$listen (ROOT\/httpd.conf:LISTEN)\E says the protocol $protocol, for which httpd takes no connection before the client has sent something: so that the handler can speak first, write "\Q$raw\E"\z/ };
    my $said = warnings_of('Listen @port:other@', $handler);
    like $said, $want->('Listen PORT', 'http', 'Listen PORT raw'), 'a port on which the client has to speak first is told at the start, with the line to write';
    like warnings_of('Listen 127.0.0.1:@port:other@ https', $handler), qr/protocol https, .* "Listen 127\.0\.0\.1:PORT raw"\z/, 'with the address that the line has';
    is warnings_of('Listen 127.0.0.1:@port:other@ raw', $handler), '', 'not one of another protocol';
    is warnings_of('Listen 127.0.0.1:@port:other@', $handler, "</VirtualHost>\nAcceptFilter http none\n<VirtualHost 127.0.0.1:1>"), '', 'not one of an address that has no handler';
    is warnings_of("Listen 127.0.0.1:\@port:other\@\nAcceptFilter http none", $handler), '', 'nor where AcceptFilter has it otherwise';
    is warnings_of('Listen 127.0.0.1:@port:other@', ''), '', 'nor without a handler';
    is warnings_of('Listen 127.0.0.1:@port:other@', $handler, "SSLEngine on\nSSLCertificateFile \@root\@/tls.pem"), '', 'nor under TLS, where the client always speaks first' if $tls;
}

done_testing;
