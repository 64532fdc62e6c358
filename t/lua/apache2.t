# The package apache2: constants and the server's version, with and without `require`.
use lib 't/lib';
use TestHttpd::Lua;

my %VALUE = (OK => 0, DECLINED => -1, DONE => -2, HTTP_MOVED_TEMPORARILY => 302, PROXYREQ_NONE => 0, PROXYREQ_PROXY => 1, PROXYREQ_REVERSE => 2, PROXYREQ_RESPONSE => 3,
    AUTHZ_DENIED => 0, AUTHZ_GRANTED => 1, AUTHZ_NEUTRAL => 2, AUTHZ_GENERAL_ERROR => 3, AUTHZ_DENIED_NO_USER => 4);
my $BY_REQUIRE = 'require gives an empty table';
test_rows([
    (map { ["apache2.$_", "return apache2.$_, math.type and math.type(apache2.$_) or 'integer'", "$VALUE{$_}|integer"] } sort keys %VALUE),
    ['apache2.version is the banner', 'return apache2.version == r.banner, apache2.version', qr{^true\|Apache}],
    ['require "apache2" changes nothing', 'require "apache2" return apache2.DONE', '-2'],
    ['what require gives is the package', 'local a = require "apache2" return a == apache2, a.OK, a.DONE', 'true|0|-2', wrong => $BY_REQUIRE],
    ['it is a table of its own',      'return apache2.string, apache2.math', 'nil|nil', wrong => 'it is package.loaded itself'],
    ['string is what require gives',  'return require("string") == string', 'true'],
    ['the standard libraries are there', 'return type(io.open), type(os.time), type(string.format), type(table.concat), type(math.floor), type(coroutine.yield), type(debug.traceback), type(package.path)', qr/^(?:function\|){7}string$/],
]);

done_testing;
