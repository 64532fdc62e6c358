# Whatever mod_perl 2 has in its tables of directives and options is known by name: what is not built says so, and what the
# printed pages list does something.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'is about this module' unless ours;

my $page = slurp(TestHttpd::top() . '/docs/directives.md');
my %printed = map { $_ => 1 } $page =~ /^## (\S+)$/mg;
my @not_built = $page =~ /^mod_interp does not have these yet.*?: (`.*?`)[.;]/m ? $1 =~ /`([^`]+)`/g : ();
is_deeply [ sort @not_built ],
    [ "PerlTrace" ],
    'the page says what is not there';
ok !$printed{$_}, "$_ has no entry" for @not_built;
unlike $page, qr/without effect/, 'and none is without effect';

# Every directive of mod_perl's is one of both kinds.
my @known = qw(PerlInputFilterHandler PerlOutputFilterHandler PerlSetInputFilter PerlSetOutputFilter =pod =over =back =cut __END__ Perl PerlAccessHandler PerlAddAuthnProvider PerlAddAuthzProvider PerlAddVar PerlAuthenHandler PerlAuthzHandler
    PerlChildExitHandler PerlChildInitHandler PerlCleanupHandler PerlConfigRequire PerlFixupHandler PerlHandler
    PerlHeaderParserHandler PerlInitHandler PerlInterpMax PerlInterpMaxRequests PerlInterpMaxSpare PerlInterpMinSpare
    PerlInterpStart PerlLoadModule PerlLogHandler PerlMapToStorageHandler PerlModule PerlOpenLogsHandler PerlOptions PerlPassEnv
    PerlPostConfigHandler PerlPostConfigRequire PerlPostReadRequestHandler PerlPreConnectionHandler PerlProcessConnectionHandler
    PerlRequire PerlResponseHandler PerlSendHeader PerlSetEnv PerlSetVar PerlSetupEnv PerlSwitches PerlTaintCheck
    PerlTransHandler PerlTypeHandler PerlWarn);
ok $printed{$_}, "$_ is listed" for @known;

done_testing;
