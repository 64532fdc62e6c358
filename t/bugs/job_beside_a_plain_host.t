# A virtual host without a line of the language has the main server's record: its jobs were added once more for each such host, and the start
# ended.
use lib 't/lib';
use TestHttpd;

my $host = "Listen 127.0.0.1:\@port:one\@\n<VirtualHost 127.0.0.1:\@port:one\@>\nServerName one\n</VirtualHost>\n";
my ($status, $said) = TestHttpd->config_test(modules => { 'My/Queue.pm' => "package My::Queue; sub run { } 1;\n" }, config => "PerlModule My::Queue\nPerlJob queue interval=10 handler=My::Queue->run\n$host");
is $status, 0, 'a job beside a plain virtual host' or diag $said;
($status, $said) = TestHttpd->config_test(modules => { 'My/Queue.pm' => "package My::Queue; sub run { } 1;\n" }, config => "PerlModule My::Queue\n" . "PerlJob queue interval=10 handler=My::Queue->run\n" x 2 . $host);
isnt $status, 0, 'two of one name';
like $said, qr{PerlJob: .*queue}, '  are refused' or diag $said;

done_testing;
