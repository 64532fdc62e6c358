# A subrequest's DESTROY, called by hand and again by perl, damaged memory.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Twice.pm' => <<'P' }, files => { 'htdocs/a.txt' => 'a file' }, config => <<'C');
package My::Twice;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::SubRequest ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my @said;
    for (1 .. 20) {
        my $sub = $r->lookup_uri('/a.txt');
        $sub->DESTROY for 1 .. 3;
        push @said, eval { $sub->uri } // ($@ =~ /is gone/ ? 'gone' : $@);
        my $other = $r->lookup_uri('/a.txt');
        push @said, $other->uri;
    }
    my %seen = map { $_ => 1 } @said;
    $r->print(join ' ', sort keys %seen);
    return Apache2::Const::OK;
}
1;
P
PerlModule My::Twice
<Location /t>
    SetHandler modperl
    PerlResponseHandler My::Twice
</Location>
C
    my @children = $s->child_pids;
    is $s->get('/t')->{content}, '/a.txt gone', 'the object is gone once, and others live' for 1 .. 5;
    is_deeply [ $s->child_pids ], \@children, 'no child died';
});

done_testing;
