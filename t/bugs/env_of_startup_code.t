# A variable that PerlSetEnv names and that start-up code sets to something else: requests have that where the value would have been the
# server's.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Env.pm' => <<'P');
package My::Env;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
my @names = qw(REQUIRED LATE KEPT PASSED);
sub handler {
    my $r = shift;
    $r->print(join ' ', (map { $ENV{$_} // '-' } @names), '/', map { $r->subprocess_env($_) // '-' } @names);
    return 0;
}
1;
P
my %files = (
    'required.pl' => '$ENV{REQUIRED} = $ENV{PASSED} = "code"; 1;',
    'late.pl'     => '$ENV{LATE} = "late"; 1;',
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => \%files, env => { PASSED => 'process' }, config => <<'C');
PerlModule My::Env
PerlPassEnv PASSED
PerlSetEnv REQUIRED said
PerlSetEnv LATE said
PerlSetEnv KEPT said
PerlRequire @root@/required.pl
PerlPostConfigRequire @root@/late.pl
SetHandler modperl
PerlResponseHandler My::Env
<Location /own>
    PerlSetEnv LATE own
</Location>
<VirtualHost *>
    ServerName main
</VirtualHost>
<VirtualHost *>
    ServerName other
    PerlSetEnv LATE other
</VirtualHost>
<VirtualHost *>
    ServerName apart
    PerlOptions +Parent
    PerlSwitches -I@root@/lib
    PerlModule My::Env
</VirtualHost>
C
    my $both = sub { "$_[0] / $_[0]" };
    is $s->get('/')->{content}, $both->('code late said code'), 'what start-up code has set';
    is $s->get('/')->{content}, $both->('code late said code'), 'in the next request, too';
    is $s->get('/own')->{content}, $both->('code own said code'), 'a place says otherwise';
    # With mod_perl a virtual host has the configuration's values, though it shares the interpreters.
    is $s->get('/', Host => 'other')->{content}, $both->((ours ? 'code' : 'said') . ' other said code'), 'and a virtual host';
    # mod_perl runs the main server's start-up code there, too. The configuration is read twice, and PerlPassEnv finds the second time
    # what start-up code has put into the process's environment.
    is $s->get('/', Host => 'apart')->{content}, $both->('said said said code'), 'a virtual host with start-up code of its own' if ours;
});

done_testing;
