# A cleanup on a connection's pool kept the interpreter until the connection ended: as many clients that were idle between two requests
# as there are interpreters, and nobody else was served. Now the connection comes back to that interpreter, which is others' meanwhile.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl waits for ever' unless ours;

my $s = TestHttpd->start(mpm => 'event', modules => { trace_module, 'My/CK.pm' => <<'P' }, config => <<'C');
package My::CK;
use strict;
use warnings;
use T::Trace ();
use APR::Pool ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my $name = $r->args;
    $r->connection->pool->cleanup_register(sub { T::Trace::note("end of $_[0]") }, $name) if $name;
    $r->content_type('text/plain');
    $r->print('ok');
    return Apache2::Const::OK;
}
1;
P
PerlModule My::CK
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 1
<Location />
    SetHandler modperl
    PerlResponseHandler My::CK
</Location>
C
my @clients = map { $s->client } 1 .. 3;
is_deeply [map { $clients[$_]->get("/?$_")->{content} } 0 .. 2], [('ok') x 3], 'each of three connections that stay open leaves a cleanup';
is $s->get('/')->{content}, 'ok', 'and another is served by the one interpreter';
is $clients[1]->get('/')->{content}, 'ok', 'as they are themselves';
@clients = ();
my @ended;
wait_until(sub { push @ended, $s->trace; @ended >= 2 }, 10);
is_deeply [sort @ended], ['end of 1', 'end of 2'], 'the cleanups run when the connections have ended';

done_testing;
