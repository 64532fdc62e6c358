# modinterp convert prints the lines of httpd's that equal a Net::Server's conf file. How each key is read is tested in the crate
# (crates/modinterp); here the command meets files, other users' ways of calling it, and httpd.
use lib 't/lib';
use TestHttpd;
use File::Temp ();

plan skip_all => 'is about this module' unless ours;
my $command = TestHttpd::modinterp();
plan skip_all => "there is no $command" unless -x $command;

my $dir = File::Temp::tempdir('modinterp_convert.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
mkdir "$dir/tmp";
# The module with its Perl library beside it, as it is installed.
my $so = "$dir/modules/mod_interp.so";
File::Path::make_path("$dir/modules/mod_interp/lib");
File::Copy::copy(TestHttpd::module_so(), $so) or die;
system 'cp', '-R', glob(TestHttpd::top() . '/lib/*'), "$dir/modules/mod_interp/lib";
my ($user, $group) = map { $_ // plan skip_all => 'there is no account of httpd' } TestHttpd::child_user(), scalar getgrgid((getpwnam TestHttpd::child_user())[3]);

# Runs the command: its status, what it prints, and what it says.
sub convert {
    my @words = @_;
    my @quoted = map { my $word = s/'/'\\''/gr; "'$word'" } $command, 'convert', @words;
    my $status = system "TMPDIR='$dir/tmp' @quoted </dev/null >'$dir/out' 2>'$dir/err'";
    return ($status >> 8, slurp("$dir/out"), slurp("$dir/err") =~ s/\Q$dir\E\///gr);
}

sub conf { my ($text) = @_; spew("$dir/a.conf", $text); return "$dir/a.conf" }

my ($status, $text, $said) = convert(conf(<<"C"), '--class', 'My::Echo');
port 127.0.0.1:2525
user $user   # of httpd
log_file = /var/log/a.log
include more.conf
C
is $status, 0, 'a conf file is printed';
like $text, qr/^User \Q$user\E$/m, 'with its user';
like $said, qr/^a\.conf:4: differs: include more\.conf: .*No such file/, 'a file that it names and that is not there is told of';

spew("$dir/more.conf", "max_servers 3\nport 2526\n");
($status, $text, $said) = convert("$dir/a.conf", '--class', 'My::Echo');
like $text, qr/^ +PerlClassInterpreters 3 total\n.*^<VirtualHost 127\.0\.0\.1:2525 \*:2526>$/ms, 'one that is there is taken in';
like $said, qr/^a\.conf:4: differs: include more\.conf: its lines are taken in here; Net::Server itself reads no file/, 'which is said';
spew("$dir/more.conf", "include a.conf\n");
(undef, undef, $said) = convert("$dir/a.conf", '--class', 'My::Echo');
like $said, qr/^more\.conf:1: differs: include a\.conf: a\.conf: it names itself$/m, 'and one that names its own is not read for ever';

spew("$dir/server", <<'P');
#!/usr/bin/perl -wT
package Mail::Server;
use base 'Net::Server::PreFork';
__PACKAGE__->run;
P
($status, $text) = convert(conf("port 2525\ncheck_for_dequeue 5\nmax_dequeue 1\n"), '--program', "$dir/server", '-I', $dir);
is $status, 0, 'a program is a file';
like $text, qr/^<PerlInterpClass server>\n.*^ +PerlSwitches -T -I\Q$dir\E\n.*^ +PerlInterpStart 5$/ms, 'that says by itself what it inherits, and that it wants taint checks';
like $text, qr/^ +PerlNetServer \Q$dir\E\/server check_for_dequeue=5 max_dequeue=1$/m, 'it is named as the program, with the words by which it looks at its queue';

# What the programs of Net::Server read: the words of all lists of keys in its files.
subtest 'all keys of the Net::Server that is installed' => sub {
    plan skip_all => 'needs Net::Server (Debian: libnet-server-perl)' unless eval { require Net::Server; 1 };
    my ($folder) = $INC{'Net/Server.pm'} =~ /^(.*)\.pm$/;
    my %keys;
    for my $file ("$folder.pm", glob "$folder/*.pm $folder/*/*.pm $folder/*/*/*.pm") {
        my $text = slurp($file) =~ s/^__END__.*//msr;
        my ($code) = $text =~ /^sub options \{(.*?)^\}/ms;
        my @lists  = (defined $code ? $code =~ /qw\(([^)]*)\)/g : (), $text =~ /^my \@\w+_args = qw\(([^)]*)\)/mg);
        my @single = map { /\$ref->\{'?(\w+)'?\}/g } $code // '';
        @keys{ grep { /^\w\w+$/ } map({ split ' ' } @lists), @single } = ();
    }
    cmp_ok scalar(keys %keys), '>', 60, 'are found';
    ok exists $keys{$_}, "$_ is one" for qw(port conf_file max_servers sig_passthrough SSL_cert_file child_communication);
    my @keys = sort keys %keys;
    my ($status, $text, $said) = convert(conf(join '', map { "$_ 3\n" } grep { $_ ne 'conf_file' } @keys), '--class', 'My::Echo');
    is_deeply [$said =~ /^a\.conf:\d+: unknown: (.*)/mg], [], 'none is unknown';
};

($status, undef, $said) = convert("$dir/none.conf");
is $status, 2, 'a file that is not there';
like $said, qr/^modinterp: none\.conf: No such file/, 'is said in one line';
($status) = convert(conf("port 53/udp\n"), '--class', 'A');
is $status, 1, 'a key that cannot be had is the status';
($status, $text, $said) = convert(conf("port 25\n"));
is $status, 0, 'without a terminal nobody is asked for the program';
like "$text$said", qr/^command line: unknown: PerlNetServer My::Server: no program was named/m, 'which is said';
($status, undef, $said) = convert("$dir/a.conf", '--clas', 'A');
is $status, 2, 'a wrong option';
like $said, qr/'--class'/, 'is told with the right one';

subtest 'httpd looks at the lines' => sub {
    my $httpd = TestHttpd::httpd();
    my @check = ('--check', '--httpd', $httpd, '--module', $so, '--class', 'My::Echo');
    my $conf  = conf("user nosuchuser\nport 2525\n");
    my ($status, $text, $said) = convert($conf, @check);
    is $status, 1, 'a user that is not there makes the status';
    like $said, qr/bad user name nosuchuser/, q{and httpd's words are shown};
    ok !grep({ -e } glob "$dir/tmp/*"), 'nothing is left behind' or diag join ' ', glob "$dir/tmp/*";
    ($status, undef, $said) = convert($conf, @check, '--httpd', "$dir/none");
    is $status, 2, 'without an httpd it cannot be done';
};

subtest "the manual's sample" => sub {
    my (undef, $known) = TestHttpd->config_test(config => "PerlNetServer /nowhere/program\n");
    plan skip_all => 'PerlNetServer is not built in' if $known =~ /Invalid command/;
    my $package = TestHttpd::scratch_package('libnet-server-perl') or plan skip_all => 'needs libnet-server-perl';
    spew("$dir/lib/My/Echo.pm", "package My::Echo;\nuse base 'Net::Server::PreFork';\nsub process_request { print while <STDIN> }\n1;\n");
    my $conf = conf(<<"C");
### server information
min_servers   20
max_servers   80
min_spare_servers 10
min_spare_servers 15

max_requests  1000

### user and group to become
user        $user
group       $group

### logging ?
log_file    $dir/server.log
log_level   3
pid_file    /tmp/server.pid

### access control
allow       .+\\.(net|com)
allow       domain\\.com
deny        a.+

### background the process?
background  1

### ports to bind
host        127.0.0.1
port        localhost:20204
port        20205
C
    my ($status, $text, $said) = convert($conf, '--check', '--httpd', TestHttpd::httpd(), '--module', $so, '--class', 'My::Echo', '-I', "$dir/lib", '-I', "$package/usr/share/perl5");
    is $status, 0, 'is what httpd takes' or diag $text;
    like $said, qr/^\S+: Syntax OK$/m, 'and httpd says so' or diag $said;
    like $text, qr/^ +PerlNetServer My::Echo "allow=\.\+\\\.\(net\|com\)" "allow=domain\\\.com" deny=a\.\+$/m, 'with the patterns as they were';
};

done_testing;
