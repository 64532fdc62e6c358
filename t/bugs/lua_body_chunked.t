# Chunked request bodies were refused.
use lib 't/lib';
use TestHttpd::Lua;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, files => {
        'htdocs/body.lua' => 'function handle(r) local b, n = r:requestbody() r:puts(tostring(b), " ", tostring(n)) return apache2.OK end',
        'htdocs/file.lua' => 'function handle(r) local n = r:requestbody("@var@/body") r:puts(("%d %d"):format(n, r:stat("@var@/body").size)) return apache2.OK end',
        'htdocs/parts.lua' => 'function handle(r) local t = r:parsebody() r:puts(tostring(t.a)) return apache2.OK end',
    });
    my $ask = sub {
        my ($path, $type, @chunks) = @_;
        return $s->post($path, sub { shift @chunks }, 'Content-Type' => $type)->{content};      # HTTP::Tiny sends it chunked
    };
    is $ask->('/body.lua', 'text/plain', 'one', ' ', 'two'), 'one two 7', 'as bytes';
    like $ask->('/body.lua', 'text/plain'), qr/^(?: 0|nil nil)$/, 'an empty one is empty or none';
    is $ask->('/file.lua', 'text/plain', ('x' x 1000) x 100), '100000 100000', 'into a file';
    is $ask->('/parts.lua', 'multipart/form-data; boundary=B', "--B\r\nContent-Disposition: form-data; na", "me=\"a\"\r\n\r\nva", "lue\r\n--B--\r\n"), 'value', 'in parts';
});

done_testing;
