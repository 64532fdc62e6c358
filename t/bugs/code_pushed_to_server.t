# $s->push_handlers with code did nothing, and said nothing: a server's handlers are looked up in each interpreter by name.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl takes code' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/PS.pm' => <<'P' }, files => { 'lib/start.pl' => <<'P2' }, config => <<'C');
package My::PS;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub fixup   { T::Trace::note('fixup'); Apache2::Const::OK }
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('ok'); Apache2::Const::OK }
1;
P
use My::PS ();
use Apache2::ServerUtil ();
my $s = Apache2::ServerUtil->server;
for my $how (qw(push_handlers set_handlers)) {
    T::Trace::note('anonymous', $how, eval { $s->$how(PerlFixupHandler => sub { 0 }); 1 } ? 'taken' : $@);
    T::Trace::note('mixed', $how, eval { $s->$how(PerlFixupHandler => ['My::PS::fixup', sub { 0 }]); 1 } ? 'taken' : $@);
}
T::Trace::note('name', $s->push_handlers(PerlFixupHandler => 'My::PS::fixup') ? 'taken' : 'not');
1;
P2
PerlPostConfigRequire "@lib@/start.pl"
<Location /ps>
    SetHandler modperl
    PerlResponseHandler My::PS
</Location>
C
    my @lines = $s->trace;
    for my $what ('anonymous push_handlers', 'anonymous set_handlers', 'mixed push_handlers', 'mixed set_handlers') {
        my ($line) = grep { /^$what/ } @lines;
        like $line, qr/a server keeps handlers by name: give the name of a sub/, "$what: an error says what to do";
    }
    ok scalar(grep { $_ eq 'name taken' } @lines), 'a name is taken';
    is $s->get('/ps')->{content}, 'ok', 'a request';
    is_deeply [grep { $_ eq 'fixup' } $s->wait_for_trace(qr/^fixup/m)], ['fixup'], '  runs it, once';
});

done_testing;
