# The documents do not promise what is not there: each test, file and section that they name exists.
use lib 't/lib';
use TestHttpd;

my $top = TestHttpd::top();
my @docs = map { s{^\Q$top\E/}{}r } glob "$top/*.md $top/docs/*.md";

# The anchors of a document: its headings, as they are linked to.
my %anchors;
sub anchors {
    my ($doc) = @_;
    return $anchors{$doc} ||= do {
        my ($in_code, %seen);
        for my $line (split /\n/, slurp("$top/$doc")) {
            $in_code = !$in_code if $line =~ /^```/;
            next if $in_code || $line !~ /^#+ +(.+)/;
            my $anchor = lc($1 =~ s/\[([^]]*)\]\([^)]*\)/$1/gr =~ s/[^\w\s-]//gr =~ s/\s/-/gr);
            $seen{$anchor}++ ? $seen{"$anchor-" . ($seen{$anchor} - 1)} = 1 : 1;
        }
        \%seen;
    };
}

for my $doc (@docs) {
    my $text = slurp("$top/$doc") =~ s/^```.*?^```//gmsr;
    (my $folder = $doc) =~ s{[^/]*$}{};
    my @broken;
    for my $link ($text =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ /^\w+:/;
        my ($file, $anchor) = split /#/, $link, 2;
        my $path = length $file ? ($folder . $file) =~ s{[^/]+/\.\./}{}r : $doc;
        push @broken, $link if !-e "$top/$path" || defined $anchor && $path =~ /\.md$/ && !anchors($path)->{$anchor};
    }
    is_deeply \@broken, [], "$doc: each link leads somewhere";
    next if $doc eq 'CHANGELOG.md';
    my @tests = $text =~ m{(?<![\w/.])((?:t/)?(?:api|bugs|config|harness|host|lua|net|perl|registry|soak)/\w+\.t)\b}g;
    my @gone = grep { !-e "$top/" . (m{^t/} ? $_ : "t/$_") } @tests;
    is_deeply \@gone, [], "$doc: each test that it names is there" if @tests;
}

# Where a row of a table in docs/migration.md has a column for a test, there is one, or the reason why not.
my ($column, @bare);
for my $line (split /\n/, slurp("$top/docs/migration.md")) {
    if ($line !~ /^\|/) { $column = undef; next }
    my @cells = map { s/^ +| +$//gr } split /(?<!\\)\|/, $line =~ s/^\||\|$//gr, -1;
    if (!defined $column) { $column = (grep { $cells[$_] eq 'test' } 0 .. $#cells)[0] // -1; next }
    next if $column < 0 || $line =~ /^\|---|^\| \*\*/;
    push @bare, $line if ($cells[$column] // '') !~ /\.t`|^none$/ && $cells[1] !~ /^(?:the same|not there|built and tested|IO::Socket)/;
}
is_deeply \@bare, [], 'each row about mod_perl has its test, or a reason';

done_testing;
