# A filter that says that its data ends here: nothing of the rest goes out. It went out behind the end, where a client takes it for the
# next answer on the connection.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl sends the rest behind the end' unless ours;

my %modules = ('My/Early.pm' => <<'P');
package My::Early;
use strict;
use warnings;
use Apache2::Filter ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Brigade ();
use APR::Bucket ();
sub ends { my $f = shift; $f->read(my $b); $f->print("early\n"); $f->seen_eos(1); 0 }
sub pieces { my $r = shift; $r->content_type('text/plain'); for (1 .. 4) { $r->print("piece $_\n"); $r->rflush } 0 }
1;
P
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => { 'htdocs/long.txt' => "a line\n" x 50_000 }, config => <<'C');
PerlModule My::Early
<Location /early>
    SetHandler modperl
    PerlResponseHandler My::Early::pieces
</Location>
<LocationMatch "^/(early|long.txt)">
    PerlOutputFilterHandler My::Early::ends
</LocationMatch>
C
    for my $path (qw(/early /long.txt)) {
        my $request = "GET $path HTTP/1.1\r\nHost: x\r\n";
        my $raw = $s->raw("$request\r\n${request}Connection: close\r\n\r\n", 20);
        my @answers = split m{^(?=HTTP/1\.1 )}m, $raw;
        is scalar(@answers), 2, "$path: two answers on a connection";
        is s/\A.*?\r\n\r\n//sr =~ s/\A6\r\n(early\n)\r\n0\r\n\r\n\z/$1/r, "early\n", '  each ends where the filter says' for @answers;
    }
});

done_testing;
