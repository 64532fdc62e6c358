# PerlSetEnv, PerlPassEnv: when they reach %ENV, and whom.
use lib 't/lib';
use TestHttpd;

my $MODULE = <<'P';
package My::Env;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => qw(OK DECLINED);
sub show { join ' ', map { "$_=" . (defined $ENV{$_} ? $ENV{$_} : '-') } @_ }
T::Trace::note('load', show(qw(SERVER_SET PASSED NOT_PASSED MOD_PERL_API_VERSION FROM_REQUIRE)));
$ENV{FROM_START} = 'start';
sub trans  { T::Trace::note('trans',  show(qw(SERVER_SET DIR_SET)));  Apache2::Const::DECLINED }
sub header { T::Trace::note('header', show(qw(SERVER_SET DIR_SET)));  Apache2::Const::OK }
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    if ($r->args eq 'printenv') { $r->print(scalar `printenv FROM_START FROM_REQUIRE`) }
    else                        { $r->print(show(split /,/, $r->args)) }
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, env => { PASSED => 'passed', NOT_PASSED => 'secret' },
        modules => { trace_module, 'My/Env.pm' => $MODULE }, files => { 'lib/start.pl' => '$ENV{FROM_REQUIRE} = "require"; 1;' }, config => <<'C');
PerlSetEnv  SERVER_SET server
PerlPassEnv PASSED
PerlPassEnv DOES_NOT_EXIST
PerlRequire "@lib@/start.pl"
PerlModule  My::Env
PerlTransHandler My::Env::trans
<Location /env>
    SetHandler modperl
    PerlSetEnv DIR_SET dir
    PerlHeaderParserHandler My::Env::header
    PerlResponseHandler My::Env
</Location>
<Location /env/inner>
    PerlSetEnv DIR_SET    inner
    PerlSetEnv SERVER_SET inner
</Location>
<Location /script>
    SetHandler perl-script
    PerlSetEnv DIR_SET script
    PerlResponseHandler My::Env
</Location>
C
    my @load = grep { /^load/ } $s->trace;
    is $load[-1], 'load SERVER_SET=server PASSED=passed NOT_PASSED=- MOD_PERL_API_VERSION=2 FROM_REQUIRE=require',
        'start-up code sees what was set and passed, and PerlRequire comes before PerlModule';
    is scalar(@load), 2, 'it runs in both configuration passes';

    is $s->get('/env?SERVER_SET,DIR_SET,PASSED,NOT_PASSED')->{content}, 'SERVER_SET=server DIR_SET=dir PASSED=passed NOT_PASSED=-', 'a handler';
    my @lines = $s->trace;
    like $lines[0], qr/^trans SERVER_SET=server DIR_SET=/, 'the first request phase has the server values';
    is $lines[1], 'header SERVER_SET=server DIR_SET=dir', 'the first phase of a directory has its values';
    is $s->get('/env/inner?SERVER_SET,DIR_SET')->{content}, 'SERVER_SET=inner DIR_SET=inner', 'an inner section wins';
    is $s->get('/env?MOD_PERL_API_VERSION,REQUEST_METHOD')->{content}, 'MOD_PERL_API_VERSION=2 REQUEST_METHOD=-', 'modperl gives no CGI variables';
    is $s->get('/script?MOD_PERL_API_VERSION,REQUEST_METHOD,DIR_SET')->{content}, 'MOD_PERL_API_VERSION=2 REQUEST_METHOD=GET DIR_SET=script',
        'perl-script does';

    is $s->get('/env?printenv')->{content}, "start\nrequire\n", 'what start-up code put in %ENV reaches a child process';
    $s->graceful;
    is $s->get('/env?printenv')->{content}, "start\nrequire\n", 'also after a graceful restart';
    $s->restart;
    is $s->get('/env?printenv')->{content}, "start\nrequire\n", 'and after a hard one';
});

done_testing;
