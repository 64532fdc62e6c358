# PerlSwitches: what an interpreter is started with; several lines add up; a virtual host's parent has its own.
use lib 't/lib';
use TestHttpd;

my $SHOW = <<'P';
package My::Sw;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::ServerUtil ();
use Scalar::Util ();
our $at_start = join ' ', $^W, ${^TAINT}, $INC{'POSIX.pm'} ? 'POSIX' : '-', Apache2::ServerUtil::restart_count();
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my $how = $r->args || '';
    if ($how eq 'env')  { $r->print(Scalar::Util::tainted($ENV{FROM_CONF}) ? 'tainted' : 'clean') }
    elsif ($how eq 'open') { $r->print(eval { open my $fh, '>', "@var@/$ENV{FROM_CONF}" or die "open: $!"; 'opened' } || $@) }
    else { $r->print(join '|', $at_start, $0, (grep { /\/extra/ } @INC) ? 'extra' : '-') }
    0;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Sw.pm' => $SHOW }, config => <<'C');
PerlSwitches -w
PerlSwitches "-I@root@/extra" -MPOSIX=floor
PerlSetEnv FROM_CONF x
PerlModule My::Sw
<Location />
    SetHandler modperl
    PerlResponseHandler My::Sw
</Location>
<VirtualHost 127.0.0.1:@port@>
    ServerName main
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName own
    PerlOptions +Parent
    PerlSwitches "-I@lib@" -MScalar::Util
    PerlModule My::Sw
</VirtualHost>
C
    my ($start, $zero, $inc) = split /\|/, $s->get('/')->{content};
    is $start, '1 0 POSIX 2', '-w and -M of several lines, in the second pass';
    like $zero, qr/(?:apache2|httpd)$/, '$0 is the server';
    is $inc, 'extra', '-I';
    is $s->get('/?open')->{content}, 'opened', 'without -T a name from outside opens a file';
    SKIP: {
        skip 'with mod_perl a parent of a virtual host sees them too', 1 unless ours;
        my ($own) = split /\|/, $s->get('/', Host => 'own')->{content};
        is $own, '0 0 - 2', 'a parent of its own has switches of its own';
    }
    $s->graceful;
    like $s->get('/')->{content}, qr/^1 0 POSIX 3\|/, 'the same after a restart, which is counted';
});

# -T
for my $line ('PerlSwitches -T', 'PerlTaintCheck On') {
    for_each_mpm(qw(event prefork), sub {
        my ($mpm) = @_;
        my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Sw.pm' => $SHOW }, config => "$line\n" . <<'C');
PerlSetEnv FROM_CONF x
PerlModule My::Sw
<Location />
    SetHandler modperl
    PerlResponseHandler My::Sw
</Location>
C
        like $s->get('/')->{content}, qr/^0 1 - /, "$line: taint mode is on";
        is $s->get('/?env')->{content}, 'tainted', '  what the configuration puts in %ENV is tainted';
        like $s->get('/?open')->{content}, qr/^Insecure dependency in open while running with -T switch/, '  and opens no file for writing';
    });
}

done_testing;
