# A short answer that went through a Lua filter was not compressed by what stands behind it: DEFLATE leaves alone an answer below
# some 80 bytes that it sees whole, and data came to it together with the end. mod_lua passes data on before.
use lib 't/lib';
use TestHttpd::Lua;

eval { require Compress::Zlib } or plan skip_all => 'needs Compress::Zlib';

my %files = ('htdocs/short.txt' => "some text\n", 'htdocs/long.txt' => "some text\n" x 1000, 'htdocs/empty.txt' => '',
    'htdocs/page.lua' => 'function handle(r) r.content_type = "text/plain" r:puts("some ") r:flush() r:puts("text\n") return apache2.OK end');
my $SCRIPT = <<'L';
function upper(r) coroutine.yield() while bucket do coroutine.yield(bucket:upper()) end end
function around(r) coroutine.yield("[") while bucket do coroutine.yield(bucket) end coroutine.yield("]") end
function skip(r) return end
L
my %SHORT = (upper => "SOME TEXT\n", around => "[some text\n]", both => "[SOME TEXT\n]", skip => "some text\n");
my @ROWS;
my $conf = join '', map { "LuaOutputFilter $_ f.lua $_\n" } qw(upper around skip);
sub way { my ($at, $directives, $content, %opt) = @_; $conf .= qq(Alias /$at "\@root\@/htdocs"\n<Location /$at>\n$directives\n</Location>\n); push @ROWS, [$at, $content, %opt] }
way('set', 'SetOutputFilter upper;DEFLATE', 'upper');
way('set_after', 'SetOutputFilter DEFLATE;upper', 'upper');
way('by_type', "SetOutputFilter upper\nAddOutputFilterByType DEFLATE text/plain", 'upper');
way('add', 'AddOutputFilter upper;DEFLATE txt lua', 'upper');
way('two', 'SetOutputFilter upper;around;DEFLATE', 'both');
way('before', 'SetOutputFilter around;DEFLATE', 'around');
way('chain', "FilterDeclare zip CONTENT_SET\nFilterProvider zip DEFLATE \"%{CONTENT_TYPE} =~ m|^text/plain|\"\nSetOutputFilter upper\nFilterChain zip", 'upper');
way("mod_filter", "FilterDeclare upper RESOURCE\nFilterProvider upper upper \"true\"\nFilterChain upper\nSetOutputFilter DEFLATE", "upper", mod_lua => undef);
way('brotli', 'SetOutputFilter upper;BROTLI_COMPRESS', 'upper', encoding => 'br');

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my @load = qw(filter deflate);
    my $brotli = TestHttpd::have_httpd_module('brotli');
    my $s = TestHttpd::Lua->start(mpm => $mpm, load => [@load, $brotli ? 'brotli' : ()], scripts => { 'f.lua' => $SCRIPT }, files => \%files, config => $conf);
    for my $row (@ROWS) {
        my ($at, $content, %opt) = @$row;
        next if !ours() && exists $opt{mod_lua};
        my $encoding = $opt{encoding} || 'gzip';
        next if $encoding eq 'br' && !$brotli;
        for my $file ('short.txt', $at eq 'before' ? () : 'page.lua') {
            my $r = $s->request('GET', "/$at/$file", { 'Accept-Encoding' => $encoding });
            is $r->{headers}{'content-encoding'}, $encoding, "$at, $file: the answer is compressed";
            is Compress::Zlib::memGunzip($r->{content}), $SHORT{$content}, "$at, $file: what the filter made" if $encoding eq 'gzip';
        }
        my $plain = $s->request('GET', "/$at/short.txt");
        is $plain->{content}, $SHORT{$content}, "$at: not for a client that does not ask for it";
    }
    my $long = $s->request('GET', '/set/long.txt', { 'Accept-Encoding' => 'gzip' });
    is Compress::Zlib::memGunzip($long->{content}), uc $files{'htdocs/long.txt'}, 'a long one';
    my $empty = $s->request('GET', '/set/empty.txt', { 'Accept-Encoding' => 'gzip' });
    is_deeply [@$empty{qw(status content)}], [200, ''], 'an empty one stays empty';
    my $head = $s->request('HEAD', '/set/short.txt', { 'Accept-Encoding' => 'gzip' });
    is $head->{status}, 200, 'HEAD';
});

done_testing;
