# Whatever mod_perl 2 has in its tables of directives and options is known by name.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'is about this module' unless ours;

my $page = slurp(TestHttpd::top() . '/docs/directives.md');
my %printed = map { $_ => 1 } $page =~ /^## (\S+)$/mg;
unlike $page, qr/without effect/, 'none is without effect';

my @known = qw(PerlInputFilterHandler PerlOutputFilterHandler PerlSetInputFilter PerlSetOutputFilter =pod =over =back =cut __END__ Perl PerlAccessHandler PerlAddAuthnProvider PerlAddAuthzProvider PerlAddVar PerlAuthenHandler PerlAuthzHandler
    PerlChildExitHandler PerlChildInitHandler PerlCleanupHandler PerlConfigRequire PerlFixupHandler PerlHandler
    PerlHeaderParserHandler PerlInitHandler PerlInterpMax PerlInterpMaxRequests PerlInterpMaxSpare PerlInterpMinSpare
    PerlInterpStart PerlLoadModule PerlLogHandler PerlMapToStorageHandler PerlModule PerlOpenLogsHandler PerlOptions PerlPassEnv
    PerlPostConfigHandler PerlPostConfigRequire PerlPostReadRequestHandler PerlPreConnectionHandler PerlProcessConnectionHandler
    PerlRequire PerlResponseHandler PerlSendHeader PerlSetEnv PerlSetVar PerlSetupEnv PerlSwitches PerlTaintCheck
    PerlTrace PerlTransHandler PerlTypeHandler PerlWarn);
ok $printed{$_}, "$_ is listed" for @known;

done_testing;
