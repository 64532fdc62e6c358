# r:htpassword(password [, algorithm [, cost]]): what mod_authn_file accepts.
use lib 't/lib';
use TestHttpd::Lua;
use MIME::Base64 ();

my @KINDS = (
    ['the default is apr1', '',      qr{^\$apr1\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{22}$}],
    ['0 is apr1',           ', 0',   qr{^\$apr1\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{22}$}],
    ['1 is sha1',           ', 1',   qr{^\{SHA\}[+/0-9A-Za-z]{27}=$}],
    ['2 is bcrypt',         ', 2',   qr{^\$2y\$05\$[./0-9A-Za-z]{53}$}],
    ['bcrypt with a cost',  ', 2, 4', qr{^\$2y\$04\$[./0-9A-Za-z]{53}$}],
    ['3 is crypt',          ', 3',   qr{^[./0-9A-Za-z]{13}$}],
);
my @ROWS = (
    (map { [$_->[0], "return r:htpassword('secret'$_->[1])", $_->[2]] } @KINDS),
    ['salts differ',                q{return r:htpassword("x") ~= r:htpassword("x")}, 'true'],
    ['sha1 has none',               q{return r:htpassword("x", 1) == r:htpassword("x", 1)}, 'true'],
    ['an unknown algorithm',        q{local v, e = r:htpassword("x", 9) return v, type(e)}, 'false|string'],
    ['a cost out of range',         q{local v, e = r:htpassword("x", 2, 99) return v, type(e)}, 'false|string'],
    ['an empty password',           q{return #r:htpassword("") > 10}, 'true'],
    ['it wants a string',           q{return (pcall(r.htpassword, r)), (pcall(r.htpassword, r, {}))}, 'false|false'],
);
my $s = TestHttpd::Lua->start(rows => \@ROWS, load => ['authn_file'], files => { 'htdocs/in/index.html' => 'in' }, config => <<'C');
<Location /in>
    AuthType Basic
    AuthName x
    AuthBasicProvider file
    AuthUserFile "@var@/users"
    Require valid-user
</Location>
C
run_rows($s, \@ROWS);
my @made = map { $s->get("/rows/$_.lua")->{content} } 0 .. $#KINDS;
spew($s->root . '/var/users', join '', map { "u$_:$made[$_]\n" } 0 .. $#made);
for my $i (0 .. $#made) {
    my $ask = sub { $s->get('/in/', Authorization => 'Basic ' . MIME::Base64::encode_base64("u$i:$_[0]", ''))->{status} };
    is $ask->('secret'), 200, "$KINDS[$i][0]: httpd accepts it";
    is $ask->('wrong'), 401, 'and no other password';
}
$s->expect_log(qr/AH01617/);

done_testing;
