# A handle that start-up code opened and had read some lines of: a clone had lost what the parent had read ahead, the rest of a
# <DATA> mostly, and all clones shared one position in the file.
use lib 't/lib';
use TestHttpd;
use Encode qw(encode);

my $lines = sub { my ($name, $from, $to) = @_; join '', map { "$name $_\n" } $from .. $to };
my $class = sub {
    my ($package, $open, $data) = @_;
    return <<"P" . (defined $data ? "__${data}__\n" . $lines->('data', 1, 5) : '');
package $package;
use strict;
use warnings;
our \$fh; our \@first;
$open;
\@first = map { scalar <\$fh> } 1, 2;
1;
P
};
my @KINDS = (
    # package       how start-up code opens it                                                                     its lines
    ['R::Data',     '$fh = \*DATA',                                                                                'data',  5,    'DATA'],
    ['R::Layer',    'binmode DATA, ":utf8"; $fh = \*DATA',                                                         'data',  5,    'DATA'],
    ['R::File',     'open $fh, "<", "@root@/few.txt" or die',                                                      'few',   5],
    ['R::Large',    'open $fh, "<", "@root@/many.txt" or die',                                                     'many',  5000],
    ['R::Crlf',     'open $fh, "<:crlf", "@root@/crlf.txt" or die',                                                'crlf',  2000],
    ['R::Utf8',     'open $fh, "<:utf8", "@root@/many.txt" or die',                                                'many',  5000],
    ['R::Encoding', 'open $fh, "<:encoding(UTF-8)", "@root@/few.txt" or die',                                      'few',   5],
    ['R::Decoded',  'open $fh, "<:encoding(UTF-8)", "@root@/many.txt" or die',                                     'many',  5000],
    ['R::Latin',    'open $fh, "<:encoding(iso-8859-1)", "@root@/many.txt" or die',                                'many',  5000],
    ['R::Wide',     'open $fh, "<:encoding(UTF-16)", "@root@/wide.txt" or die',                                    'wide',  2000],
    ['R::Lines',    'open $fh, "<:encoding(iso-2022-jp)", "@root@/many.txt" or die',                               'many',  5000],
    ['R::Both',     'open $fh, "<:encoding(UTF-8):crlf", "@root@/crlf.txt" or die',                                     'crlf',  2000],
    ['R::Marked',   'binmode DATA, ":encoding(UTF-8)"; $fh = \*DATA',                                              'data',  5,    'DATA'],
    ['R::Open',     'use open ":std", ":encoding(UTF-8)"; open $fh, "<", "@root@/many.txt" or die',                'many',  5000],
    ['R::Mapped',   'open $fh, "<:mmap", "@root@/many.txt" or die',                                                'many',  5000],
    ['R::Quoted',   'require PerlIO::via::QuotedPrint; open $fh, "<:via(QuotedPrint)", "@root@/many.txt" or die',  'many',  5000],
    ['R::Scalar',   'open $fh, "<", \(our $text = join "", map { "text $_\n" } 1 .. 5) or die',                    'text',  5],
    ['R::Pipe',     'open $fh, "-|", q{printf "pipe %s\\n" 1 2 3 4 5} or die',                                     'pipe',  5],
    ['R::Tell',     'open $fh, "<", "@root@/many.txt" or die; our $at = tell $fh',                                 'many',  5000],
);
my %modules = map { $_->[0] =~ s{::}{/}r . '.pm' => $class->(@$_[0, 1, 4]) } @KINDS;
$modules{'R/End.pm'} = "package main; our \@end = map { scalar <DATA> } 1, 2; 1;\n__DATA__\n" . $lines->('data', 1, 5);
$modules{'R/Show.pm'} = <<'P';
package R::Show;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Time::HiRes ();
sub handler {
    my $r = shift;
    my ($package, $how) = split /,/, $r->args;
    my $fh = do { no strict 'refs'; $package eq 'R::End' ? \*main::DATA : ${"${package}::fh"} };
    $r->content_type('text/plain');
    if ($how eq 'tell') { my $at = tell $fh; $r->print($at) }
    elsif ($how eq 'rest') { my @rest = <$fh>; $r->print(scalar(@rest), ' ', @rest ? ($rest[0], $rest[-1]) : ()) }
    elsif ($how eq 'seek') { seek $fh, 0, 0; my $line = <$fh>; $r->print($line) }
    Time::HiRes::sleep(0.2) if $how eq 'rest';
    return 0;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => {
        'few.txt' => $lines->('few', 1, 5), 'many.txt' => $lines->('many', 1, 5000), 'crlf.txt' => $lines->('crlf', 1, 2000) =~ s/\n/\r\n/gr,
        'wide.txt' => encode('UTF-16', $lines->('wide', 1, 2000)) },
        config => join('', map { "PerlModule $_\n" } 'R::Show', 'R::End', map { $_->[0] } @KINDS) . <<'C');
PerlInterpStart 4
PerlInterpMax 4
@one_child@
KeepAlive Off
<Location /show>
    SetHandler modperl
    PerlResponseHandler R::Show
</Location>
C
    $s->expect_log(qr/AH00161/);
    for my $kind (@KINDS, ['R::End', '', 'data', 5]) {
        my ($package, undef, $name, $n) = @$kind;
        my $want = ($n - 2) . " $name 3\n$name $n\n";
        if ($package =~ /Tell/ && ours) {
            is $s->get("/show?$package,tell")->{content}, length($lines->('many', 1, 2)), 'the position is behind what was read';
        }
        if ($mpm eq 'event') {
            next if !ours;
            my @got = map { ref $_ ? $_->[0] : $_ } $s->parallel(4, sub { $s->get("/show?$package,rest")->{content} });
            is_deeply [sort @got], [($want) x 4], "$package: each of four clones has the rest for itself" unless grep { /^0 / } @got;
            is_deeply [grep { $_ ne $want && $_ ne '0 ' } @got], [], "$package: no clone has less, nor another's";
            ok scalar(grep { $_ eq $want } @got), '  and one at least has it';
        }
        else {
            is $s->get("/show?$package,rest")->{content}, $want, "$package: the rest";
        }
        is $s->get("/show?$package,seek")->{content}, "$name 1\n", '  and it can be read from its beginning' if $package =~ /File|Large|Utf8|Tell|Encoding|Decoded|Latin|Lines|Open/;
    }
});

done_testing;
