# push_handlers, set_handlers, get_handlers: for one request.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Push.pm' => <<'P' }, config => <<'C');
package My::Push;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Const -compile => qw(OK DECLINED);
for my $name (qw(fixup1 fixup2 log1 log2 cleanup)) { eval "sub $name { T::Trace::note('$name'); 0 } 1" or die }
sub header {
    my $r = shift;
    my $how = $r->args || '';
    if ($how eq 'push')   { $r->push_handlers(PerlFixupHandler => \&fixup2) }
    if ($how eq 'name')   { $r->push_handlers('Fixup' => 'My::Push::fixup2') }
    if ($how eq 'list')   { $r->push_handlers(PerlFixupHandler => [\&fixup2, 'My::Push::fixup1']) }
    if ($how eq 'set')    { $r->set_handlers(PerlFixupHandler => [\&fixup2]) }
    if ($how eq 'undef')  { $r->set_handlers(PerlFixupHandler => undef) }
    if ($how eq 'closure') { my $x = "closure $$"; $r->push_handlers(PerlLogHandler => sub { T::Trace::note('closure', ref $_[0]); 0 }) }
    if ($how eq 'cleanup') { $r->push_handlers(PerlCleanupHandler => \&cleanup) }
    if ($how eq 'response') { $r->handler('modperl'); $r->set_handlers(PerlResponseHandler => sub { my $r = shift; $r->content_type('text/plain'); $r->print('set response'); 0 }) }
    if ($how eq 'get')    { T::Trace::note('get', map { scalar @{ $_ || [] } } $r->get_handlers('PerlFixupHandler'), $r->get_handlers('PerlTypeHandler')) }
    if ($how eq 'bad')    { T::Trace::note('bad', $r->push_handlers(PerlNoSuchHandler => \&fixup1) ? 1 : 0) }
    if ($how eq 'conn')   { T::Trace::note('conn', eval { $r->push_handlers(PerlChildInitHandler => \&fixup1); 1 } ? 'lived' : 'died') }
    if ($how eq 'running') { $r->push_handlers(PerlHeaderParserHandler => sub { T::Trace::note('pushed to the running phase'); 0 }) }
    return Apache2::Const::OK;
}
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('configured'); Apache2::Const::OK }
1;
P
PerlModule My::Push
<Location /push>
    SetHandler modperl
    PerlHeaderParserHandler My::Push::header
    PerlFixupHandler        My::Push::fixup1
    PerlResponseHandler     My::Push
    PerlCleanupHandler      "sub { T::Trace::note('end') }"
</Location>
C
    my $run = sub { $s->trace; $s->get("/push?$_[0]"); join ' ', grep { $_ ne 'end' } $s->wait_for_trace(qr/^end$/m) };
    for my $round (1, 2) {
        is $run->(''), 'fixup1', 'as configured';
        is $run->('push'), 'fixup1 fixup2', 'push a code reference';
        is $run->('name'), 'fixup1 fixup2', 'push a name, the phase by its short name';
        is $run->('list'), 'fixup1 fixup2 fixup1', 'push a list';
        is $run->('set'), 'fixup2', 'set replaces';
        is $run->('undef'), '', 'set to undef leaves none';
        is $run->('closure'), 'fixup1 closure Apache2::RequestRec', 'a closure for a later phase';
        like $run->('cleanup'), qr/^fixup1 ?(?:cleanup)?/, 'a cleanup handler';
        is $run->('get'), 'get 1 0 fixup1', 'get_handlers';
        is $run->('bad'), 'bad 0 fixup1', 'an unknown phase gives false';
        is $run->('conn'), 'conn died fixup1', 'a phase that is no request phase dies';
        is $run->('running'), 'pushed to the running phase fixup1', 'pushed to the running phase it still runs';
    }
    is $s->get('/push?response')->{content}, 'set response', 'set the response handler';
    is $s->get('/push')->{content}, 'configured', 'for that request only';
});

done_testing;
