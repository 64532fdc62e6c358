# The harness itself: what it starts, what it sees, and that it fails a test that should fail.
use lib 't/lib';
use TestHttpd;
use File::Temp ();

my $ECHO = <<'P';
package My::Echo;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my $args = $r->args || '';
    die "as asked\n" if $args eq 'die';
    my $body = '';
    while ($r->read(my $piece, 1000)) { $body .= $piece }
    $r->content_type('text/plain');
    $r->print(join '|', $$, $r->method, $args, $body);
    if ($args eq 'fork' && !fork) { $SIG{TERM} = 'IGNORE'; sleep 1 for 1 .. 60; require POSIX; POSIX::_exit(0) }
    return Apache2::Const::OK;
}
1;
P
my $CONF = <<'C';
Protocols h2c http/1.1
<Location /echo>
    SetHandler modperl
    PerlResponseHandler My::Echo
</Location>
C

subtest 'clients' => sub {
    my $s = TestHttpd->start(config => $CONF, modules => { 'My/Echo.pm' => $ECHO }, load => [ -e TestHttpd::libexecdir() . '/mod_http2.so' ? 'http2' : () ],
        files => { 'htdocs/a.txt' => "at port \@port\@\n" });
    is $s->get('/a.txt')->{content}, 'at port ' . $s->port . "\n", 'files are written with their placeholders filled';
    like $s->get('/echo?x')->{content}, qr/^\d+\|GET\|x\|$/, 'get';
    like $s->post('/echo', "a\0b")->{content}, qr/^\d+\|POST\|\|a\0b$/, 'post';
    my $client = $s->client;
    is $client->get('/echo')->{status}, 200, 'a client that keeps its connection';
    is $client->post('/echo', 'b')->{headers}{'connection'}, undef, 'is not told to close it';
    like $s->raw("GET /echo?raw HTTP/1.0\r\n\r\n"), qr/^HTTP\/1\.1 200 OK\r\n.*\|GET\|raw\|$/s, 'bytes on a socket';
    SKIP: {
        skip 'needs mod_http2 and a curl with HTTP/2', 2 unless $s->have_h2;
        my $answer = $s->h2('/echo?two', '--data-binary', 'body');
        is $answer->{status}, 200, 'HTTP/2';
        like $answer->{content}, qr/\|POST\|two\|body$/, 'with a body';
    }
    my @got = $s->parallel(3, sub { my $i = shift; die "no\n" if $i == 2; ($i, $s->get("/echo?$i")->{status}) });
    is_deeply [@got[0, 1]], [[0, 200], [1, 200]], 'clients at once';
    is $got[2], "no\n", 'one that dies says so';
};

subtest 'processes and log' => sub {
    for_each_mpm(qw(event prefork worker), sub {
        my ($mpm) = @_;
        my $s = TestHttpd->start(mpm => $mpm, config => $CONF =~ s/^Protocols.*\n//r, modules => { 'My/Echo.pm' => $ECHO });
        my @children = $s->child_pids;
        ok @children >= 1, 'child pids';
        like $s->get('/echo')->{content}, qr/^(?:@{[join '|', $s->child_pids]})\|/, 'a handler runs in one of them';
        cmp_ok $s->private_memory($children[0]), '>', 10_000, 'private memory';
        ok((grep { m{/libperl\.so} } $s->mapped_files($s->pid)), 'mapped files');
        $s->graceful;
        is $s->get('/echo')->{status}, 200, 'graceful restart';
        $s->restart;
        is $s->get('/echo')->{status}, 200, 'restart';
        is $s->get('/echo?die')->{status}, 500, 'a handler dies';
        ok wait_until(sub { $s->unexpected }, 5), 'its error line is unexpected';
        $s->expect_log(qr/as asked/);
        is scalar(() = $s->unexpected), 0, 'until a test expects it';
    });
};

subtest 'a port that is taken is given up for another' => sub {
    my $other = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
    my $s = TestHttpd->start(port => $other->sockport);
    isnt $s->port, $other->sockport, 'another port';
};

subtest 'configurations that do not start' => sub {
    my ($status, $log) = TestHttpd->start_fails(config => "NoSuchDirective on\n");
    isnt $status, 0, 'status';
    like $log, qr/Invalid command 'NoSuchDirective'/, 'reason';
    ($status, my $output) = TestHttpd->config_test(config => "\nNoSuchDirective on\n");
    is $status, 1, 'httpd -t';
    like $output, qr/NoSuchDirective/, 'output';
    ($status, $output) = TestHttpd->config_test(config => '');
    is $status, 0, 'httpd -t of a good one';
};

subtest 'a daemon' => sub {
    my $s = TestHttpd->start(daemon => 1, config => $CONF =~ s/^Protocols.*\n//r, modules => { 'My/Echo.pm' => $ECHO });
    like $s->get('/echo')->{content}, qr/^(?:@{[join '|', $s->child_pids]})\|/, 'serves from children of its own';
    is slurp($s->root . '/run/httpd.pid'), $s->pid . "\n", 'the pid is that of the pid file';
    $s->graceful;
    is $s->get('/echo')->{status}, 200, 'graceful restart';
    $s->stop;
    ok !kill(0 => $s->pid) || !$s->group_pids, 'it is stopped by its pid';
};

# Each of these must make its test file fail.
my %bad = (
    'an error line that no test expected' => 'is $s->get("/echo?die")->{status}, 500; ',
    'a process left behind'               => '$s->raw("GET /echo?fork HTTP/1.0\r\n\r\n", 1); '
        . 'wait_until(sub { my %own = map { $_ => 1 } $s->pid, $s->child_pids; grep { !$own{$_} } $s->group_pids }) or die; ',
    'a child that was killed'             => 'kill SEGV => ($s->child_pids)[0]; $s->wait_for_log(qr/exit signal/) or die; ',
    'a test that dies'                    => 'die "in the middle"; ',
    'a server that is gone'               => 'kill KILL => $s->pid, $s->child_pids; $s->wait_ended(5); ',
);
for my $name (sort keys %bad) {
    my $file = File::Temp->new(SUFFIX => '.t');
    print {$file} 'use lib "t/lib"; use TestHttpd; my ($e, $c) = do { local $/ = "\0\n"; <STDIN> }; s/\0\n$// for $e, $c; ',
        'my $s = TestHttpd->start(config => $c, modules => { "My/Echo.pm" => $e }); print "# pid ", $s->pid, "\n";', $bad{$name}, 'done_testing;';
    close $file;
    my $input = File::Temp->new;
    print {$input} $ECHO, "\0\n", $CONF =~ s/^Protocols.*\n//r, "\0\n";
    close $input;
    my $output = `T_MPM=prefork $^X $file < $input 2>&1`;
    isnt $?, 0, "$name fails the test file" or diag $output;
    my ($pid) = $output =~ /^# pid (\d+)/m;
    ok $pid && wait_until(sub { !grep { $_->{group} == $pid && $_->{state} ne 'Z' } TestHttpd::Proc::processes() }, 5), 'and nothing keeps running';
}

done_testing;
