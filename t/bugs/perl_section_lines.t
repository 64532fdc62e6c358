# mod_perl reads the code of a <Perl> section by httpd's function for lines of configuration: a line is at most 8 KiB long, what is longer
# ends the section without a word, indentation is lost, and a backslash at the end of a line joins it with the next.
use lib 't/lib';
use TestHttpd;

my $long = 'x' x 20_000;
my $s = TestHttpd->start(mpm => 'prefork', config => <<"C");
PerlModule Apache2::RequestRec Apache2::RequestIO
<Perl>
    \$My::long = length '$long';
    \$My::end = __LINE__;
    \$My::indented = <<'T';
  two
    four
T
    \$My::joined = 'a \\
b';
    # a comment that ends in a backslash \\
    \$My::behind = 1;
	\$My::tab = "	|";
</Perl>
<Location /x>
    SetHandler modperl
    PerlResponseHandler "sub { my \$r = shift; \$r->print(join '|', map { tr/\\n/N/r } map { \$_ // 'undef' } \$My::long, \$My::indented, \$My::joined, \$My::behind, \$My::tab, \$My::end); 0 }"
</Location>
C
my @all = split /\n/, slurp($s->root . '/httpd.conf');
my ($line) = grep { $all[$_ - 1] =~ /My::end = __LINE__/ } 1 .. @all;
my @got = split /\|/, $s->get('/x')->{content};
is $got[0], 20_000, 'a line of 20,000 characters is read whole';
is $got[1], '  twoN    fourN', 'indentation stays';
is $got[2], 'a \\Nb', 'a backslash at the end of a line stays, and so does the line';
is $got[3], 1, 'one in a comment takes nothing with it';
is $got[4], "\t", 'a tab stays one';
is $got[-1], $line, 'lines are counted as they are';
done_testing;
