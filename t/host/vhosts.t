# A virtual host shares its server's interpreters, has its own (+Clone), or has its own parent (+Parent).
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, 'My/V.pm' => <<'P');
package My::V;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
our $loaded_by = 'nobody';
my $mark;
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    no warnings 'once';
    $r->print(join ' ', $loaded_by, defined $Main::only ? 'main' : 'no-main', defined $Parent::only ? 'parent' : 'no-parent', \$mark);
    return Apache2::Const::OK;
}
1;
P
my %files = (
    'lib/main.pl'   => "\$Main::only = 1; require My::V; \$My::V::loaded_by = 'main'; 1;\n",
    'lib/parent.pl' => "\$Parent::only = 1; require My::V; \$My::V::loaded_by = 'parent'; 1;\n",
);

for_each_mpm(qw(event prefork worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => \%files, config => <<'C');
PerlRequire "@lib@/main.pl"
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMinSpare 1
PerlInterpMaxSpare 1
<Location />
    SetHandler modperl
    PerlResponseHandler My::V
</Location>
<VirtualHost 127.0.0.1:@port@>
    ServerName base
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName shares
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName clone
    PerlOptions +Clone
    PerlInterpStart 1
    PerlInterpMax 1
    PerlInterpMinSpare 1
    PerlInterpMaxSpare 1
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName parent
    PerlOptions +Parent
    PerlSwitches "-I@lib@"
    PerlRequire "@lib@/parent.pl"
    PerlInterpStart 1
    PerlInterpMax 1
    PerlInterpMinSpare 1
    PerlInterpMaxSpare 1
</VirtualHost>
C
    my %by = map { my $host = $_; $host => [split ' ', $s->get('/', Host => $host)->{content}] } qw(base shares clone parent);
    is "@{$by{base}}[0 .. 2]",   'main main no-parent', 'the main server';
    is "@{$by{shares}}[0 .. 2]", 'main main no-parent', 'a host that shares';
    is "@{$by{clone}}[0 .. 2]",  'main main no-parent', 'a host with its own clones sees the start-up code of the main server';
    is "@{$by{parent}}[0 .. 2]", 'parent no-main parent', 'a host with its own parent sees only its own';
    isnt $by{parent}[3], $by{base}[3], 'its interpreter is another one';
    SKIP: {
        skip 'prefork has no clones', 2 unless $s->is_threaded;
        is $by{shares}[3], $by{base}[3], 'a host that shares has the same interpreter';
        isnt $by{clone}[3], $by{base}[3], 'a host with clones of its own another one';
    }
});

done_testing;
