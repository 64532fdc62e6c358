# Interpreter classes: each has interpreters, start-up code, switches, environment and numbers of its own.
use lib 't/lib';
use TestHttpd;

my %modules = (
    'My/Where.pm' => <<'P',
package My::Where;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
our $count = 0;
sub handler {
    my $r = shift;
    no warnings 'once';
    $r->content_type('text/plain');
    $r->print(join '|', $My::Startup::x // 'none', "taint=${^TAINT}", 'E=' . ($ENV{E} // ''), 'F=' . ($ENV{F} // ''), ++$count);
    select undef, undef, undef, $r->args if $r->args;
    return Apache2::Const::OK;
}
sub access { my $r = shift; $r->notes->set(access => ($My::Startup::x // 'none')); return Apache2::Const::OK }
sub told   { my $r = shift; $r->print($r->notes->get('access')); return Apache2::Const::OK }
1;
P
    'My/Startup.pm' => 'package My::Startup; our $x = 7; 1;',
);
my $CONF = <<'C';
LogFormat "%U %{interp}n" interp
CustomLog @root@/var/interp interp
PerlModule My::Where
PerlSetEnv E server
PerlSetEnv F server
<PerlInterpClass tainted>
    PerlSwitches -T -I@root@/lib
    PerlModule My::Startup My::Where
    PerlSetEnv E class
    PerlClassLocation @root@/htdocs/a/b
</PerlInterpClass>
<PerlInterpClass plain>
    PerlClassLocation @root@/htdocs/a
    PerlInterpMax 1
    PerlInterpStart 1
    PerlSetEnv E plain
</PerlInterpClass>
<PerlInterpClass coded>
    PerlClassStartup "$My::Startup::x = 3 + 4 + 5; die if $My::Startup::once++"
</PerlInterpClass>
<PerlInterpClass named>
    PerlPostConfigRequire @root@/post.pl
</PerlInterpClass>
<Location />
    SetHandler modperl
    PerlResponseHandler My::Where
</Location>
<Location /named>
    PerlUseClass named
</Location>
<Location /coded>
    PerlUseClass coded
</Location>
<Location /access>
    PerlUseClass tainted
    PerlAccessHandler My::Where::access
    PerlResponseHandler My::Where::told
</Location>
<Location /a/b/default>
    PerlUseClass default
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF, files => {
        'post.pl' => '$My::Startup::x = "post"; 1;', 'htdocs/a/x.html' => '', 'htdocs/a/b/x.html' => '', 'htdocs/ab.html' => '' });
    my $of = sub { (my $c = $s->get($_[0])->{content}) =~ s/\|\d+$//; $c };
    my $default = 'none|taint=0|E=server|F=server';
    is $of->('/x'), $default, 'a script that no class claims has the interpreters of the server';
    is $of->('/ab.html'), $default, 'and so has one whose path begins with the location of a class and goes on';
    is $of->('/a/x.html'), 'none|taint=0|E=plain|F=server', 'a class has an environment of its own, and the server\'s';
    is $of->('/a/b/x.html'), '7|taint=1|E=class|F=server', 'of two locations the longer counts; switches and start-up code are of one class';
    is $of->('/named'), 'post|taint=0|E=server|F=server', 'a section names a class';
    is $of->('/coded'), '12|taint=0|E=server|F=server', 'start-up code stands in the class';
    is $of->('/a/b/default'), $default, 'or the server itself, against the location';
    is $s->get('/access')->{content}, '7', 'handlers before the response run in the class, too';
    is $of->('/x'), $default, 'nothing of a class is left in the server\'s';
    my ($logged) = TestHttpd::wait_until(sub { TestHttpd::slurp($s->root . '/var/interp') =~ m{^/coded (\S+)}m && $1 });
    like $logged, $s->is_threaded ? qr{^coded/[1-9]\d*$} : qr{^coded/\d+$}, 'the access log may have class and number of the interpreter';
    if ($s->is_threaded) {
        my $start = time;
        my @got = map { ref $_ ? @$_ : $_ } $s->parallel(3, sub { [$s->get('/a/x.html?0.4')->{content}] });
        my %count = map { ($_ => 1) } @got;
        is scalar(keys %count), 3, 'a class of one interpreter serves one after the other';
    }
    $s->graceful;
    is $of->('/a/b/x.html'), '7|taint=1|E=class|F=server', 'after a graceful restart, too';
    is $of->('/x'), $default, 'and the server\'s';
});

my $LOCATION = "<Location /x>\n    SetHandler modperl\n    PerlResponseHandler My::Where\n";
for (
    ["${LOCATION}PerlUseClass nosuch\n</Location>\n", qr/PerlUseClass: "nosuch" \(\S+:\d+\) is no class of this server$/m, 'a class that there is not'],
    ["<VirtualHost other.example:80>\n<PerlInterpClass a>\n</PerlInterpClass>\n</VirtualHost>\n${LOCATION}PerlUseClass a\n</Location>\n",
        qr/PerlUseClass: "a" \(\S+:\d+\) is no class of this server, but one of virtual host /, 'a class of another server'],
    ["<PerlInterpClass a>\n</PerlInterpClass>\n<PerlInterpClass a>\n</PerlInterpClass>\n", qr/<PerlInterpClass>: "a" is there already \(\S+:\d+\)/, 'a class twice'],
    ["<PerlInterpClass a>\nSetHandler modperl\n</PerlInterpClass>\n", qr/SetHandler: not allowed in the section <PerlInterpClass>/, 'a line of another module'],
    ["<PerlInterpClass a>\nPerlTransHandler A\n</PerlInterpClass>\n", qr/PerlTransHandler: not allowed in the section <PerlInterpClass>/, 'a handler'],
    ["<PerlInterpClass a>\nPerlOptions +SetupEnv\n</PerlInterpClass>\n", qr/PerlOptions: "SetupEnv" is no option of a class, which has Parent alone/, 'an option of directories'],
    ["<PerlInterpClass a>\nPerlModule No::Such\n</PerlInterpClass>\n", qr/PerlModule: "No::Such" \(\S+:\d+\): Can't locate/, 'start-up code that fails'],
    ["<PerlInterpClass a>\nPerlClassStartup \"die 'not today'\"\n</PerlInterpClass>\n", qr/PerlClassStartup: "die 'not today'" \(\S+:\d+\): not today at \S+ line \d+/, 'code that dies'],
    ["<PerlInterpClass\n</PerlInterpClass>\n", qr/<PerlInterpClass/, 'a section that is not closed'],
) {
    my ($config, $message, $what) = @$_;
    my (undef, $log) = TestHttpd->start_fails(mpm => 'event', modules => \%modules, config => "PerlModule My::Where\n$config");
    like $log, $message, "$what is told at the start";
}

my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => <<'C');
PerlSwitches -w
<PerlInterpClass idle>
</PerlInterpClass>
<PerlInterpClass t>
    PerlSwitches -T
    PerlClassLocation /t
</PerlInterpClass>
C
$s->log_like(qr/\[perl:warn\].*<PerlInterpClass>: nothing belongs to the class idle \(\S+:\d+\)/, 'a class that nothing belongs to is told of');
$s->log_like(qr/PerlSwitches: "-T" \(\S+\) of the class t are in place of the server's, .*"-w"/, 'and switches in two places');

# Start-up code that changes the server runs once, whatever classes there are.
my $pushes = TestHttpd->start(mpm => 'event', modules => { %modules, 'My/Pushes.pm' => <<'P' }, config => <<'C');
package My::Pushes;
use Apache2::ServerUtil ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
my $ran = 0;
sub fix { $_[0]->subprocess_env->set(RAN => ($_[0]->subprocess_env->get('RAN') || 0) + 1); 0 }
sub page { $_[0]->print($_[0]->subprocess_env->get('RAN')); 0 }
Apache2::ServerUtil->server->push_handlers(PerlFixupHandler => sub { 0 });
Apache2::ServerUtil->server->push_handlers(PerlFixupHandler => 'My::Pushes::fix');
1;
P
PerlModule APR::Table My::Pushes
<PerlInterpClass own>
    PerlModule My::Where
    PerlClassLocation /nowhere
</PerlInterpClass>
<Location /page>
    SetHandler modperl
    PerlResponseHandler My::Pushes::page
</Location>
C
is $pushes->get('/page')->{content}, 1, 'a handler that start-up code pushes runs once beside a class with a parent of its own';

done_testing;
