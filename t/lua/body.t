# Request bodies: r:parsebody([limit]) for forms, r:requestbody([file]) for the bytes.
use lib 't/lib';
use TestHttpd::Lua;

# A multipart body of [name, value, file name, type] parts.
sub multipart {
    my ($boundary, @parts) = @_;
    my $body = '';
    for my $part (@parts) {
        my ($name, $value, $file, $type) = @$part;
        $body .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"" . (defined $file ? "; filename=\"$file\"" : '') . "\r\n";
        $body .= "Content-Type: $type\r\n" if $type;
        $body .= "\r\n$value\r\n";
    }
    return "$body--$boundary--\r\n";
}

my @ONE    = (body => multipart('xYz', ['a', '1'], ['b', 'two words']), headers => { 'Content-Type' => 'multipart/form-data; boundary=xYz' });
my @QUOTED = (@ONE[0, 1], headers => { 'Content-Type' => 'multipart/form-data; boundary="xYz"' });
my @EMPTY  = (body => multipart('xYz', ['a', ''], ['b', '2']), headers => $ONE[3]);
my @FILE   = (body => multipart('xYz', ['f', "bytes\0\r\nmore", 'x.bin', 'application/octet-stream'], ['b', '2']), headers => $ONE[3]);
my @MANY   = (body => multipart('xYz', ['a', '1'], ['a', '2'], ['b', 'x'], ['a', '3']), headers => $ONE[3]);
my @DASHES = (body => multipart('----WebKitFormBoundaryA1b2', ['a', '1']), headers => { 'Content-Type' => 'multipart/form-data; boundary=----WebKitFormBoundaryA1b2' });
my @BIG    = (body => multipart('xYz', ['big', 'x' x 100_000]), headers => $ONE[3]);
my @INNER  = (body => multipart('xYz', ['a', "--xY\r\nxYz text"], ['b', '2']), headers => $ONE[3]);
my @CASE   = (body => $ONE[1] =~ s/Content-Disposition: form-data/content-disposition:form-data/gr, headers => { 'Content-Type' => 'Multipart/Form-Data; charset=utf-8; boundary=xYz' });

my ($FIRST, $ALL) = ('return (r:parsebody())', 'local _, all = r:parsebody() return all');
my $BOUND = 'the boundary is taken with what stands around it';
my $CUT   = 'the value is cut or the body refused';
test_rows([
    ['a form',                        $FIRST, '{a=1 b=2}', body => 'a=1&b=2'],
    ['escapes in a form',             $FIRST, '{a=x y&=}', body => 'a=x+y%26%3d'],
    ['an empty value',                $FIRST, '{a= b=2}', body => 'a=&b=2'],
    ['names again and again',         $ALL, qr/^\{a=\{1=(?:1 2=2 3=3|3 2=2 3=1)\} b=\{1=x\}\}$/, body => 'a=1&a=2&b=x&a=3'],
    ['in their order',                $ALL, '{a={1=1 2=2 3=3}}', body => 'a=1&a=2&a=3', wrong => 'the order is turned round'],
    ['no body',                       $FIRST, '{}', body => ''],
    ['a GET without a body',          $FIRST, '{}'],
    ['a body of another type',        $FIRST, '{}', body => '{"a":1}', headers => { 'Content-Type' => 'application/json' }],
    ['a type with a charset',         $FIRST, '{a=1}', body => 'a=1', headers => { 'Content-Type' => 'application/x-www-form-urlencoded; charset=utf-8' }],
    ['the limit is 8192 bytes',       'local t = r:parsebody() return t.a and #t.a', '8190', body => 'a=' . 'x' x 8190],
    ['more are not parsed',           'local t = r:parsebody() return t.a and #t.a', 'nil', body => 'a=' . 'x' x 8200],
    ['unless the limit says so',      'local t = r:parsebody(100000) return t.a and #t.a', '50000', body => 'a=' . 'x' x 50000],
    ['a lower limit',                 'local t = r:parsebody(10) return t.a', 'nil', body => 'a=12345678901'],
    ['after parsebody nothing is left', 'r:parsebody() local t = r:parsebody() return t', '{}', body => 'a=1'],
    ['parts',                         $FIRST, '{a=1 b=two words}', @ONE],
    ['parts by several names',        $ALL, '{a={1=1 2=2 3=3} b={1=x}}', @MANY],
    ['the first of several',          'return (r:parsebody()).a', '1', @MANY],
    ['dashes in the boundary',        $FIRST, '{a=1}', @DASHES],
    ['a quoted boundary',             $FIRST, '{a=1 b=two words}', @QUOTED, wrong => $BOUND],
    ['the boundary is not the last parameter', $FIRST, '{a=1 b=two words}', @ONE[0, 1], headers => { 'Content-Type' => 'multipart/form-data; boundary=xYz; x=y' }, wrong => $BOUND],
    ['names of headers and type have no case', $FIRST, '{a=1 b=two words}', @CASE, wrong => $BOUND],
    ['an empty part',                 $FIRST, '{a= b=2}', @EMPTY, wrong => 'an empty value ends the parsing'],
    ['a file of any bytes',           'local t = r:parsebody() return t.f == "bytes\0\r\nmore", t.b', 'true|2', @FILE],
    ['a large part',                  'local t = r:parsebody(200000) return #t.big', '100000', @BIG],
    ['parts over the limit are none', 'local t = r:parsebody() return t', '{}', @BIG],
    ['a part that looks like a boundary', 'local t = r:parsebody() return t.a == "--xY\r\nxYz text", t.b', 'true|2', @INNER, wrong => 'the boundary is found without its dashes and line ends'],
    ['parts that end too early',      'local t = r:parsebody() return type(t)', 'table', body => "--xYz\r\nContent-Disposition: form-data; name=\"a\"\r\n", headers => $ONE[3]],
    ['no parts at all',               'local t = r:parsebody() return t', '{}', body => "--xYz--\r\n", headers => $ONE[3]],
    # requestbody
    ['bytes and their number',        'local b, n = r:requestbody() return #b, n, b == "a\0b"', '3|3|true', body => "a\0b"],
    ['of a PUT',                      'return (r:requestbody())', 'xyz', method => 'PUT', body => 'xyz'],
    ['of a GET',                      'return (r:requestbody())', 'nil'],
    ['a megabyte',                    'local b, n = r:requestbody() return #b, n', '1000000|1000000', body => 'x' x 1_000_000],
    ['into a file',                   'local n = r:requestbody("@var@/body") local f = io.open("@var@/body", "rb") return n, f:read("*a") == "a\0b"', '3|true', body => "a\0b"],
    ['a megabyte into a file',        'local n = r:requestbody("@var@/body2") return n, r:stat("@var@/body2").size', '1000000|1000000', body => 'x' x 1_000_000],
    ['into a shorter file than before', 'local f = io.open("@var@/old", "w") f:write(("y"):rep(100)) f:close() local n = r:requestbody("@var@/old") return n, r:stat("@var@/old").size', '3|3', body => 'abc',
                                      wrong => 'the rest of the old file stays'],
    ['into a file that cannot be',    'return (r:requestbody("/nowhere/at/all"))', 'false', body => 'x'],
    ['a limit: nil and the reason',   'local b, e = r:requestbody(nil, 10) return b, type(e)', 'nil|string', body => 'x' x 11, wrong => 'the limit is looked at too early: nothing is returned'],
    ['a limit that is kept',          'return (r:requestbody(nil, 10))', 'x' x 10, body => 'x' x 10],
    ['parsebody after requestbody has nothing', 'r:requestbody() return (r:parsebody())', '{}', body => 'a=1'],
], load => []);

# Chunked bodies: what they hold is the same as with a length.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, files => {
        'htdocs/form.lua' => 'function handle(r) local t = r:parsebody(100000) r:puts(tostring(t.a), "|", tostring(t.b)) return apache2.OK end',
        'htdocs/body.lua' => 'function handle(r) local b, n = r:requestbody() r:puts(b or "nil") return apache2.OK end',
        'htdocs/file.lua' => 'function handle(r) r:requestbody("@var@/chunked") for l in io.lines("@var@/chunked") do r:puts(l) end return apache2.OK end',
    });
    my $chunked = sub {
        my ($path, $type, @chunks) = @_;
        return $s->post($path, sub { shift @chunks }, 'Content-Type' => $type)->{content};      # HTTP::Tiny sends it chunked
    };
    my $form = 'application/x-www-form-urlencoded';
    is $chunked->('/form.lua', $form, 'a=1', '&b=', '2'), '1|2', 'a chunked form';
    local our $TODO = 'mod_lua: chunked bodies are refused' unless ours;
    is $chunked->('/form.lua', 'multipart/form-data; boundary=xYz', $ONE[1] =~ /(.{1,7})/gs), '1|two words', 'chunked parts';
    is $chunked->('/body.lua', 'text/plain', 'one ', 'two ', 'x' x 20000), 'one two ' . 'x' x 20000, 'a chunked body as bytes';
    is $chunked->('/file.lua', 'text/plain', 'one ', 'two'), 'one two', 'and into a file';
});

done_testing;
