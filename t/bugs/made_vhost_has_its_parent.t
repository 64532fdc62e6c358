# A virtual host that a <Perl> section makes, with a perl of its own (PerlOptions +Parent): its PerlModule, PerlRequire and sections run there,
# as in one that is written out; they ran in the main server's.
use lib 't/lib';
use TestHttpd;

my $where = <<'P';
package My::Where;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO  ();
our $loaded; $loaded++;
our $name //= 'nobody';
sub handler { $_[0]->print(join ' ', $name, $loaded // 0, $My::Required::there // 'none', "@ARGV[0 .. -1]"); return 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Where.pm' => $where, 'My/Main.pm' => "package My::Main; \$My::Where::name = 'main'; 1;\n" },
        files => { 'required.pl' => "\$My::Required::there = 'required'; 1;\n" }, config => <<'C');
PerlModule My::Main My::Where
PerlSwitches -I@lib@
<Location />
    SetHandler modperl
    PerlResponseHandler My::Where
</Location>
<VirtualHost 127.0.0.1:@port@>
    ServerName main
</VirtualHost>
<Perl>
    our %VirtualHost = ('127.0.0.1:@port@' => [map { {
        ServerName   => $_,
        PerlOptions  => '+Parent',
        PerlSwitches => '-I@lib@',
        PerlModule   => 'My::Where',
        PerlRequire  => '@root@/required.pl',
        Perl         => "\$My::Where::name = '$_'",
    } } qw(one two)]);
</Perl>
C
    is $s->get('/')->{content}, 'main 1 none ', 'the main server has what it has loaded';
    is $s->get('/', Host => $_)->{content}, "$_ 1 required ", "virtual host $_ has a perl of its own, in which its code ran" for qw(one two);
});

done_testing;
