# Files: stat, mkdir, mkrdir, rmdir, touch, get_direntries, sendfile.
use lib 't/lib';
use TestHttpd::Lua;
use File::Path ();

my ($NAMES, $FILE) = ('local names = r:get_direntries("@var@/dir") table.sort(names)', 'r.document_root .. "/page.txt"');
test_rows([
    ['stat of a file',               qq{local i = r:stat($FILE) return i.size, i.filetype, i.mtime}, '7|1|1000000000000000'],
    ['stat of a folder',             q{return r:stat(r.document_root).filetype}, '2'],
    ['stat of nothing',              q{return (r:stat(r.document_root .. "/none"))}, 'nil'],
    ['stat gives what is asked: size', qq{return r:stat($FILE, 0x100)}, '{size=7}'],
    ['stat gives what is asked: type', qq{return r:stat($FILE, 0x8000)}, '{filetype=1}'],
    ['stat gives what is asked: times', qq{local i = r:stat($FILE, 0x10 + 0x20 + 0x40) return i.mtime, i.ctime > 1e15, i.atime > 1e14, i.size}, '1000000000000000|true|true|nil'],
    ['stat gives what is asked: protection', qq{return ("%x"):format(r:stat($FILE, 0x700000).protection)}, '644'],
    ['stat wants a name',            q{return (pcall(r.stat, r)), (pcall(r.stat, r, {}))}, 'false|false'],
    ['mkdir',                        q{return r:mkdir("@var@/new"), r:stat("@var@/new").filetype, r:mkdir("@var@/new")}, 'true|2|false'],
    ['mkdir needs the folder above', q{return r:mkdir("@var@/x/y/z")}, 'false'],
    ['mkdir with a mode',            q{return r:mkdir("@var@/mode", 0x700), ("%x"):format(r:stat("@var@/mode", 0x700000).protection)}, 'true|700'],
    ['mkrdir makes all',             q{return r:mkrdir("@var@/x/y/z"), r:stat("@var@/x/y/z").filetype, r:mkrdir("@var@/x/y/z")}, 'true|2|true'],
    ['rmdir',                        q{return r:rmdir("@var@/x/y/z"), (r:stat("@var@/x/y/z")), r:rmdir("@var@/x/y/z")}, 'true|nil|false'],
    ['rmdir leaves what is not empty', q{return r:rmdir("@var@/x")}, 'false'],
    ['touch with a time',            q{io.open("@var@/f", "w"):close() return r:touch("@var@/f", 1234567890123456), r:stat("@var@/f").mtime}, '1|1234567890123456' =~ s/^1/true/r],
    ['touch without one is now',     q{r:touch("@var@/f") return math.abs(r:stat("@var@/f").mtime / 1e6 - os.time()) < 60}, 'true'],
    ['touch of nothing',             q{return r:touch("@var@/none")}, 'false'],
    ['get_direntries',               qq{$NAMES return names}, '{1=. 2=.. 3=a 4=b}'],
    ['get_direntries of nothing',    q{return (r:get_direntries("@var@/none"))}, 'nil'],
    ['get_direntries of a file',     qq{return (r:get_direntries($FILE))}, 'nil'],
    ['a thousand entries',           q{return #r:get_direntries("@root@/many")}, '1002'],
    ['sendfile gives the number of bytes', qq{function handle(r) local n = r:sendfile($FILE) r:puts(show(n)) return apache2.OK end}, "a page\n7"],
    ['sendfile of nothing is false', q{return r:sendfile(r.document_root .. "/none")}, 'false'],
    ['sendfile of a folder is false', q{return r:sendfile(r.document_root)}, 'false'],
    ['sendfile of a large file',     q{function handle(r) r:sendfile(r.document_root .. "/large") return apache2.OK end}, sub { ok $_[0]{content} eq 'x' x 3_000_000, 'sendfile of a large file' }],
    ['an empty file',                q{function handle(r) r:puts("[") local n = r:sendfile(r.document_root .. "/empty") r:puts("]", show(n)) return apache2.OK end}, '[]0'],
    ['they want names',              q{
        for _, f in ipairs{"mkdir", "mkrdir", "rmdir", "touch", "get_direntries", "sendfile"} do
            if pcall(r[f], r) or pcall(r[f], r, {}) then r:puts(f, " ") end
        end
    }, ''],
    ['runtime_dir_relative',         q{return r:runtime_dir_relative("a"), r:runtime_dir_relative("/abs"), r:runtime_dir_relative()}, qr{^/.*/run/a\|/abs\|/.*/run/?\.?$}],
    ['io writes where httpd may',    q{local f = io.open("@var@/io", "w") f:write("text") f:close() for l in io.lines("@var@/io") do r:puts(l) end}, 'text'],
], files => { 'htdocs/page.txt' => "a page\n", 'htdocs/large' => 'x' x 3_000_000, 'htdocs/empty' => '', (map { ("many/$_" => '') } 1 .. 1000) }, ready => sub {
    my ($s) = @_;
    utime 1_000_000_000, 1_000_000_000, $s->root . '/htdocs/page.txt';
    spew($s->root . "/var/dir/$_", '') for qw(a b);
});

done_testing;
