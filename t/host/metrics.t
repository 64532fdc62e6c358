# Prometheus reads SetHandler interp-metrics: Debian's, unpacked and not installed, scrapes a server, and its sums are those of the client, over a graceful restart
# and a killed child.
use lib 't/lib';
use TestHttpd;
use JSON::PP ();

plan skip_all => 'is about this module' unless ours;
my $dir = scratch_package('prometheus');
my ($prometheus, $promtool) = map { $dir && "$dir/usr/bin/$_" } qw(prometheus promtool);
plan skip_all => 'prometheus and promtool cannot be had (Debian package prometheus)' unless $dir && -x $prometheus && -x $promtool;

my $s = TestHttpd->start(mpm => 'event', modules => { 'My/Do.pm' => <<'P' }, config => <<'C');
package My::Do;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    kill KILL => $$ if ($r->args // '') eq 'kill';
    die "as asked\n" if ($r->args // '') eq 'die';
    $r->print("done\n");
    return 0;
}
1;
P
PerlModule My::Do
<Location /metrics>
    SetHandler interp-metrics
    Require local
</Location>
<Location /do>
    SetHandler modperl
    PerlResponseHandler My::Do
</Location>
<PerlInterpClass other>
    PerlClassLocation /nowhere
</PerlInterpClass>
C

my $answer = $s->get('/metrics');
is $answer->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8', 'the type is that of the text format';
is $s->post('/metrics', '')->{status}, 405, 'nothing is changed there';
spew("$s->{root}/metrics", $answer->{content});
my $said = qx{'$promtool' check metrics <'$s->{root}/metrics' 2>&1};
is_deeply [ $?, $said ], [ 0, '' ], 'promtool has nothing to say against it';

my $port = TestHttpd::free_port();
spew("$s->{root}/prometheus.yml", <<"Y");
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - job_name: interp
    static_configs: [ { targets: [ '127.0.0.1:$s->{port}' ] } ]
Y
my $pid = fork // die "fork: $!";
if (!$pid) {
    open STDOUT, '>', "$s->{root}/prometheus.log" or die $!;
    open STDERR, '>&', \*STDOUT or die $!;
    exec $prometheus, "--config.file=$s->{root}/prometheus.yml", "--storage.tsdb.path=$s->{root}/tsdb", "--web.listen-address=127.0.0.1:$port" or POSIX::_exit(127);
}
END { local $?; if ($pid) { kill KILL => $pid; waitpid $pid, 0 } }

my $client = HTTP::Tiny->new(timeout => 5);
# What Prometheus knows: a number, or undef.
sub query {
    my ($query) = @_;
    my $found = $client->post_form("http://127.0.0.1:$port/api/v1/query", { query => $query });
    return undef unless $found->{success};
    my $result = JSON::PP::decode_json($found->{content})->{data}{result};
    return @$result ? $result->[0]{value}[1] : undef;
}

my $sent = 0;
my $send = sub { my ($path, $times) = @_; $sent += $times; $s->get($path) for 1 .. $times };
$send->('/do', 1);
ok wait_until(sub { (query('sum(mod_interp_requests_total)') // -1) == $sent }), 'Prometheus scrapes it' or diag slurp("$s->{root}/prometheus.log");
my ($failed) = (0);
for my $got ($s->parallel(4, sub { my $all = $s->client; map { $all->get('/do')->{status} } 1 .. 250 })) {
    $failed += grep { $_ != 200 } ref $got ? @$got : 'died';
    $sent += 250;
}
is $failed, 0, 'a load of requests is answered';
$s->graceful;
$send->('/do?die', 3);
$s->expect_log(qr/as asked/, qr/exit signal Killed/);
# The client would repeat a GET.
$s->post('/do?kill', '');
$sent++;
$send->('/do', 20);
ok wait_until(sub { (query('sum(mod_interp_requests_total)') // -1) == $sent }), "what it has scraped at last is what was sent, over a graceful restart and a killed child: $sent"
    or diag 'it has ' . query('sum(mod_interp_requests_total)');
is query('mod_interp_errors_total{kind="died",language="Perl",server="the main server",class="default"}'), 3, 'errors by their kind';
is query('sum(resets(mod_interp_requests_total[10m]))'), 0, 'no counter was set back';
is query('sum(mod_interp_processes{class="other"})'), query('sum(mod_interp_processes{class="default"})'), 'each class has its own series';

done_testing;
