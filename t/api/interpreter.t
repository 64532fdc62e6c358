# ModPerl::Interpreter and its relatives: the interpreter that runs, its pool, and what the configuration says of it.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Interp.pm' => <<'P' }, config => <<'C');
package My::Interp;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
use ModPerl::Interpreter ();
use ModPerl::InterpPool ();
use ModPerl::TiPool ();
use ModPerl::TiPoolConfig ();
sub handler {
    my $r      = shift;
    my $interp = ModPerl::Interpreter->current;
    my $pool   = $interp->mip;
    my $tipool = $pool->tipool;
    my $cfg    = $tipool && $tipool->cfg;
    my @seen   = (
        (map { ref } $interp, $pool, $pool->parent),
        $$interp == ${ ModPerl::Interpreter::current() } && $interp->perl == $$interp ? 'same' : 'other',
        ${ $pool->server } == ${ $r->server } ? 'own' : 'shared',
    );
    push @seen, map { ref } $tipool, $cfg if $tipool;
    push @seen, join ',', $cfg->start, $cfg->min_spare, $cfg->max_spare, $cfg->max, $cfg->max_requests if $cfg;
    push @seen, join ',', map { $_ > 0 ? 'some' : 'none' } $interp->num_requests, $interp->refcnt, $tipool->in_use, $tipool->size if $tipool;
    $r->content_type('text/plain');
    $r->print(join ' ', @seen);
    return Apache2::Const::OK;
}
1;
P
PerlInterpStart 1
PerlInterpMinSpare 2
PerlInterpMaxSpare 3
PerlInterpMax 4
PerlInterpMaxRequests 1000
<Location /i>
    SetHandler modperl
    PerlResponseHandler My::Interp
</Location>
C
    my $classes = 'ModPerl::Interpreter ModPerl::InterpPool ModPerl::Interpreter same own';
    my $threads = 'ModPerl::TiPool ModPerl::TiPoolConfig 1,2,3,4,1000 some,some,some,some';
    is $s->get('/i')->{content}, $mpm eq 'prefork' ? $classes : "$classes $threads", 'what there is to know';
});

done_testing;
