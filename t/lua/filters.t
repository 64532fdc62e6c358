# LuaOutputFilter and LuaInputFilter: a function that runs as a coroutine, yields once before the data, once for each
# bucket, and once more at the end.
use lib 't/lib';
use TestHttpd::Lua;

my $SCRIPT = <<'L';
require "apache2"
function upper(r) coroutine.yield() while bucket do coroutine.yield(bucket:upper()) end end
function pass(r) coroutine.yield() while bucket do coroutine.yield(bucket) end end
function around(r) coroutine.yield("[") while bucket ~= nil do coroutine.yield(bucket) end coroutine.yield("]") end
function brackets(r) coroutine.yield("(") while bucket do coroutine.yield(bucket) end coroutine.yield(")") end
function skip(r) return end
function skip_html(r)
  if r.content_type and r.content_type:match("html") then return end
  coroutine.yield("not html: ")
  while bucket do coroutine.yield(bucket) end
end
function swallow(r) coroutine.yield() while bucket do coroutine.yield("") end coroutine.yield("all gone") end
function double(r) coroutine.yield() while bucket do coroutine.yield(bucket .. bucket) end end
function count(r)
  coroutine.yield()
  local n = 0
  while bucket do n = n + #bucket coroutine.yield("") end
  coroutine.yield(("%d bytes"):format(n))
end
function lines(r)
  coroutine.yield()
  local rest, n = "", 0
  while bucket do
    local out = {}
    rest = rest .. bucket
    rest = rest:gsub("([^\n]*)\n", function(line) n = n + 1 out[#out + 1] = ("%d:%s\n"):format(n, line) return "" end)
    coroutine.yield(table.concat(out))
  end
  coroutine.yield(rest)
end
function about(r) coroutine.yield(r.method .. " " .. r.uri .. " ") while bucket do coroutine.yield(bucket) end end
function header(r) r.headers_out["X-Filter"] = "was here" coroutine.yield() while bucket do coroutine.yield(bucket) end end
function number(r) coroutine.yield(1) while bucket do coroutine.yield(bucket) end coroutine.yield(2) end
function bytes(r) coroutine.yield("\0") while bucket do coroutine.yield(bucket:reverse()) end coroutine.yield("\255") end
function boom_first(r) error("filter broke first") end
function boom(r) coroutine.yield() error("filter broke later") end
function boom_last(r) coroutine.yield() while bucket do coroutine.yield(bucket) end error("filter broke last") end
function ends(r) coroutine.yield() coroutine.yield(bucket) end
global_n = 0
function globals(r) global_n = global_n + 1 local mine = global_n coroutine.yield() while bucket do coroutine.yield(bucket) end coroutine.yield(mine == global_n and " same" or " changed") end
function nested(r)
  coroutine.yield()
  local each = coroutine.wrap(function() while true do coroutine.yield("x") end end)
  while bucket do coroutine.yield(each() .. bucket) end
end
L
my @NAMES = $SCRIPT =~ /^function (\w+)\(r\)/mg;
my $conf = join '', map { "LuaOutputFilter o_$_ filters.lua $_\nLuaInputFilter i_$_ filters.lua $_\n" } @NAMES;
my %files = (
    'htdocs/text.txt' => "some text\n", 'htdocs/page.html' => '<p>', 'htdocs/empty.txt' => '', 'htdocs/large.txt' => join('', map { "line $_\n" } 1 .. 100_000),
    'htdocs/bin.txt' => "a\0b", 'htdocs/many.lua' => 'function handle(r) r.content_type = "text/plain" for i = 1, 1000 do r:puts("piece ", i, "\n") if i % 100 == 0 then r:flush() end end return apache2.OK end',
    'htdocs/body.lua' => 'function handle(r) r.content_type = "text/plain" local b = r:requestbody() r:puts(b or "none") return apache2.OK end',
    'htdocs/form.lua' => 'function handle(r) local t = r:parsebody(1000000) r:puts(t.a or t.A or "none") return apache2.OK end',
    'htdocs/adds.lua' => 'function handle(r) r:puts(tostring(r:add_input_filter("i_upper")), tostring(r:add_input_filter("no_such")), " ", (r:requestbody())) return apache2.OK end',
);
my $large = $files{'htdocs/large.txt'};
my $n     = 0;
# Filters of a place, file, content, method and body.
my @ROWS;
sub row {
    my ($name, $directives, $file, $content, %opt) = @_;
    my $at = 'f' . @ROWS;
    $conf .= qq(Alias /$at "\@root\@/htdocs"\n<Location /$at>\n$directives\n</Location>\n);
    push @ROWS, [$name, "/$at/$file", $content, %opt];
}
sub out { my ($name, $filters, $file, $content, %opt) = @_; row($name, "SetOutputFilter $filters", $file, $content, %opt) }
sub into { my ($name, $filters, $body, $content, %opt) = @_; row($name, "SetInputFilter $filters", $opt{file} || 'body.lua', $content, body => $body, %opt) }

out('a filter changes each bucket',  'o_upper', 'text.txt', "SOME TEXT\n");
out('names of filters have no case', 'O_UPPER', 'text.txt', "SOME TEXT\n");
out('something before and behind',   'o_around', 'text.txt', "[some text\n]");
out('of an empty file',              'o_around', 'empty.txt', '[]');
out('one that returns is not there', 'o_skip', 'text.txt', "some text\n");
out('it may decide by the type',     'o_skip_html', 'page.html', '<p>');
out('and for others stay',           'o_skip_html', 'text.txt', "not html: some text\n");
out('nothing is passed on',          'o_swallow', 'text.txt', 'all gone');
out('more is passed on than came',   'o_double', 'text.txt', "some text\nsome text\n");
out('its own request',               'o_about', 'text.txt', qr{^GET /f\d+/text\.txt some text\n$});
out('headers can be set before the data', 'o_header', 'text.txt', "some text\n", header => ['x-filter', 'was here']);
out('numbers are text',              'o_number', 'text.txt', "1some text\n2");
out('bytes',                         'o_bytes', 'bin.txt', "\0b\0a\xff");
out('two filters',                   'o_around;o_brackets', 'text.txt', "([some text\n])");
out('the other way round',           'o_brackets;o_around', 'text.txt', "[(some text\n)]");
out('three',                         'o_upper;o_around;o_double', 'text.txt', "[[SOME TEXT\nSOME TEXT\n]]");
out('a large file',                  'o_count', 'large.txt', length($large) . ' bytes');
out('a large file in pieces',        'o_pass', 'large.txt', $large);
my $k = 0;
out('state in local variables',      'o_lines', 'large.txt', $large =~ s/^/ ++$k . ':' /gmer);
out('what a script writes',          'o_upper', 'many.lua', join '', map { "PIECE $_\n" } 1 .. 1000);
out('a coroutine within',            'o_nested', 'text.txt', "xsome text\n");
out('globals stay through a request', 'o_globals', 'text.txt', "some text\n same");
out('one that ends early drops the rest or passes it', 'o_ends', 'text.txt', qr/^(?:some text\n)?$/);
out('an error before the data',      'o_boom_first', 'text.txt', undef, log => qr/filter broke first/, status => qr/^[25]/, wrong => 'it passes in silence');
out('an error in the data',          'o_boom', 'text.txt', sub { isnt $_[0]{content}, "some text\n", 'an error in the data: nothing is passed off as the whole page' }, log => qr/filter broke later/, status => qr/^[25]/);
out('an error at the end',           'o_boom_last', 'text.txt', undef, log => qr/filter broke last/, status => qr/^[25]/, wrong => 'it passes in silence');
row('mod_filter', "FilterProvider o_upper o_upper \"%{CONTENT_TYPE} =~ m#^text/plain#\"\nFilterChain o_upper", 'text.txt', "SOME TEXT\n", header => ['etag', undef]);
row('mod_filter leaves others alone', "FilterProvider o_upper o_upper \"%{CONTENT_TYPE} =~ m#^text/plain#\"\nFilterChain o_upper", 'page.html', '<p>');
row('AddOutputFilter', "AddOutputFilter o_upper txt", 'text.txt', "SOME TEXT\n");
row('beside DEFLATE', 'SetOutputFilter o_upper;DEFLATE', 'text.txt', "SOME TEXT\n");
row('beside SUBSTITUTE', "SetOutputFilter o_upper;SUBSTITUTE\nSubstitute s/TEXT/WORD/", 'text.txt', "SOME WORD\n");

into('an input filter changes a body', 'i_upper', 'a body', 'A BODY');
into('one that returns is not there',  'i_skip', 'a body', 'a body');
into('a body is taken away',           'i_pass', 'same', 'same');
into('what is appended arrives',       'i_around', 'a body', 'a body]', wrong => 'bodies that grow are cut');
into('a body that becomes longer',     'i_double', 'ab', 'abab', wrong => 'bodies that grow are cut');
into('a body that becomes shorter',    'i_count', 'x' x 1000, '1000 bytes', wrong => 'an empty piece is taken for the end');
into('a large body',                   'i_upper', 'x' x 1_000_000, 'X' x 1_000_000);
into('a form',                         'i_upper', 'a=value', 'VALUE', file => 'form.lua');
into('two filters',                    'i_upper;i_pass', 'a body', 'A BODY');
into('no body',                        'i_upper', '', 'none');
into('an error in it is a failure',    'i_boom', 'a body', undef, log => qr/filter broke later/, status => qr/./, wrong => 'it passes in silence');
into('for a handler in C',             'i_around', 'a body', 'a body]', reflect => 1);
into('a large one for a handler in C', 'i_double', 'xy' x 100_000, 'xy' x 200_000, reflect => 1, sorted => 1);
row('add_input_filter', '', 'adds.lua', 'truefalse A BODY', body => 'a body');
$_->[1] =~ s/body\.lua/reflect.it/, $conf .= "<Location $_->[1]>\n    SetHandler reflector\n</Location>\n" for grep { my (undef, undef, undef, %o) = @$_; $o{reflect} } @ROWS;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $conf, scripts => { 'filters.lua' => $SCRIPT }, files => \%files, load => [qw(filter deflate substitute reflector)]);
    $s->expect_log(qr/filter broke/);
    for my $row (@ROWS) {
        my ($name, $path, $content, %opt) = @$row;
        local our $TODO = "mod_lua: $opt{wrong}" if $opt{wrong} && !ours;
        $s->mark_log;
        my $answer = defined $opt{body} ? $s->post($path, $opt{body}) : $s->get($path);
        if ($answer->{status} !~ ($opt{status} || qr/^200$/)) { like $answer->{status}, $opt{status} || qr/^200$/, "$name: status"; next }
        my $got = $opt{sorted} ? join '', sort split //, $answer->{content} : $answer->{content};
        my $want = $opt{sorted} ? join '', sort split //, $content : $content;
        if    (ref $content eq 'CODE') { $content->($answer) }
        elsif (ref $content)           { like $got, $want, $name }
        elsif (defined $content)       { ok $got eq $want, $name or diag substr $got, 0, 200 }
        elsif (!$opt{log})             { pass $name }
        is $answer->{headers}{ $opt{header}[0] }, $opt{header}[1], "$name: header" if $opt{header};
        $s->log_like($opt{log}, "$name: log") if $opt{log};
    }
    my $text = $s->raw("GET /f2/text.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    unlike $text, qr/Content-Length: 10\b/, 'the file\'s length is not sent for a changed page';
    unlike $text, qr/^ETag/m, 'nor its ETag';
    like $s->raw("GET /f2/text.txt HTTP/1.0\r\n\r\n"), qr/\[some text\n\]$/, 'HTTP/1.0';
    is $s->head('/f2/text.txt')->{status}, 200, 'HEAD';
    like $s->raw("POST /f" . (grep { $ROWS[$_][0] eq 'an input filter changes a body' } 0 .. $#ROWS)[0] . "/form.lua HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        . "Content-Type: application/x-www-form-urlencoded\r\n\r\n3\r\na=v\r\n4\r\nalue\r\n0\r\n\r\n"), qr/VALUE$/, 'a chunked body through an input filter';
    my @got = $s->parallel(8, sub { my $bad = 0; for (1 .. 25) { $bad++ if $s->get('/f1/text.txt')->{content} ne "SOME TEXT\n" } $bad });
    is_deeply \@got, [ ([0]) x 8 ], 'two hundred requests at eight connections';
});

done_testing;
