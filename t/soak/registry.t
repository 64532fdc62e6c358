# Scripts of ModPerl::Registry and ModPerl::PerlRun cost no memory with each request: 20,000 requests here, 400,000 under `make soak`.
use lib 't/lib';
use TestHttpd;

my $PRINT  = q{print "Content-Type: text/plain\n\nhello $ENV{QUERY_STRING}";};
my $rounds = 8;
my $each   = soak(1_250, 25_000);       # requests of a round

for_each_mpm('event', sub {
    my $s = TestHttpd->start(
        mpm    => 'event',
        files  => { 'htdocs/perl/a.pl' => $PRINT, 'htdocs/run/a.pl' => q{use strict; our ($n, @list, $object) = (1, 2); $object = bless []; sub f { $n } sub DESTROY { f() } my $code = sub { $n }; } . $PRINT },
        config => <<'C',
ServerLimit 1
ThreadsPerChild 4
MaxRequestWorkers 4
MaxSpareThreads 4
MaxKeepAliveRequests 0
PerlInterpStart 2
PerlInterpMax 2
PerlInterpMaxRequests 1000000000
PerlModule ModPerl::Registry
PerlModule ModPerl::PerlRun
<Location /perl>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Location>
<Location /run>
    SetHandler perl-script
    PerlResponseHandler ModPerl::PerlRun
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Location>
C
    );
    $s->expect_log(qr/PerlInterpMax: 2 beside ThreadsPerChild/);
    for my $path (qw(/perl/a.pl?1 /run/a.pl?1)) {
        my @memory;
        for my $round (1 .. $rounds) {
            my @failed = grep { $_ } map { @$_ } $s->parallel(2, sub {
                my $client = $s->client;
                my $bad    = 0;
                for (1 .. $each / 2) { $bad++ unless $client->get($path)->{content} eq 'hello 1' }
                return $bad;
            });
            is "@failed", '', "$path: round $round answers";
            push @memory, ($s->child_pids)[0] ? $s->private_memory(($s->child_pids)[0]) : 0;
        }
        note "$path: @memory";
        # Arenas of threads fill up in the beginning.
        cmp_ok $memory[-1] - $memory[$rounds / 2 - 1], '<', 160 * 1024, "$path: the second half costs no memory";
    }
});

done_testing;
