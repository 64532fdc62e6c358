# POD in files of the configuration, and what stands behind __END__.
use lib 't/lib';
use TestHttpd;

my @files = (
    ['pod.conf', <<'C'],
PerlSetVar before 1

=pod

    Some text, with <Location /x> that never ends, PerlSetVar hidden 1
and a backslash at its end \

PerlSetVar hidden 1

=over 4

=item PerlSetVar

=back

=over apache

PerlSetVar over 1
<Location /var>
    PerlSetVar within 1
</Location>

=back

PerlSetVar hidden 2

=over to httpd

PerlSetVar again 1

=back apache

PerlSetVar hidden 3

=cut

PerlSetVar after 1

=pod for apache

PerlSetVar hidden 4
=cut and more
PerlSetVar last 1
C
    ['end.conf',  "PerlSetVar end_before 1\n__END__ of this file\nPerlSetVar hidden 5\n=pod\n<Nothing>\n</Perl>\n"],
    ['open.conf', "PerlSetVar open 1\n=pod\nPerlSetVar hidden 6\n"],
    ['bare.conf', "PerlSetVar bare 1\n__END__"],
    ['cut.conf',  "=pod\n=cut"],
);
my %files = map { @$_ } @files;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, files => { %files, 'htdocs/h/.htaccess' => "PerlSetVar ht 1\n=pod\nPerlSetVar hidden 7\n=cut\n__END__\nBogus\n" },
        config => join('', map { "Include \@root\@/$_->[0]\n" } @files) . <<'C');
PerlSetVar main 1
PerlModule Apache2::RequestUtil Apache2::RequestRec Apache2::RequestIO APR::Table
<Perl>
    my $text = <<'T';

=pod

T
    $PerlSetVar = 'perl ' . length $text;
=pod

POD in Perl is Perl's affair.

=cut
</Perl>
<Directory @root@/htdocs>
    AllowOverride All
</Directory>
<Location />
    SetHandler modperl
    PerlResponseHandler "sub { my $r = shift; my @v; $r->dir_config->do(sub { push @v, qq($_[0]=$_[1]); 1 }); $r->print(join ' ', sort @v); 0 }"
</Location>
C
    my $all = 'after=1 again=1 bare=1 before=1 end_before=1 last=1 main=1 open=1 over=1 perl=7';
    is $s->get('/')->{content}, $all, 'what POD covers, and what stands behind __END__, is no configuration; the next file goes on';
    like $s->get('/var')->{content}, qr/\bwithin=1$/, 'sections may stand between =over apache and =back';
    is $s->get('/h/')->{content}, join(' ', sort split(' ', $all), 'ht=1'), 'in .htaccess too';
});

done_testing;
