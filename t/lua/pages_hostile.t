# Pages of anything: each is a page, or its error has a line of it, and the server goes on.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_lua has no pages' unless ours;

my @open = ('<%', '<% ', '<%=', '<%== ', '<%h ', '<%--', '<%@');
my @code = (' ', "\n", '"', "'", '{', '}', '(', ')', '[[', ']]', ';', 'x', 'local x = 1 ', 'if x then ', 'for i = 1, 2 do ', ' else ', ' elseif ', 'function f() ', ' end ', 'do ', '1', '0', ',', '.', '..', '...', '/', '--', '--[[',
    '--]]', ' return ', 'error()', ' r:puts(', 'r', 'print(', '#', '~', '=', '==', '::a::', ' local function g() ', '%%>', "\0", "\xff", "\xc3\xa4", "\r\n", '__r', '\\');
my @rest = ('text', "\n", '<%', '%>', '<%%', '%%>', '--%>', '<script language=lua runat=server>', '</script>', "<SCRIPT RUNAT='Server' LANGUAGE=\"Lua\">1</SCRIPT>", "\0", "\xff", "\xef\xbb\xbf", "\r\n", '<%%>', '<');
srand($ENV{SEED} || 1);
my %pages = map { (sprintf('p%03d.lp', $_) => page(\@open, \@code, \@rest)) } 1 .. 250;

# A page: text, code that is closed, and some of what is neither.
sub page {
    my ($open, $code, $rest) = @_;
    my $of = sub { $_[0][rand @{ $_[0] }] };
    return join '', map { rand() < 0.6 ? $of->($open) . join('', map { $of->($code) } 0 .. rand 5) . '%>' : $of->($rest) } 0 .. rand 6;
}

my $CONF = <<'C';
<Directory @root@/htdocs>
    AddHandler lua-embed .lp
</Directory>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF, files => { (map { ("htdocs/$_" => $pages{$_}) } keys %pages), 'htdocs/good.lp' => '<%= r.pid or 7 %>' });
    $s->expect_log(qr/./);
    my (@odd, @unlined, %status);
    for my $page (sort keys %pages) {
        $s->mark_log;
        my $status = $s->get("/$page")->{status};
        $status{$status}++;
        next if $status == 200;
        push @odd, "$page $status" if $status != 500;
        my $lines = 1 + $pages{$page} =~ tr/\n//;
        push @unlined, "$page ($lines): " . $s->log_since unless grep { $_ >= 1 && $_ <= $lines + 10 } $s->log_since =~ /\Q$page\E:(\d+):/g;
    }
    is_deeply \@odd, [], 'each is sent, or is an error: ' . join ', ', map { "$_ $status{$_} times" } sort keys %status;
    is_deeply \@unlined, [], 'which names the page and a line, or one near its end where a text is left open';
    unlike $s->log, qr/exit signal|panic/, 'no process dies of one';
    like $s->get('/good.lp')->{content}, qr/^\d+$/, 'and the next page is as ever';
});

done_testing;
