# A filter that reads or prints in one call, and in a later one does neither, leaves its data to be dropped, not the end of all data:
# the answer ended without its last chunk, and the client waited. A folder's own file cannot switch the server's filters off.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'says what this module does' unless ours;
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['deflate'],
        files   => { 'htdocs/a.txt' => 'some text', 'htdocs/ht/a.txt' => 'some text', 'htdocs/ht/.htaccess' => "PerlSetOutputFilter DEFLATE\n" },
        modules => { 'My/End.pm' => <<'P' }, config => <<'C');
package My::End;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Filter ();
sub page { my $r = shift; $r->content_type('text/plain'); for (1 .. 3) { $r->print("piece $_\n"); $r->rflush } return 0 }
sub first { my $f = shift; return 0 if $f->ctx; $f->ctx(1); $f->read(my $data, 100); $f->print(uc $data); return 0 }
sub note { my $f = shift; return 0 if $f->ctx; $f->ctx(1); $f->print("instead\n"); return 0 }
sub upper { my $f = shift; while ($f->read(my $data, 1000)) { $f->print(uc $data) } return 0 }
1;
P
PerlModule My::End
<Location /first>
    SetHandler modperl
    PerlResponseHandler My::End::page
    PerlOutputFilterHandler My::End::first
</Location>
<Location /note>
    SetHandler modperl
    PerlResponseHandler My::End::page
    PerlOutputFilterHandler My::End::note
</Location>
<Directory "@root@/htdocs/ht">
    AllowOverride All
    PerlOutputFilterHandler My::End::upper
</Directory>
C
    for ([first => "PIECE 1\n"], [note => "instead\n"]) {
        my ($path, $content) = @$_;
        my $begin  = time;
        my $answer = $s->get("/$path");
        is $answer->{content}, $content, "/$path: what the filter has made is the whole answer";
        cmp_ok time - $begin, '<', 4, '  and ends at once';
    }
    is $s->get('/ht/a.txt')->{status}, 500, 'PerlSetOutputFilter in .htaccess is refused';
    $s->log_like(qr/PerlSetOutputFilter: decides which code runs.*PerlOptions \+Htaccess/, '  and the log says what would allow it');
});

done_testing;
