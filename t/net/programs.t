# PerlNetServer: programs as Debian has them, driven by the clients that people have for them, plain and by TLS.
use lib 't/lib';
use TestHttpd;
use TestNet;
use Config ();
use File::Temp ();

plan skip_all => 'PerlNetServer is ours' unless ours;
plan skip_all => 'needs Net::Server (Debian: libnet-server-perl)' unless eval { require Net::Server; 1 };

# A mail server that keeps what it is sent, for those that pass mail on.
my $SINK = <<'P';
package My::Sink;
use strict;
use warnings;
use base 'Net::Server::PreForkSimple';
use T::Trace ();
sub process_request {
    print "220 sink\r\n";
    while (my $line = <STDIN>) {
        if ($line =~ /^quit/i) { print "221 bye\r\n"; return }
        if ($line =~ /^data/i) {
            print "354 go on\r\n";
            my @mail;
            while (defined($line = <STDIN>) && $line !~ /^\.\r?\n/) { push @mail, $line =~ s/\s+\z//r }
            T::Trace::note('mail: ' . join '|', grep { /^(?:Subject|X-Spam-Flag|X-Spam-Status)/ } @mail);
        }
        print "250 ok\r\n";
    }
}
1;
P

my $GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';

my $PSGI = <<'P';
use strict;
use warnings;
sub {
    my ($env) = @_;
    local $/;
    my $body = defined $env->{'psgi.input'} ? readline $env->{'psgi.input'} : '';
    my $text = join ' ', @$env{qw(REQUEST_METHOD PATH_INFO psgi.url_scheme REMOTE_ADDR)}, length($body // '') . "\n";
    return [200, ['Content-Type' => 'text/plain', 'Content-Length' => length $text], [$text]];
};
P

my $CGI = <<'P';
package My::Simple;
use strict;
use warnings;
use base 'HTTP::Server::Simple::CGI::PreFork';
sub handle_request {
    my ($self, $cgi) = @_;
    print "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    print join(' ', $cgi->request_method, $cgi->path_info, $cgi->param('a') // 'none', $ENV{SERVER_PROTOCOL}), "\n";
}
My::Simple->new(8080)->run(prefork => 1);
P

# Net::Server's own.
my $HTTP = <<'P';
package My::Http;
use strict;
use warnings;
use base 'Net::Server::HTTP';
sub process_http_request {
    my $self = shift;
    print "Content-Type: text/plain\n\n";
    print join(' ', @ENV{qw(REQUEST_METHOD PATH_INFO)}, $ENV{QUERY_STRING} =~ s/.*=//r, $ENV{SERVER_PROTOCOL}, $ENV{HTTPS} || 'off'), "\n";
}
1;
P

my $MUNIN = <<'C';
log_level 4
log_file @var@/munin-node.log
pid_file @var@/munin-node.pid
background 1
setsid 1
user root
group root
host_name here.example.com
allow ^127\.0\.0\.1$
host *
port 4949
tls auto
tls_private_key @root@/tls.pem
tls_certificate @root@/tls.pem
tls_ca_certificate @root@/tls.pem
C

my $PLUGIN = <<'S';
#!/bin/sh
if [ "$1" = config ]; then echo 'graph_title Lights'; echo 'lights.label on'; exit 0; fi
echo 'lights.value 42'
S

# Where programs look for what their packages would have installed.
my $SPAM_PATHS = <<'P';
package My::SpamPaths;
use Mail::SpamAssassin ();
my $usr = $INC{'Mail/SpamAssassin.pm'} =~ s{/share/perl5/.*}{}r;
@Mail::SpamAssassin::default_rules_path = "$usr/share/spamassassin";
@Mail::SpamAssassin::site_rules_path    = "$usr/../etc/spamassassin";
1;
P
my $etc = File::Temp::tempdir('mod_interp_etc.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $user  = $> == 0 ? TestHttpd::child_user() : getpwuid $>;
my $group = getgrgid((getpwnam $user)[3]);
spew("$etc/plugins/lights", $PLUGIN);
spew("$etc/plugin-conf.d/none", '');
chmod 0755, $etc, "$etc/plugins/lights";
my $MUNIN_PATHS = <<'P' =~ s/'ETC'/'$etc'/r =~ s/'GROUP'/'$group'/r;
package My::MuninPaths;
use Munin::Common::Defaults ();
$Munin::Common::Defaults::MUNIN_CONFDIR   = 'ETC';
$Munin::Common::Defaults::MUNIN_GROUP     = 'GROUP';
$Munin::Common::Defaults::MUNIN_PLUGSTATE = '@var@';
1;
P

# By the name of a program: its packages, the file that it begins with, what stands behind it in PerlNetServer, lines of its class.
my %program = (
    spampd => [[qw(spampd swaks spamassassin libnet-dns-perl libdigest-hmac-perl libhtml-parser-perl libnetaddr-ip-perl libmail-dkim-perl libmail-authenticationresults-perl)],
        'usr/sbin/spampd', '--relayhost=127.0.0.1:@port:sink@ --tagall --local-only --nodetach --homedir=@var@ --saconfig=@root@/prefs', lines => 'PerlModule My::SpamPaths'],
    munin_node => [[qw(munin-node munin-common)], 'usr/sbin/munin-node', 'call=main --config=@root@/munin.conf', switches => '-T', lines => 'PerlModule My::MuninPaths'],
    starman => [[qw(starman libplack-perl libdata-dump-perl libhttp-parser-xs-perl libserver-starter-perl libnet-server-ss-prefork-perl)], 'usr/bin/starman', '--workers 2 @root@/app.psgi'],
    simple => [[qw(libhttp-server-simple-perl libhttp-server-simple-cgi-prefork-perl libcgi-pm-perl)], undef, '@root@/simple.pl'],
    http => [[qw(libnet-server-perl)], undef, 'My::Http'],
);
my @POSTGREY = qw(postgrey libio-multiplex-perl libnet-dns-perl libdigest-hmac-perl libnetaddr-ip-perl libberkeleydb-perl);
my $vendorarch = substr $Config::Config{vendorarch}, 1;
my %seen;
my $all = TestHttpd::scratch_package(grep { !$seen{$_}++ } @POSTGREY, map { @{ $_->[0] } } values %program);
my %dir;
for my $name (sort keys %program) {
    my ($packages, $file) = @{ $program{$name} };
    my $dir = $all || TestHttpd::scratch_package(@$packages);
    if ($dir && (!defined $file || -e "$dir/$file")) { $dir{$name} = $dir }
    else { diag "$name is not tried: it needs @$packages" }
}
delete $dir{$_} for has('curl') ? () : qw(starman simple http);
plan skip_all => 'there are no packages to be had' unless %dir;

my %files = (tls_files(), 'app.psgi' => $PSGI, 'simple.pl' => $CGI, 'munin.conf' => $MUNIN, 'prefs' => "required_score 5\n");
my %modules = (trace_module, 'My/Sink.pm' => $SINK, 'My/Http.pm' => $HTTP, 'My/SpamPaths.pm' => $SPAM_PATHS, 'My/MuninPaths.pm' => $MUNIN_PATHS);
my @ways = ('plain', tls() ? 'tls' : ());

# What a command prints, after its status.
sub command {
    my @quoted = map { s/'/'\\''/gr =~ s/(.*)/'$1'/sr } @_;
    my $out = qx{@quoted 2>&1 </dev/null};
    return ($? >> 8) . "\n$out";
}

sub url { my ($s, $way, $name) = @_; return ($way eq 'tls' ? 'https' : 'http') . '://127.0.0.1:' . $s->port("${way}_$name") }

sub swaks {
    my ($s, $way, $name, $subject, $body) = @_;
    my @tls = $way eq 'tls' ? '--tls-on-connect' : ();
    return command($^X, "$dir{spampd}/usr/bin/swaks", '--server', '127.0.0.1:' . $s->port("${way}_$name"), @tls, '--from', 'a@example.com', '--to', 'b@example.com', '--header', "Subject: $subject", '--body', $body);
}

sub has { my ($command) = @_; return grep { -x "$_/$command" } split /:/, $ENV{PATH} }

my %ask = (
    spampd => sub {
        my ($s, $way) = @_;
        for (['clean', 'how are you?', qr/X-Spam-Status: No/], ['spam', $GTUBE, qr/X-Spam-Flag: YES/]) {
            my ($subject, $body, $seen) = @$_;
            $s->trace;
            my $said = swaks($s, $way, 'spampd', $subject, $body);
            like $said, qr/\A0\n/, "swaks sends a mail" or diag $said;
            like join("\n", $s->wait_for_trace(qr/^mail: /m)), $seen, "$subject is found";
        }
    },
    munin_node => sub {
        my ($s, $way) = @_;
        my $c = $s->net($way . '_munin_node');
        is $c->answer, '# munin node at here.example.com', 'munin-node greets';
        is $c->say_to('cap multigraph'), 'cap multigraph dirtyconfig', 'cap';
        is $c->say_to('nodes'), 'here.example.com', 'nodes';
        is $c->answer, '.', 'which end';
        is $c->say_to('list'), 'lights', 'list';
        is $c->say_to('config lights'), 'graph_title Lights', 'config runs a plugin';
        is $c->answer, 'lights.label on', 'all of it';
        is $c->answer, '.', 'to its end';
        is $c->say_to('fetch lights'), 'lights.value 42', 'fetch';
        is $c->answer, '.', 'likewise';
        is $c->say_to('fetch nosuch'), '# Unknown service', 'one that is not there';
        is $c->answer, '.', 'is said';
        like $c->say_to('version'), qr/^munins node on here\.example\.com version: \d/, 'version';
        $c->say('quit');
        is $c->answer, '', 'quit ends the connection';
        return unless $way eq 'plain' && tls();
        $c = $s->net('plain_munin_node');
        $c->answer;
        is $c->say_to('STARTTLS'), 'TLS OK', 'the TLS of its own';
        ok $c->start_tls, 'begins';
        is $c->say_to('list'), 'lights', 'and hides what is said then';
        $c->say('quit');
        is $c->answer, '', 'to the end';
    },
    starman => sub {
        my ($s, $way) = @_;
        my $url = url($s, $way, 'starman');
        like command('curl', '-sk', "$url/a?b=c"), qr{\A0\nGET /a @{[ $way eq 'tls' ? 'https' : 'http' ]} 127\.0\.0\.1 0\n}, 'starman answers GET';
        like command('curl', '-sk', '--data-binary', 'x' x 5000, "$url/a"), qr{\A0\nPOST /a \w+ 127\.0\.0\.1 5000\n}, 'and POST';
        return unless has('ab');
        my $said = command('ab', '-q', '-k', '-n', 200, '-c', 3, "$url/");
        like $said, qr/^Complete requests:\s+200$/m, 'ab has all of its answers' or diag $said;
        like $said, qr/^Failed requests:\s+0$/m, 'none of them wrong';
        like $said, qr/^Keep-Alive requests:\s+(?:[1-9]\d*)$/m, 'on connections that are kept';
    },
    simple => sub {
        my ($s, $way) = @_;
        my $url = url($s, $way, 'simple');
        like command('curl', '-sk', "$url/page?a=b"), qr{\A0\nGET /page b HTTP/1\.1\n}, 'HTTP::Server::Simple answers';
        like command('curl', '-sk', '--data', 'a=posted', "$url/page"), qr{\A0\nPOST /page posted HTTP/1\.1\n}, 'a form';
    },
    http => sub {
        my ($s, $way) = @_;
        my $url = url($s, $way, 'http');
        like command('curl', '-sk', "$url/page?a=b"), qr{\A0\nGET /page b HTTP/1\.1 @{[ $way eq 'tls' ? 'on' : 'off' ]}\n}, 'Net::Server::HTTP answers';
    },
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $config = "Listen 127.0.0.1:\@port:sink\@ raw\n<VirtualHost 127.0.0.1:\@port:sink\@>\nPerlNetServer My::Sink\n</VirtualHost>\n";
    for my $name (sort keys %dir) {
        my ($packages, $file, $words, %more) = @{ $program{$name} };
        my $inc = join ' ', map { "-I$_" } "$dir{$name}/usr/share/perl5", "$dir{$name}/$vendorarch", '@lib@';
        $config .= "<PerlInterpClass $name>\nPerlSwitches @{[ $more{switches} // '' ]} $inc\nPerlInterpStart 1\nPerlInterpMax 3\nPerlClassStartup 1\n@{[ $more{lines} // '' ]}\n</PerlInterpClass>\n";
        for my $way (@ways) {
            my $tls = $way eq 'tls' ? "SSLEngine On\nSSLCertificateFile \@root\@/tls.pem\n" : '';
            $config .= "Listen 127.0.0.1:\@port:${way}_$name\@ raw\n<VirtualHost 127.0.0.1:\@port:${way}_$name\@>\nPerlUseClass $name\nPerlNetServer " . (defined $file ? "$dir{$name}/$file " : '') . "$words\n$tls</VirtualHost>\n";
        }
    }
    my $s = TestHttpd->start(mpm => $mpm, load => [tls_load()], modules => \%modules, files => \%files, config => $config);
    for my $name (sort keys %dir) {
        for my $way (@ways) { subtest "$name, $way" => sub { $ask{$name}->($s, $way) } }
    }
    # Many at once, of two programs.
    if ($dir{spampd}) {
        $s->trace;
        my @said = $s->parallel(6, sub {
            my ($i) = @_;
            my $way = $ways[$i % @ways];
            return $i < 3 ? swaks($s, $way, 'spampd', "number $i", $GTUBE) : command('curl', '-sk', url($s, $way, 'http') . '/page?a=b');
        });
        is scalar(grep { $_->[0] =~ /\A0\n/ } @said), 6, 'several clients of several programs at once';
        my @mails;
        wait_until(sub { push @mails, grep { /^mail: .*X-Spam-Flag: YES/ } $s->trace; @mails >= 3 });
        is join(' ', sort map { /number (\d)/ } @mails), '0 1 2', 'each mail arrives, and only once';
    }
});
# One that cannot be.
my $multiplex = $all || TestHttpd::scratch_package(@POSTGREY);
SKIP: {
    skip 'postgrey is not to be had', 1 unless $multiplex && -e "$multiplex/usr/sbin/postgrey";
    my (undef, $log) = TestHttpd->start_fails(mpm => 'prefork', switches => "-I$multiplex/usr/share/perl5 -I$multiplex/$vendorarch", config => "PerlNetServer $multiplex/usr/sbin/postgrey --inet=10023 --dbdir=\@var\@\n");
    like $log, qr/PerlNetServer: "\S+postgrey" .*: it is a Net::Server::Multiplex, which takes connections itself/, 'postgrey, a Multiplex, is refused';
}

done_testing;
