# r:getcookie(name), r:setcookie{...} and the older r:setcookie(name, value [, secure [, expires]]).
use lib 't/lib';
use TestHttpd::Lua;

my $DAY = 'Expires=(?:Tue|Wed), 0[12].Jan.2030 \d\d:\d\d:\d\d GMT';
my @SET = (
    # arguments, what the header matches, what it does not
    ['{ key = "a", value = "1" }',                        qr/^a=1(?:;|$)/, qr/Secure|HttpOnly|Expires|Domain/i],
    ['{ key = "a", value = "1" }',                        qr{Path=/(?:;|$)}, undef],
    ['{ key = "a", value = "1", path = "/x" }',           qr{Path=/x(?:;|$)}, undef],
    ['{ key = "a", value = "1", path = "" }',             qr/^a=1/, qr/Path/],
    ['{ key = "a", value = "1", domain = ".b.org" }',     qr/Domain=\.b\.org(?:;|$)/, undef],
    ['{ key = "a", value = "1", secure = true }',         qr/Secure(?:;|$)/, qr/HttpOnly/],
    ['{ key = "a", value = "1", httponly = true }',       qr/HttpOnly(?:;|$)/, qr/Secure/],
    ['{ key = "a", value = "1", secure = false, httponly = false }', qr/^a=1/, qr/Secure|HttpOnly/],
    ['{ key = "a", value = "1", expires = 1893456000 }',  qr/$DAY/, undef],
    ['{ key = "a", value = "1", expires = 0 }',           qr/^a=1/, qr/Expires/],
    ['{ key = "a b", value = "1 2&3;=" }',                qr/^a\+b=1\+2%263%3b%3d(?:;|$)/i, undef],
    ['{ key = "a", value = 12 }',                         qr/^a=12(?:;|$)/, undef],
    ['{ key = "a", value = "1", secure = true, httponly = true, path = "/p", domain = "d.org", expires = 1893456000 }',
                                                          qr{^a=1; *(?=.*Secure)(?=.*HttpOnly)(?=.*Path=/p)(?=.*Domain=d\.org)(?=.*$DAY)}, undef],
    ['"a", "1"',                                          qr/^a=1(?:;|$)/, qr/Secure|HttpOnly|Expires/],
    ['"a", "1", true',                                    qr/^a=1.*Secure/, qr/Expires/],
    ['"a", "1", false, 1893456000',                       qr/$DAY/, qr/Secure/],
);
my @rows = map {
    my ($arguments, $like, $unlike) = @$_;
    [ "setcookie($arguments)", "r:setcookie($arguments) r:puts('set')", sub {
        my $cookie = $_[0]{headers}{'set-cookie'};
        like $cookie, $like, "setcookie($arguments)";
        unlike $cookie, $unlike, "setcookie($arguments), without $unlike" if $unlike;
    } ];
} @SET;

my $COOKIES = { Cookie => 'one=1; two=a%20b; empty=; three="q"; one2=x' };
test_rows([
    @rows,
    ['two cookies are two headers', q{r:setcookie{ key = "a", value = "1" } r:setcookie{ key = "b", value = "2" } r:puts("set")},
        sub { is scalar(@{ [ map { ref ? @$_ : $_ } $_[0]{headers}{'set-cookie'} ] }), 2, 'two cookies are two headers' }],
    ['a cookie goes out with an error', q{function handle(r) r:setcookie{ key = "a", value = "1" } return 404 end}, undef, status => 404, header => { 'set-cookie' => qr/^a=1/ }],
    ['setcookie wants a key',       q{return (pcall(r.setcookie, r, { value = "1" })), (pcall(r.setcookie, r, { key = "1" })), (pcall(r.setcookie, r))}, 'false|false|false'],
    ['getcookie',                   q{return r:getcookie("one")}, '1', headers => $COOKIES],
    ['getcookie of none',           q{return type((r:getcookie("four")))}, 'nil', headers => $COOKIES],
    ['getcookie without cookies',   q{return type((r:getcookie("one")))}, 'nil'],
    ['getcookie of a part of a name', q{return type((r:getcookie("on"))), r:getcookie("one2")}, 'nil|x', headers => $COOKIES],
    ['getcookie gives the value as it was sent', q{return r:getcookie("two"), r:unescape(r:getcookie("two"))}, 'a%20b|a b', headers => $COOKIES],
    ['and an empty one',            q{return r:getcookie("empty")}, '', headers => $COOKIES],
    ['getcookie wants a name',      q{return (pcall(r.getcookie, r)), (pcall(r.getcookie, r, {}))}, 'false|false'],
]);

done_testing;
