# Called by bench/run: starts httpd under callgrind once per column and prints the table that README.md explains.
use strict;
use warnings;
use Cwd ();
use File::Copy ();
use File::Temp ();
use IO::Socket::INET;
use Time::HiRes ();

my $top = Cwd::getcwd();
my $requests = $ENV{REQUESTS} || 100;
my $body = join '', map { chr($_ % 251) } 1 .. 65536;
my %case = (
    static => { path => '/1k.txt',        want => 'x' x 1024 },
    empty  => { path => '/empty',         want => '' },
    hello  => { path => '/hello',         want => 'Hello, World!' },
    script => { path => '/script',        want => 'Hello, World!' },
    tables => { path => '/tables',        want => '-' x 5120, headers => join '', map { "X-In$_: value $_\r\n" } 0 .. 9 },
    echo   => { path => '/echo',          want => $body, body => $body },
    plack  => { path => '/plack', want => 'Hello, World!', headers => "User-Agent: bench\r\nAccept: */*\r\n" },
    registry => { path => '/registry/hello.pl', want => 'Hello, World!' },
    cgi      => { path => '/cgi/hello.cgi',     want => 'Hello, World!' },
    perlrun  => { path => '/perlrun/hello.cgi', want => 'Hello, World!' },
    class  => { path => '/class/hello.cgi', want => 'Hello, World!' },
    page   => { path => '/page/hello.phtml', want => 'Hello, World!' },
    filter => { path => '/filter/100k.txt', want => 'X' x 102_400 },
    pass   => { path => '/pass/100k.txt', want => 'x' x 102_400 },
    chain  => { path => '/chain/1k.txt',  want => 'x' x 1024, header => qr/^X-Chain: 1\r$/m },
);
my $plack = grep { -e "$_/Plack/Handler/Apache2.pm" } @INC;
my @cases = $ENV{CASES} ? split(' ', $ENV{CASES}) : (qw(static empty hello script registry cgi perlrun class page tables echo), $plack ? 'plack' : (), qw(chain filter pass));
$case{$_} or die "no case $_; there are: @{[sort keys %case]}\n" for @cases;

sub apxs { my ($what) = @_; my $apxs = $ENV{APXS} || 'apxs'; chomp(my $answer = `$apxs -q $what`); length $answer or die "$apxs -q $what gave nothing\n"; $answer }
my $modules = apxs('LIBEXECDIR');
my $httpd = apxs('SBINDIR') . '/' . apxs('PROGNAME');
my $mod_perl = $ENV{MOD_PERL_SO} || "$modules/mod_perl.so";
my $so = $ENV{MOD_INTERP_SO} || ($ENV{CARGO_TARGET_DIR} || "$top/target") . '/release/libmod_interp.so';

# A folder that httpd's child, which is another user when root starts httpd, can read and write.
my $dir = File::Temp::tempdir('mod_interp_bench.XXXXXX', TMPDIR => 1, CLEANUP => !$ENV{KEEP});
mkdir "$dir/$_" or die "$dir/$_: $!\n" for qw(htdocs htdocs/chain htdocs/filter htdocs/pass htdocs/registry htdocs/cgi htdocs/perlrun htdocs/class htdocs/page out c lib modules modules/mod_interp);
sub save { my ($file, $text) = @_; open my $to, '>', "$dir/$file" or die "$dir/$file: $!\n"; print $to $text; close $to or die "$dir/$file: $!\n" }
save('lib/hello.psgi', "sub { [200, ['Content-Type' => 'text/plain'], ['Hello, World!']] }\n");
save('htdocs/registry/hello.pl', "my \$r = shift;\n\$r->content_type('text/plain');\nprint 'Hello, World!';\n");
save("htdocs/$_/hello.cgi", qq{print "Content-Type: text/plain\\n\\n";\nprint 'Hello, World!';\n}) for qw(cgi perlrun class);
save('htdocs/page/hello.phtml', '<% my $who = "World"; %>Hello, <%= $who %>!');
save($_, 'x' x 1024) for qw(htdocs/1k.txt htdocs/chain/1k.txt);
save("htdocs/$_/100k.txt", 'x' x 102_400) for qw(filter pass);
File::Copy::copy("$top/bench/c/mod_bench.c", "$dir/c/mod_bench.c") && File::Copy::copy("$top/bench/lib/Bench.pm", "$dir/lib/Bench.pm")
    && File::Copy::copy($so, "$dir/modules/mod_interp.so") or die "$so, bench/: $!\n";
system('cp', '-R', "$top/lib", "$dir/modules/mod_interp/lib") == 0 or die "cp failed\n";
system("cd '$dir/c' && @{[$ENV{APXS} || 'apxs']} -c mod_bench.c >build.log 2>&1") == 0 or die "apxs -c failed:\n" . `cat '$dir/c/build.log'`;
system('chmod', '-R', 'a+rX', $dir) == 0 && chmod(0777, "$dir/out") && chmod(0755, $dir) or die "chmod: $!\n";

sub conf {
    my ($port, $column) = @_;
    my ($user) = grep { defined getpwnam $_ } qw(www-data apache daemon nobody);
    my $group = $user ? getgrgid((getpwnam $user)[3]) : '';
    my $recycle = $ENV{RECYCLE} || 1_000_000_000;
    my $perl = $column eq 'mod_perl' ? $mod_perl : "$dir/modules/mod_interp.so";
    my $conf = <<"C";
ServerRoot $dir
ServerName localhost
Listen 127.0.0.1:$port
PidFile $dir/pid
ErrorLog $dir/error.log
DocumentRoot $dir/htdocs
KeepAlive on
MaxKeepAliveRequests 0
KeepAliveTimeout 600
Timeout 600
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
<IfModule !unixd_module>
LoadModule unixd_module $modules/mod_unixd.so
</IfModule>
LoadModule bench_module $dir/c/.libs/mod_bench.so
StartServers 1
ServerLimit 1
ThreadsPerChild 2
MaxRequestWorkers 2
MinSpareThreads 1
MaxSpareThreads 2
<Location /mark>
SetHandler bench-mark
</Location>
C
    $conf .= "User $user\nGroup $group\n" if $> == 0 && $user;
    return $conf . "<Location /filter>\nSetOutputFilter BENCH_UPPER\n</Location>\n" . join '', map { "<Location /$_->[0]>\nSetHandler bench-$_->[1]\n</Location>\n" } (map { [$_, $_] } qw(empty hello script tables echo)), map({ [$_, 'hello'] } qw(plack registry cgi perlrun class page)) if $column eq 'httpd';
    $conf .= <<"C";
LoadModule perl_module $perl
PerlSwitches -I$dir/lib
PerlInterpStart 1
PerlInterpMax 2
PerlInterpMinSpare 1
PerlInterpMaxSpare 2
PerlInterpMaxRequests $recycle
PerlModule Bench
<Location /chain/>
PerlAccessHandler Bench::access
PerlFixupHandler Bench::fixup
PerlLogHandler Bench::logs
</Location>
<Location /filter>
PerlOutputFilterHandler Bench::filter
</Location>
<Location /pass>
PerlOutputFilterHandler Bench::pass
</Location>
C
    for (qw(empty hello script tables echo)) {
        my $handler = $_ eq 'script' ? 'perl-script' : 'modperl';
        $conf .= "<Location /$_>\nSetHandler $handler\nPerlResponseHandler Bench::$_\n</Location>\n";
    }
    for (['registry', 'Registry'], ['cgi', 'Registry'], ['perlrun', 'PerlRun']) {
        my $parse = $_->[0] eq 'registry' ? '' : "PerlOptions +ParseHeaders\n";
        $conf .= "PerlModule ModPerl::$_->[1]\n<Location /$_->[0]>\nSetHandler perl-script\nPerlResponseHandler ModPerl::$_->[1]\n${parse}Options +ExecCGI\n</Location>\n";
    }
    # mod_perl has neither: what a site would have there.
    $conf .= $column eq 'mod_perl'
        ? "<Location /class>\nSetHandler perl-script\nPerlResponseHandler ModPerl::Registry\nPerlOptions +ParseHeaders\nOptions +ExecCGI\n</Location>\n"
            . "<Location /page>\nSetHandler perl-script\nPerlResponseHandler Bench::script\n</Location>\n"
        : "<Location /class>\nSetHandler perl-class\nOptions +ExecCGI\n</Location>\n<Location /page>\nSetHandler perl-embed\n</Location>\n"
            . ($ENV{STATUS} ? "<Location /interp-status>\nSetHandler interp-status\n</Location>\n" : '')
            . ($ENV{CLASSES} ? "<PerlInterpClass one>\nPerlClassLocation /nowhere\n</PerlInterpClass>\n" : '');
    $conf .= "<Location /plack>\nSetHandler perl-script\nPerlResponseHandler Plack::Handler::Apache2\nPerlSetVar psgi_app $dir/lib/hello.psgi\n</Location>\n" if $plack;
    return $conf;
}

sub get {
    my ($socket, $case) = @_;
    my $method = defined $case->{body} ? 'POST' : 'GET';
    my $request = "$method $case->{path} HTTP/1.1\r\nHost: localhost\r\n" . ($case->{headers} || '');
    $request .= 'Content-Length: ' . length($case->{body}) . "\r\n" if defined $case->{body};
    print $socket "$request\r\n", defined $case->{body} ? $case->{body} : '' or die "$case->{path}: $!\n";
    my ($head, $got) = ('', '');
    while (defined(my $line = <$socket>)) { last if $line eq "\r\n"; $head .= $line }
    $head =~ m{^HTTP/1.1 200 } or die "$case->{path}: $head" . ($head ? '' : "the connection was closed\n");
    if ($head =~ /^Content-Length: (\d+)/mi) { read $socket, $got, $1 }
    elsif ($head =~ /^Transfer-Encoding: chunked/mi) {
        while (my ($n) = <$socket> =~ /^([0-9a-f]+)/i) { read $socket, my $piece, hex $n; <$socket>; last unless hex $n; $got .= $piece }
    }
    die "$case->{path}: not what was expected\n" if defined $case->{want} && $got ne $case->{want} || $case->{header} && $head !~ $case->{header};
}

# What callgrind wrote at the last mark.
my $mark = 0;
sub instructions {
    my ($column) = @_;
    my $file = "$dir/out/$column." . ++$mark;
    open my $in, '<', $file or die "callgrind did not write $file: $!\n";
    while (my $line = <$in>) { return $1 if $line =~ /^(?:totals|summary): (\d+)/ }
    die "$file has no total\n";
}

my $server;
END { kill 'TERM', $server and waitpid $server, 0 if $server }
sub measure {
    my ($column) = @_;
    my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0)->sockport;
    save("$column.conf", conf($port, $column));
    $server = fork;
    defined $server or die "fork: $!\n";
    if (!$server) {
        open STDOUT, '>', "$dir/$column.out"; open STDERR, '>&', \*STDOUT;
        exec 'env', '-i', "PATH=$ENV{PATH}", 'LC_ALL=C', $column eq 'mod_perl' && $ENV{MOD_PERL_LIB} ? "PERL5LIB=$ENV{MOD_PERL_LIB}" : (), 'valgrind', '--tool=callgrind', '--dump-after=bench_mark', '--smc-check=all-non-file',
            "--callgrind-out-file=$dir/out/$column", $httpd, '-f', "$dir/$column.conf", '-X';
    }
    my ($socket, $end) = (undef, Time::HiRes::time() + 120);
    until ($socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)) {
        die "httpd did not start:\n", `cat $dir/error.log $dir/$column.out` if Time::HiRes::time() > $end || waitpid($server, 1) == $server;
        Time::HiRes::sleep(0.1);
    }
    $mark = 0;
    my %cost;
    my $to_mark = { path => '/mark' };
    get($socket, $to_mark) for 1 .. 3;
    instructions($column) for 1 .. 2;
    my $own = instructions($column);        # of a request of /mark
    for my $name (@cases) {
        get($socket, $case{$name}) for 1 .. 20;
        get($socket, $to_mark); instructions($column);
        get($socket, $case{$name}) for 1 .. $requests;
        get($socket, $to_mark);
        $cost{$name} = (instructions($column) - $own) / $requests;
    }
    kill 'TERM', $server; waitpid $server, 0; undef $server;
    return \%cost;
}

my @columns = ('httpd', 'mod_interp', -e $mod_perl ? 'mod_perl' : ());
my %cost;
$cost{$_} = measure($_) for @columns;
printf "%-8s" . '%12s' . '%22s' x $#columns . "\n", 'case', @columns;
for my $name (@cases) {
    my $base = $cost{httpd}{$name};
    printf '%-8s%12.0f', $name, $base;
    printf '%12.0f (%+7.0f)', $cost{$_}{$name}, $cost{$_}{$name} - $base for @columns[1 .. $#columns];
    print "\n";
}
print "callgrind's files are in $dir/out\n" if $ENV{KEEP};
