# HEAD never ran the script of SetHandler lua-script.
use lib 't/lib';
use TestHttpd::Lua;

my %get = (header => { 'x-ran' => 'yes', 'content-type' => 'text/x-own' });
my $own = 'r.content_type = "text/x-own" r.headers_out["X-Ran"] = "yes" r:puts("page")';
test_rows([
    ['GET',                 $own, 'page', %get],
    ['HEAD gives its headers', $own, undef, %get, method => 'HEAD'],
    ['its status',          'function handle(r) r.status = 404 r:puts("x") return apache2.OK end', undef, method => 'HEAD', status => 404],
    ['an error',            'function handle(r) error("in HEAD") end', undef, method => 'HEAD', status => 500, log => qr/in HEAD/],
    ['the script knows',    'r.headers_out["X-Method"] = r.method', undef, method => 'HEAD', header => { 'x-method' => 'HEAD' }],
]);

done_testing;
