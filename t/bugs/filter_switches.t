# PerlSetOutputFilter heeds the switch of output filters. mod_perl asks for that of input filters: with `PerlOptions -InputFilter` it refuses the
# line, and with `-OutputFilter` it takes it.
use lib 't/lib';
use TestHttpd;

my ($status, $log) = TestHttpd->config_test(mpm => 'prefork', load => ['deflate'], config => "PerlOptions -InputFilter\nPerlSetOutputFilter DEFLATE\n");
is $status, 0, 'input filters are switched off: PerlSetOutputFilter is allowed' or diag $log;
($status, $log) = TestHttpd->config_test(mpm => 'prefork', load => ['deflate'], config => "PerlOptions -OutputFilter\nPerlSetOutputFilter DEFLATE\n");
isnt $status, 0, 'output filters are switched off: it is refused';
($status, $log) = TestHttpd->config_test(mpm => 'prefork', load => ['deflate'], config => "PerlOptions -OutputFilter\nPerlSetInputFilter DEFLATE\n");
is $status, 0, 'PerlSetInputFilter has its own switch, too' or diag $log;

done_testing;
