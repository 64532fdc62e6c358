# pnotes: the caller's own variable, for one request; a connection has its own.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/PN.pm' => <<'P' }, config => <<'C');
package My::PN;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Const -compile => 'OK';
sub My::PN::Guard::DESTROY { T::Trace::note('destroyed', $_[0][0]) }
my $shared;
sub fixup {
    my $r = shift;
    $r->pnotes(list => [1, 2, 3]);
    my $value = 'before';
    $r->pnotes(value => $value);
    $value = 'after';
    $r->pnotes(guard => bless ['guard'], 'My::PN::Guard');
    return Apache2::Const::OK;
}
sub handler {
    my $r = shift;
    my $how = $r->args || '';
    $r->content_type('text/plain');
    my $c = $r->connection;
    $r->print(
          $how eq 'list'    ? join(',', @{ $r->pnotes('list') })
        : $how eq 'value'   ? $r->pnotes('value')
        : $how eq 'missing' ? (defined $r->pnotes('missing') ? 'there' : 'undef')
        : $how eq 'hash'    ? join(',', sort keys %{ $r->pnotes })
        : $how eq 'change'  ? do { $r->pnotes->{list} = 'new'; $r->pnotes('list') }
        : $how eq 'delete'  ? do { delete $r->pnotes->{list}; defined $r->pnotes('list') ? 'there' : 'gone' }
        : $how eq 'conn'    ? do { $c->pnotes(n => ($c->pnotes('n') || 0) + 1); $c->pnotes('n') }
        :                     'hello'
    );
    return Apache2::Const::OK;
}
sub log { T::Trace::note('log sees', scalar @{ $_[0]->pnotes('list') }) if ref $_[0]->pnotes('list'); Apache2::Const::OK }
1;
P
PerlModule My::PN
<Location /p>
    SetHandler modperl
    PerlFixupHandler    My::PN::fixup
    PerlResponseHandler My::PN
    PerlLogHandler      My::PN::log
</Location>
C
    is $s->get('/p?list')->{content}, '1,2,3', 'a reference set in one phase is there in the next';
    my @lines = $s->wait_for_trace(qr/destroyed/);
    is_deeply \@lines, ['log sees 3', 'destroyed guard'], 'the log phase sees it, then it dies with the request';
    is $s->get('/p?value')->{content}, 'after', 'it is the variable itself, not a copy';
    is $s->get('/p?missing')->{content}, 'undef', 'a name not set';
    is $s->get('/p?hash')->{content}, 'guard,list,value', 'all of them as a hash';
    is $s->get('/p?change')->{content}, 'new', 'the hash is the one that is kept';
    is $s->get('/p?delete')->{content}, 'gone', 'delete';
    my $client = $s->client;
    is join(' ', map { $client->get('/p?conn')->{content} } 1 .. 3), '1 2 3', 'those of the connection live as long as it does';
    is $s->get('/p?conn')->{content}, 1, 'another connection has its own';
});

done_testing;
