# A value in pnotes whose DESTROY uses pnotes itself: it ran while they were in the middle of being changed.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/DP.pm' => <<'P' }, config => <<'C');
package My::DP;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Const -compile => 'OK';
sub My::DP::Guard::DESTROY {
    my $self = shift;
    my $on = $self->{on};
    my $seen = eval { my $old = $on->pnotes('other'); $on->pnotes(left => 'by DESTROY'); $on->pnotes('other2' => [$old]); $old };
    T::Trace::note('DESTROY', $self->{name}, defined $seen ? $seen : $@ ? "died: $@" : 'undef');
}
sub guard {
    my ($on, $name) = @_;
    $on->pnotes(other => 'there');
    my $guard = bless { on => $on, name => $name }, 'My::DP::Guard';
    $on->pnotes(guard => $guard);
    return;
}
sub handler {
    my $r = shift;
    my ($what, $how) = split /,/, $r->args;
    my $on = $what eq 'c' ? $r->connection : $r;
    guard($on, "$what,$how");
    if    ($how eq 'replace') { $on->pnotes(guard => 1) }
    elsif ($how eq 'delete')  { delete $on->pnotes->{guard} }
    elsif ($how eq 'undef')   { $on->pnotes->{guard} = undef }
    elsif ($how eq 'clear')   { %{ $on->pnotes } = () }
    elsif ($how eq 'kill')    { $on->pnotes_kill }
    $r->content_type('text/plain');
    my $left = $on->pnotes('left');
    $r->print(defined $left ? $left : 'nothing');
    return Apache2::Const::OK;
}
1;
P
PerlModule My::DP
PerlInterpMax 1
<Location /dp>
    SetHandler modperl
    PerlResponseHandler My::DP
</Location>
C
    for my $what (qw(r c)) {
        for my $how (qw(replace delete undef clear kill)) {
            $s->trace;
            my $answer = $s->get("/dp?$what,$how");
            is $answer->{status}, 200, "$what $how: the request lives" or next;
            # Where all go at once, what there still is then is not promised.
            my @lines = grep { /^DESTROY/ } $s->wait_for_trace(qr/^DESTROY/m);
            like $lines[0], $how =~ /clear|kill/ ? qr/^DESTROY $what,$how (?:there|undef)/ : qr/^DESTROY $what,$how there$/, '  DESTROY reads them';
            is $answer->{content}, 'by DESTROY', '  and writes them' if $how =~ /replace|delete|undef/;
        }
    }
    $s->trace;
    is $s->get('/dp?r,end')->{status}, 200, 'a value that stays until the request ends';
    ok scalar(grep { /^DESTROY r,end/ } $s->wait_for_trace(qr/^DESTROY r,end/m)), '  DESTROY runs then';
    is $s->get('/dp?c,end')->{status}, 200, 'until the connection ends';
    ok wait_until(sub { $s->get('/dp?r,replace')->{status} == 200 && grep { /^DESTROY c,end/ } $s->trace }, 10), '  DESTROY runs later';
    is $s->get('/dp?r,replace')->{content}, 'by DESTROY', 'all goes on';
});

done_testing;
