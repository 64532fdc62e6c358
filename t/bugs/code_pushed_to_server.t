# $s->push_handlers with code did nothing, and said nothing: a server's handlers are looked up in each interpreter by name.
use lib 't/lib';
use TestHttpd;

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
sub fixup   { T::Trace::note('ran name'); Apache2::Const::OK }
sub named   { T::Trace::note('ran named'); Apache2::Const::OK }
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('ok'); Apache2::Const::OK }
1;
P
use My::PS ();
use Apache2::ServerUtil ();
my $s = Apache2::ServerUtil->server;
# Each notes whether it was taken, and if so must run.
sub try_it { my ($what, $how, @handlers) = @_; T::Trace::note('start', $what, eval { $s->$how(PerlFixupHandler => @handlers); 1 } ? 'taken' : "refused: $@") }
try_it('set',       'set_handlers',  [sub { T::Trace::note('ran set'); 0 }]);
try_it('anonymous', 'push_handlers', sub { T::Trace::note('ran anonymous'); 0 });
try_it('named',     'push_handlers', \&My::PS::named);
try_it('mixed',     'push_handlers', ['My::PS::fixup', sub { T::Trace::note('ran mixed'); 0 }]);
try_it('name',      'push_handlers', 'My::PS::fixup');
1;
P2
PerlPostConfigRequire "@lib@/start.pl"
<Location /ps>
    SetHandler modperl
    PerlResponseHandler My::PS
</Location>
C
    my %start = map { /^start (\w+) (.*)/ ? ($1 => $2) : () } $s->trace;
    is_deeply [sort keys %start], [qw(anonymous mixed name named set)], 'start-up code pushes handlers to its server';
    is $s->get('/ps')->{content}, 'ok', 'a request';
    my %ran = map { /^ran (\w+)/ ? ($1 => 1) : () } $s->wait_for_trace(qr/^ran name/m);
    for my $what (qw(anonymous named mixed set)) {
        if ($start{$what} eq 'taken') { ok $ran{$what}, "$what: was taken and runs" }
        else                          { like $start{$what}, qr/name of a sub/, "$what: was refused, with what to do" }
    }
    ok $ran{name}, 'a name runs';
    is $s->get('/ps')->{content}, 'ok', 'another request';
    is_deeply { map { /^ran (\w+)/ ? ($1 => 1) : () } $s->wait_for_trace(qr/^ran name/m) }, \%ran, '  runs the same';
});

done_testing;
