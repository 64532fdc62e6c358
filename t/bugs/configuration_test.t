# `httpd -t` finds what is wrong with the Perl code that the configuration loads; mod_perl says "Syntax OK", and the server does not start. And a line that mod_perl 2
# had once and dropped is taken: PerlInterpScope.
use lib 't/lib';
use TestHttpd;

my ($status, $output) = TestHttpd->config_test(modules => { 'My/Broken.pm' => "package My::Broken;\nuse My::Missing;\n1;\n" }, config => "PerlModule My::Broken\n");
isnt $status, 0, 'a module that cannot be loaded fails the test of the configuration';
like $output, qr/My\/Missing\.pm/, 'with what is missing';

($status, $output) = TestHttpd->config_test(config => "PerlInterpScope request\n");
is $status, 0, 'PerlInterpScope is a directive' or diag $output;

done_testing;
