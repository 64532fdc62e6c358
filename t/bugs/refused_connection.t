# A connection handler that found no interpreter, or said DONE, ended the phase in a way that httpd takes for "go on": with
# a connection that had no socket and no filters yet. The child crashed.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl waits for ever, and crashes' unless ours;

my %modules = (trace_module, 'My/RC.pm' => <<'P');
package My::RC;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use Apache2::Const -compile => qw(OK DONE DECLINED FORBIDDEN);
my %returns = (ok => Apache2::Const::OK, done => Apache2::Const::DONE, declined => Apache2::Const::DECLINED, forbidden => Apache2::Const::FORBIDDEN);
sub pre {
    open my $fh, '<', '@var@/how' or return Apache2::Const::OK;
    my $how = <$fh>;
    return $returns{$how} if exists $returns{$how};
    die "no such connection\n" if $how eq 'die';
    exit if $how eq 'exit';
    return Apache2::Const::OK;
}
sub process { Apache2::Const::DECLINED }
sub handler {
    my $r = shift;
    T::Trace::note('in');
    my $end = time + 20;
    if ($r->args) { select undef, undef, undef, 0.02 while !-e '@var@/release' && time < $end }
    $r->content_type('text/plain');
    $r->print('ok');
    return Apache2::Const::OK;
}
1;
P
my $CONF = <<'C';
PerlModule My::RC
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 200ms
<Location /h>
    SetHandler modperl
    PerlResponseHandler My::RC
</Location>
C

# No interpreter.
for my $phase (qw(PreConnection ProcessConnection)) {
    my $handler = $phase eq 'PreConnection' ? 'pre' : 'process';
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, files => { 'htdocs/a.txt' => 'a' }, config => "${CONF}Perl${phase}Handler My::RC::$handler\n");
    $s->expect_log(qr/PerlInterpMaxWait:/);
    my @children = $s->child_pids;
    my $busy = $s->socket;
    print {$busy} "GET /h?stay HTTP/1.0\r\n\r\n";
    $s->wait_for_trace(qr/^in/m);
    is $s->raw("GET /a.txt HTTP/1.0\r\n\r\n", 30), '', "$phase: a connection without an interpreter is closed" for 1 .. 3;
    spew($s->root . '/var/release', '');
    like TestHttpd::Client::read_all($busy, 30), qr/ok\z/, '  the one that has it goes on';
    is $s->get('/a.txt')->{content}, 'a', '  then others are served';
    is_deeply [$s->child_pids], \@children, '  by the same child';
    $s->stop;
}

# What the handler returns.
for_each_mpm(qw(event prefork worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => { 'htdocs/a.txt' => 'a' }, config => "${CONF}PerlPreConnectionHandler My::RC::pre\n");
    $s->expect_log(qr/no such connection/);
    for my $case ([ok => 1], [declined => 1], [exit => 1], [done => 0], [forbidden => 0], [die => 0]) {
        my ($how, $served) = @$case;
        spew($s->root . '/var/how', $how);
        my $got = $s->raw("GET /a.txt HTTP/1.0\r\n\r\n", 30);
        if ($served) { like $got, qr/^HTTP\/1\.1 200 .*a\z/s, "$how: the connection is served" }
        else         { is $got, '', "$how: the connection is closed" }
    }
    spew($s->root . '/var/how', 'ok');
    is $s->get('/a.txt')->{content}, 'a', 'the server serves on';
});

done_testing;
