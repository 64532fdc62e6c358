# PerlClassThreads, LuaClassThreads: requests that are answered on threads of ours, while the MPM's serve others. Under event; with the
# other MPMs the same requests are answered where they are.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use IO::Select ();
use Time::HiRes ();

my $has_lua = ours && TestHttpd::Lua::has_lua();
my $class   = $has_lua ? 'TestHttpd::Lua' : 'TestHttpd';
my $tls     = have_httpd_module('ssl') && eval { require IO::Socket::SSL; require IO::Socket::SSL::Utils; 1 };

my %modules = (trace_module, 'My/Ex.pm' => <<'P');
package My::Ex;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Connection ();
use APR::Table ();
use APR::Pool ();
use T::Trace ();
use Apache2::Const -compile => qw(OK DECLINED NOT_FOUND);

# The name of the thread that runs this: those of httpd's have that of its program.
sub thread { open my $fh, '<', '/proc/thread-self/comm' or return '?'; chomp(my $name = <$fh>); $name =~ /^(?:perl|lua) executor$/ ? 'ours' : 'httpd' }

sub where { my $r = shift; $r->content_type('text/plain'); $r->print(thread()); Apache2::Const::OK }
sub prints { print "Content-Type: text/plain\n\n", thread(); Apache2::Const::OK }

# Answers once the file with the name in the arguments is there.
sub waits {
    my $r = shift;
    $r->content_type('text/plain');
    T::Trace::note('waits ' . thread());
    my $file = '@var@/' . $r->args;
    my $end  = time + 30;
    select undef, undef, undef, 0.01 until -e $file || time > $end;
    $r->print(-e $file ? 'waited' : 'in vain');
    return Apache2::Const::OK;
}

sub echo { my $r = shift; my $body = ''; while ($r->read(my $piece, 8192)) { $body .= $piece } $r->content_type('text/plain'); $r->print(thread(), ' ', length $body, ' ', unpack '%32C*', $body); Apache2::Const::OK }
sub large { my $r = shift; $r->content_type('text/plain'); $r->print(('x' x 99) . "\n") for 1 .. 10_000; Apache2::Const::OK }
sub sub_request { my $r = shift; $r->content_type('text/plain'); $r->print('<'); $r->lookup_uri('/where')->run; $r->print('> ', thread()); Apache2::Const::OK }
sub redirects { my $r = shift; $r->internal_redirect('/where'); Apache2::Const::OK }
sub declines { Apache2::Const::DECLINED }
sub fails { die "on purpose\n" }
sub missing { Apache2::Const::NOT_FOUND }
sub page { my $r = shift; $r->content_type('text/plain'); $r->print('page of ', $r->prev->status, ' on ', thread()); Apache2::Const::OK }

# Handlers around the response.
sub access { my $r = shift; $r->pnotes(kept => [thread()]); Apache2::Const::OK }
sub kept { my $r = shift; $r->content_type('text/plain'); $r->print($r->pnotes('kept')->[0], ' ', thread()); Apache2::Const::OK }
sub logs { my $r = shift; T::Trace::note('log ' . thread()); Apache2::Const::OK }
sub cleans { my $r = shift; $r->pool->cleanup_register(sub { T::Trace::note('cleanup') }); where($r) }
1;
P

my %files = (
    'htdocs/a.txt' => "a file\n", 'htdocs/d/index.txt' => "declined\n",
    'htdocs/class/c.pl' => "use My::Ex; My::Ex::prints();", 'htdocs/class/r.pl' => "use My::Ex; My::Ex::prints();",
    'htdocs/class/p.phtml' => '<% use My::Ex; %><%= My::Ex::thread() %>',
);
my $where = sub { my ($path, $sub) = @_; "<Location $path>\nSetHandler modperl\nPerlResponseHandler My::Ex::$sub\n</Location>\n" };
my $CONF = <<'C' . join '', map { $where->(@$_) } map { ["/$_", $_] } qw(where waits echo large sub_request redirects declines fails missing page);
PerlModule My::Ex
PerlInterpMax 8
PerlClassThreads 4
<IfModule !mpm_prefork_module>
    ThreadsPerChild 2
    MaxRequestWorkers 2
    MinSpareThreads 1
    MaxSpareThreads 2
</IfModule>
<IfModule mpm_event_module>
    AsyncRequestWorkerFactor 40
</IfModule>
KeepAliveTimeout 2
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Ex::prints
    PerlOptions +ParseHeaders
</Location>
<Directory @root@/htdocs/class>
    Options +ExecCGI
    AddHandler perl-class .pl
    AddHandler perl-embed .phtml
    <Files r.pl>
        SetHandler perl-script
        PerlResponseHandler ModPerl::Registry
        PerlOptions +ParseHeaders
    </Files>
</Directory>
<Location /d>
    SetHandler modperl
    PerlResponseHandler My::Ex::declines
</Location>
<Location /kept>
    SetHandler modperl
    PerlAccessHandler My::Ex::access
    PerlResponseHandler My::Ex::kept
</Location>
<Location /logs>
    SetHandler modperl
    PerlResponseHandler My::Ex::where
    PerlLogHandler My::Ex::logs
</Location>
<Location /cleans>
    SetHandler modperl
    PerlResponseHandler My::Ex::cleans
</Location>
ErrorDocument 404 /page
<Location /large>
    <IfModule deflate_module>
        SetOutputFilter DEFLATE
    </IfModule>
</Location>
<PerlInterpClass none>
    PerlClassThreads 0
</PerlInterpClass>
<Location /none>
    PerlUseClass none
    SetHandler modperl
    PerlResponseHandler My::Ex::where
</Location>
<PerlInterpClass grows>
    PerlInterpMax 3
    PerlClassThreads 1 3
</PerlInterpClass>
<Location /grows>
    PerlUseClass grows
    SetHandler modperl
    PerlResponseHandler My::Ex::waits
</Location>
<PerlInterpClass short>
    PerlClassThreads 1 1
    PerlInterpMaxWait 300ms
</PerlInterpClass>
<Location /short>
    PerlUseClass short
    SetHandler modperl
    PerlResponseHandler My::Ex::waits
</Location>
<PerlInterpClass queue>
    PerlClassThreads 1 1
    PerlInterpMaxQueue 1
</PerlInterpClass>
<Location /queue>
    PerlUseClass queue
    SetHandler modperl
    PerlResponseHandler My::Ex::waits
</Location>
C
my $LUA = <<'C';
LuaClassThreads 1
<Directory @root@/htdocs/lua>
    SetHandler lua-script
</Directory>
C
$files{'htdocs/lua/where.lua'} = <<'L';
function handle(r)
    local f = io.open("/proc/thread-self/comm") local name = f:read() f:close()
    r.content_type = "text/plain"
    r:puts(name == "lua executor" and "ours" or "httpd")
    return apache2.OK
end
L
my $TLS = <<'C';
Listen 127.0.0.1:@port:tls@
<VirtualHost 127.0.0.1:@port:tls@>
    ServerName secure
    SSLEngine on
    SSLCertificateFile @root@/tls.pem
</VirtualHost>
C
if ($tls) {
    my ($cert, $key) = IO::Socket::SSL::Utils::CERT_create(subject => { commonName => '127.0.0.1' });
    $files{'tls.pem'} = IO::Socket::SSL::Utils::PEM_cert2string($cert) . IO::Socket::SSL::Utils::PEM_key2string($key);
}
my @load = ('deflate', 'http2', $tls ? qw(socache_shmcb ssl) : ());

sub server {
    my ($mpm, $more) = @_;
    my $conf = "Protocols h2c http/1.1\n$CONF" . ($has_lua ? $LUA : '') . ($tls ? $TLS : '') . ($more || '');
    return $class->start(mpm => $mpm, perl => 1, load => \@load, modules => \%modules, files => \%files, config => $conf);
}
# Sends a request and leaves the answer for later.
sub ask { my ($s, $path, $connection) = @_; my $socket = $s->socket; print {$socket} "GET $path HTTP/1.1\r\nHost: a\r\nConnection: " . ($connection || 'close') . "\r\n\r\n"; $socket }
sub answer { my ($socket) = @_; my $all = TestHttpd::Client::read_all($socket, 30); my ($head, $body) = split /\r\n\r\n/, $all, 2; ($head =~ m{^HTTP/1.1 (\d+)}, $body // '') }
sub let_go { my ($s, $name) = @_; TestHttpd::spew($s->root . "/var/$name", 'x') }
# Waits until so many scripts wait, and says where.
sub waiting { my ($s, $n, $seen) = @_; push @$seen, grep { /^waits/ } $s->trace; @$seen >= $n }

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $ours = $mpm eq 'event' ? 'ours' : 'httpd';
    my $s = server($mpm);
    $s->expect_log(qr/on purpose|InterpMax(?:Wait|Queue): /);
    my $get = sub { $s->get($_[0])->{content} };

    subtest 'what is answered on which thread' => sub {
        is $get->($_), $ours, $_ for qw(/where /script /class/c.pl /class/r.pl /class/p.phtml /logs), $has_lua ? '/lua/where.lua' : ();
        is $get->('/none'), 'httpd', 'a class with 0';
        is $get->('/sub_request'), "<$ours> $ours", 'a subrequest runs where its request does';
        is $get->('/redirects'), $ours, 'so does what an internal redirect leads to';
        is $get->('/d/index.txt'), "declined\n", 'a handler that declines leaves the request to httpd';
        is $get->('/missing'), "page of 404 on $ours", 'an ErrorDocument';
        is $s->get('/fails')->{status}, 500, 'a script that dies';
        my $head = $s->head('/where');
        is "$head->{status} $head->{headers}{'content-type'} " . length($head->{content} // ''), '200 text/plain 0', 'HEAD';
        is $s->h2('/where')->{content}, 'httpd', 'a stream of HTTP/2 stays where it is' if $mpm eq 'event' && $s->have_h2;
        like $get->('/kept'), qr/^httpd (?:$ours|httpd)$/, 'a request that holds an interpreter keeps it';
    };
    subtest 'log and cleanup' => sub {
        $s->trace;
        $get->('/logs');
        is_deeply [grep { /^log/ } $s->wait_for_trace(qr/^log/)], ["log $ours"], 'the log handler runs where the script ran';
        is $get->('/cleans'), $ours, 'a script with a cleanup';
        ok scalar(grep { /^cleanup/ } $s->wait_for_trace(qr/^cleanup/)), 'which runs';
    };
    subtest 'connections' => sub {
        my $socket = $s->socket;
        my $all = '';
        for my $path (qw(/where /a.txt /where /a.txt /class/c.pl)) {
            print {$socket} "GET $path HTTP/1.1\r\nHost: a\r\n\r\n";
            my $select = IO::Select->new($socket);
            my $piece = '';
            while ($piece !~ /(?:ours|httpd|a file\n|0\r\n\r\n)\z/ && $select->can_read(10)) { sysread $socket, $piece, 65536, length $piece or last }
            $all .= $piece;
        }
        is scalar(() = $all =~ m{HTTP/1.1 200}g), 5, 'a connection is kept for five requests, of scripts and files';
        is scalar(() = $all =~ /$ours/g), 3, 'of which three are scripts';
        my $next = sub { print {$socket} "GET /where HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"; TestHttpd::Client::read_all($socket, 10) };
        like $next->(), qr/^Connection: close.*$ours\z/ms, 'and closed by the sixth, which says so';
        my $many = $s->raw(join('', map { "GET /$_ HTTP/1.1\r\nHost: a\r\n\r\n" } qw(where a.txt where echo)) . "GET /where HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        is scalar(() = $many =~ m{HTTP/1.1 200}g), 5, 'five requests that are sent at once are answered';
        is_deeply [$many =~ /(a file|$ours 0 0|$ours)/g], [$ours, 'a file', $ours, "$ours 0 0", $ours], 'in order';
        my $body = join '', map { chr(65 + $_ % 26) } 1 .. 300_000;
        is $s->post('/echo', $body)->{content}, "$ours 300000 " . unpack('%32C*', $body), 'a large body';
        my $large = $s->get('/large');
        is length $large->{content}, 1_000_000, 'a large answer';
        my $packed = $s->get('/large', 'Accept-Encoding' => 'gzip');
        is "$packed->{headers}{'content-encoding'} " . (length $packed->{content} < 100_000), 'gzip 1', 'which is deflated';
        if ($tls) {
            my $secure = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $s->port('tls'), SSL_verify_mode => 0) or die 'no TLS';
            my $got = '';
            for my $close ('', "Connection: close\r\n") {
                print {$secure} "GET /where HTTP/1.1\r\nHost: secure\r\n$close\r\n";
                my $piece = '';
                while ($piece !~ /(?:ours|httpd)\z/) { sysread $secure, $piece, 65536, length $piece or last }
                $got .= $piece;
            }
            is scalar(() = $got =~ /$ours/g), 2, 'two requests over TLS';
        }
    };
    return if $mpm ne 'event';

    subtest 'scripts wait, files do not' => sub {
        my @busy = map { ask($s, '/waits?first') } 1 .. 4;
        my @where;
        ok wait_until(sub { waiting($s, 4, \@where) }, 20), 'four scripts run, with two threads of httpd';
        my @more = map { ask($s, '/waits?first') } 1 .. 3;
        my @file = map { [answer(ask($s, '/a.txt'))] } 1 .. 5;
        is_deeply \@file, [map { [200, "a file\n"] } 1 .. 5], 'a file is served meanwhile, though more scripts wait';
        let_go($s, 'first');
        is_deeply [map { [answer($_)] } @busy, @more], [map { [200, 'waited'] } 1 .. 7], 'all scripts are answered';
        push @where, $s->trace;
        ok !grep({ $_ eq 'waits httpd' } @where), 'none on a thread of httpd' or diag explain \@where;
    };
    subtest 'threads come and go' => sub {
        my $ours = sub { my ($pid) = $s->child_pids; scalar grep { TestHttpd::slurp($_) =~ /^perl executor/ } glob "/proc/$pid/task/*/comm" };
        my $least = $ours->();
        my @busy = map { ask($s, '/grows?second') } 1 .. 3;
        my @where;
        ok wait_until(sub { waiting($s, 3, \@where) }, 20), 'a class with one thread has three when three scripts wait';
        is $ours->(), $least + 2, 'which are two more';
        let_go($s, 'second');
        is_deeply [map { [answer($_)] } @busy], [map { [200, 'waited'] } 1 .. 3], 'all are answered';
        ok wait_until(sub { $ours->() == $least }, 30), 'the two end when they have been idle for a while';
    };
    subtest 'who has waited too long' => sub {
        for my $way (['short', 'third', qr/PerlInterpMaxWait: no thread of class short .* came free in 300ms/], ['queue', 'fourth', qr/PerlInterpMaxQueue: 1 requests wait for a thread of class queue/]) {
            my ($name, $file, $told) = @$way;
            my $busy = ask($s, "/$name?$file");
            my @where;
            wait_until(sub { waiting($s, 1, \@where) }, 20);
            my $next = ask($s, "/$name?$file") if $name eq 'queue';
            # Only the second of those two is one too many, whichever is there first.
            my $late = $s->get("/$name?$file", Connection => 'close') if $name eq 'short';
            if ($next) {
                my $third = ask($s, "/$name?$file");
                my ($first) = IO::Select->new($next, $third)->can_read(20);
                my ($status) = answer($first);
                $late = { status => $status };
                let_go($s, $file);
                is_deeply [answer($first == $next ? $third : $next)], [200, 'waited'], 'the other one has its turn';
            }
            is $late->{status}, 503, "$name: it is refused";
            like $late->{headers}{'retry-after'}, qr/^\d+$/, 'with the time to come again' if $name eq 'short';
            let_go($s, $file);
            is_deeply [answer($busy)], [200, 'waited'], 'who was there first is answered';
            $s->log_like($told, 'which the log tells');
        }
    };
    subtest 'clients that go away' => sub {
        my @gone = map { ask($s, '/waits?fifth') } 1 .. 6;
        my @where;
        wait_until(sub { waiting($s, 4, \@where) }, 20);
        close $_ for @gone;
        let_go($s, 'fifth');
        is $get->('/where'), 'ours', 'the threads serve others';
        ok wait_until(sub { !$s->connections }, 20), 'no connection stays';
        my $idle = $s->socket;
        print {$idle} "GET /where HTTP/1.1\r\nHost: a\r\n\r\n";
        my $began = time;
        like TestHttpd::Client::read_all($idle, 20), qr/ours\z/, 'a connection that is kept is closed';
        cmp_ok time - $began, '<', 15, 'after KeepAliveTimeout';
    };
    subtest 'graceful restart' => sub {
        my @busy = map { ask($s, '/waits?sixth') } 1 .. 6;
        my $kept = $s->socket;
        print {$kept} "GET /where HTTP/1.1\r\nHost: a\r\n\r\n";
        my @where;
        wait_until(sub { waiting($s, 4, \@where) }, 20);
        my ($old) = $s->child_pids;
        $s->graceful;
        is $get->('/where') , 'ours', 'the new child serves';
        let_go($s, 'sixth');
        is_deeply [map { [answer($_)] } @busy], [map { [200, 'waited'] } 1 .. 6], 'scripts of the old one, and those that waited there, are answered';
        like TestHttpd::Client::read_all($kept, 10), qr/ours\z/, 'a kept connection is closed';
        ok wait_until(sub { !kill 0, $old }, 20), 'then the old child ends';
    };
});

subtest 'stop' => sub {
    plan skip_all => 'T_MPM' if ($ENV{T_MPM} || 'event') !~ /event/;
    my $s = server('event');
    my @busy = map { ask($s, '/waits?never') } 1 .. 6;
    my @where;
    wait_until(sub { waiting($s, 4, \@where) }, 20);
    my $began = Time::HiRes::time();
    $s->terminate;
    ok $s->wait_ended(20), 'a server stops while scripts run and others wait';
    cmp_ok Time::HiRes::time() - $began, '<', 10, 'without being killed';
};

subtest 'what is told at the start' => sub {
    for my $row (
        ['event',   'PerlClassThreads 3', qr/PerlClassThreads: requests that wait for scripts count .*"AsyncRequestWorkerFactor 10"/, 'event with the default of AsyncRequestWorkerFactor'],
        ['worker',  'PerlClassThreads 3', qr/PerlClassThreads: the MPM worker cannot suspend a request/, 'worker'],
        ['prefork', 'PerlClassThreads 3', qr/PerlClassThreads: .*thread/, 'prefork'],
    ) {
        my ($mpm, $line, $told, $name) = @$row;
        next if ($ENV{T_MPM} || $mpm) !~ /$mpm/;
        my $s = TestHttpd->start(mpm => $mpm, config => "LogLevel perl:info\n$line\n");
        $s->log_like($told, $name);
        $s->stop;
    }
};
done_testing;
