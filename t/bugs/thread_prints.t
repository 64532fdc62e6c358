# A thread that a script made printed into the answers of later requests, and ended the child when the interpreter that it came from was gone.
use lib 't/lib';
use TestHttpd;
use Config;

plan skip_all => 'this perl has no threads' unless $Config{useithreads};

my %files = (
    'htdocs/makes.pl' => q{use threads; print "Content-Type: text/plain\n\nmade"; threads->create(sub { for (1 .. 10) { select undef, undef, undef, 0.02; local $| = 1; print STDOUT "LEAK" } })->detach;},
    'htdocs/joins.pl' => q{use threads; print "Content-Type: text/plain\n\n"; my $got = threads->create(sub { my $n = print STDOUT "in"; my $line = <STDIN>; defined $line ? "read $line" : 'nothing' })->join; print $got;},
    'htdocs/plain.pl' => q{print "Content-Type: text/plain\n\nplain";},
);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $one = $mpm eq 'prefork' ? "StartServers 1\nMaxRequestWorkers 1\nMinSpareServers 1\nMaxSpareServers 1\n" : '';
    my $s = TestHttpd->start(mpm => $mpm, files => \%files, config => $one . <<'C');
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxRequests 3
PerlModule ModPerl::Registry
<Directory @root@/htdocs>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Directory>
C
    $s->expect_log(qr/AH00161|Perl exited with active threads|thread/);
    my ($pid) = $s->child_pids;
    my %seen;
    for (1 .. 12) {
        $seen{ $s->get('/makes.pl')->{content} }++;
        $seen{ $s->get('/plain.pl')->{content} }++ for 1 .. 3;
    }
    is_deeply [sort keys %seen], [qw(made plain)], 'each answer is its own script\'s';
    is $s->post('/joins.pl', "secret\n")->{content}, 'nothing', 'a thread neither prints nor reads for a request, its own included';
    $s->get('/plain.pl') for 1 .. 10;
    is +($s->child_pids)[0], $pid, 'and the child lives';
});

done_testing;
