# Objects that are no longer, or never were, what they say: each use raises, none crashes. Row by row this is tested in stale.t.
use lib 't/lib';
use TestHttpd;

# Name, code of a request of its own to one interpreter, what it gives.
my @CASES = (
    ['a subrequest that is gone', q{my $sub = $r->lookup_uri('/'); my @of = ($sub->headers_in, $sub->pool, $sub->notes, $sub->parsed_uri); my $same = bless \(my $x = $$sub), 'Apache2::RequestRec'; undef $sub;
        join ',', map { my $o = $_; eval { ref $o eq 'APR::Table' ? $o->get('a') : ref $o eq 'APR::Pool' ? $o->is_ancestor($r->pool) : ref $o eq 'APR::URI' ? $o->path : $o->uri; 1 } ? 'alive' : $@ =~ /gone/ ? 'gone' : $@ } @of, $same}, 'gone,gone,gone,gone,gone'],
    ['the address of a request, made an object by hand', q{my $o = bless \(my $x = $$r), 'Apache2::RequestRec'; $o->uri}, '/case'],
    ['an address that is none', q{my $o = bless \(my $x = 4096), 'Apache2::RequestRec'; $o->uri}, qr/gone/],
    ['nought', q{my $o = bless \(my $x = 0), 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['text', q{my $o = bless \(my $x = 'text'), 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['a float', q{my $o = bless \(my $x = 1.5e300), 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['a reference to a reference', q{my $o = bless \\\\(my $x = 1), 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['undef', q{my $o = bless \(my $x), 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['an array', q{my $o = bless [], 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['a hash without r', q{my $o = bless {}, 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['code', q{my $o = bless sub { 1 }, 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['a glob', q{my $o = bless \*STDERR, 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['a pattern', q{my $o = bless qr/x/, 'Apache2::RequestRec'; $o->uri}, qr/died/],
    ['a hash that leads to itself', q{my $o = bless {}, 'Apache2::RequestRec'; $o->{r} = $o; $o->uri}, qr/died/],
    ['a request blessed into a pool', q{my $o = bless \(my $x = $$r), 'APR::Pool'; $o->new}, qr/died/],
    ['a number computed with', q{my $n = $$r + 0.5; $r->uri}, '/case'],
    ['the number inside changed', q{my $o = bless \(my $x = $$r), 'Apache2::RequestRec'; $$o += 8; $o->uri}, qr/died/],
    ['the number inside written as text', q{my $o = bless \(my $x = "$$r"), 'Apache2::RequestRec'; $o->uri}, qr/case|died/],
    ['the request pool cleared by a script', q{my $q = $r->pool->new; my $t = APR::Table::make($q, 1); my $d = $q->new; my $u = APR::Table::make($d, 1); $q->clear; join ',', map { my $o = $_; eval { $o->set(a => 1); 1 } ? 'alive' : $@ =~ /gone/ ? 'gone' : $@ } $t, $u}, 'gone,gone'],
    ['a parent pool destroyed first', q{my $p = APR::Pool->new; my $q = $p->new; my $t = APR::Table::make($q, 1); $p->destroy; my @r = map { my $c = $_; eval { $c->(); 1 } ? 'alive' : $@ =~ /gone/ ? 'gone' : $@ } sub { $t->get(1) }, sub { $q->clear }, sub { $q->destroy }, sub { $q->new }, sub { $p->new }; undef $q; undef $p; undef $t; join ',', @r}, 'gone,gone,alive,alive,alive'],
    ['httpd\'s own pool, destroyed', q{my $p = $r->pool; eval { $p->destroy; $p->DESTROY }; $r->pool->new; $r->uri}, '/case'],
    ['httpd\'s own pool, cleared', q{eval { $r->pool->clear }; $@ ? "died: $@" : 'cleared'}, qr/died/],
    ['  the connection\'s', q{eval { $r->connection->pool->destroy }; $r->connection->pool->new; $r->uri}, '/case'],
    ['  the server\'s', q{eval { $r->server->process->pool->destroy }; $r->server->server_hostname ? $r->uri : 'none'}, '/case'],
    ['a DESTROY that uses it', q{our $d = bless { r => $r }, 'T::D'; 'left'}, 'left'],
    ['  in a later request', q{undef our $d; $T::D::said}, qr/gone/],
    ['a closure of it', q{our $cl = sub { $r->uri }; $cl->()}, '/case'],
    ['  in a later request', q{our $cl; $cl->()}, qr/gone/],
    ['each element of its table', q{our $tab = $r->headers_in; keys %$tab; my ($k) = each %$tab; $k ? 'first' : 'none'}, 'first'],
    ['  in a later request', q{our $tab; join ',', map { my $c = $_; eval { $c->(); 1 } ? 'alive' : $@ =~ /gone/ ? 'gone' : "died: $@" } sub { my @x = %$tab }, sub { each %$tab }, sub { $tab->{a} }, sub { $tab->{a} = 1 }, sub { delete $tab->{a} }, sub { exists $tab->{a} }, sub { %$tab = () }}, 'gone,gone,gone,gone,gone,gone,gone'],
    ['left for the end of the interpreter', q{our $last = bless { r => $r }, 'T::D'; our $tied = $r->headers_in; our @all = ($r, $r->connection, $r->pool, $r->log, $r->lookup_uri('/'), $r->finfo); 'left'}, 'left'],
);
my %modules = ('T/Case.pm' => <<'P' . 'our @code = (' . join(",\n", map { "sub { my \$r = shift; $_->[1] }" } @CASES) . ");\n1;\n");
package T::D;
our $said;
sub DESTROY { local $@; eval { $_[0]{r}->uri } ; $said = $@ || 'alive' }
package T::Case;
use strict;
no warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Connection ();
use Apache2::Log ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use Apache2::URI ();
use APR::Finfo ();
use APR::Pool ();
use APR::Table ();
use APR::URI ();
our @code;
our $pool = APR::Pool->new;
our ($below, $table, $server) = ($pool->new, APR::Table::make($pool, 1), Apache2::ServerUtil->server);
our @kept;
sub keep {
    my $r = shift;
    push @kept, bless { r => $r }, 'T::D';
    my $own = $pool->new;    # a pool is not for several threads: in $pool itself, which all have of the parent, allocations would race
    push @kept, $r, $r->connection, $r->pool, $r->headers_in, $r->log, $r->finfo, $r->pool->new, $own, APR::Table::make($own, 1), sub { $r->uri };
    my $n = grep { eval { $_->{r}->uri; 1 } } grep { ref eq 'T::D' } @kept;
    select undef, undef, undef, 0.02;
    $r->print($n);
    return 0;
}
sub handler { my $r = shift; my $n = $r->args; my $got = eval { $code[$n]->($r) }; $r->print(defined $got ? $got : "died: $@"); 0 }
P
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C' . ($mpm eq 'prefork' ? "MaxRequestWorkers 1\n" : "PerlInterpStart 1\nPerlInterpMax 1\n"));
PerlModule T::Case
<Location /case>
    SetHandler modperl
    PerlResponseHandler T::Case
</Location>
C
    $s->expect_log(qr/AH00161/);
    for my $n (0 .. $#CASES) {
        my ($name, undef, $want) = @{ $CASES[$n] };
        my $got = $s->get("/case?$n")->{content};
        ref $want ? like $got, $want, $name : is $got, $want, $name;
    }
});
# Fifty interpreters, each with objects of requests that are over and of its own: they are torn down in whatever order.
for_each_mpm('event', sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule T::Case
PerlInterpStart 50
PerlInterpMax 50
PerlInterpMinSpare 1
PerlInterpMaxSpare 50
PerlInterpMaxRequests 7
<Location /keep>
    SetHandler modperl
    PerlResponseHandler T::Case::keep
</Location>
C
    for my $round (1, 2) {
        my %seen = map { (ref $_ ? "@$_" : $_) => 1 } $s->parallel(30, sub { my @got = map { $s->get('/keep')->{content} } 1 .. 10; (grep { $_ ne '1' } @got) ? "@got" : 'this one only' });
        is_deeply [ keys %seen ], ['this one only'], 'of the requests kept only the current one is alive';
        $s->graceful;
    }
});

done_testing;
