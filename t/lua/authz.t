# LuaAuthzProvider: a function that answers `Require NAME arguments`.
use lib 't/lib';
use TestHttpd::Lua;
use MIME::Base64 ();

my $SCRIPT = <<'L';
require "apache2"
function granted(r) return apache2.AUTHZ_GRANTED end
function denied(r) return apache2.AUTHZ_DENIED end
function neutral(r) return apache2.AUTHZ_NEUTRAL end
function broken(r) return apache2.AUTHZ_GENERAL_ERROR end
function user_is(r, ...)
  if r.user == nil then return apache2.AUTHZ_DENIED_NO_USER end
  for _, name in ipairs{...} do if name == r.user then return apache2.AUTHZ_GRANTED end end
  return apache2.AUTHZ_DENIED
end
function echo(r, ...)
  r.notes.args = select("#", ...) .. ":" .. table.concat({...}, "|")
  return apache2.AUTHZ_GRANTED
end
function from(r, ip) return r.useragent_ip == ip and apache2.AUTHZ_GRANTED or apache2.AUTHZ_DENIED end
function nothing(r) end
function text(r) return "yes" end
function odd(r) return 99 end
function boom(r) error("provider broke") end
function count(r) r.notes.count = (r.notes.count or 0) + 1 return r.user and apache2.AUTHZ_GRANTED or apache2.AUTHZ_DENIED_NO_USER end
L
my @PROVIDERS = qw(granted denied neutral broken user_is echo from nothing text odd boom count);
# name, requirements, status without a user, as john, as jane
my @ROWS = (
    ['granted',                  'Require granted', 200, 200, 200],
    ['denied',                   'Require denied', 403, 403, 403],
    ['neutral alone denies',     'Require neutral', 403, 403, 403],
    ['neutral beside granted',   "Require neutral\nRequire granted", 200, 200, 200],
    ['an error',                 'Require broken', 500, 500, 500],
    ['a user by name',           'Require user_is john', 401, 200, 401],
    ['several names',            'Require user_is john jane', 401, 200, 200],
    ['no name',                  'Require user_is', 401, 401, 401],
    ['not',                      "<RequireAll>\nRequire granted\nRequire not from 127.0.0.1\n</RequireAll>", 403, 403, 403],
    ['all of',                   "<RequireAll>\nRequire from 127.0.0.1\nRequire user_is john\n</RequireAll>", 401, 200, 401],
    ['any of',                   "<RequireAny>\nRequire from 10.1.1.1\nRequire user_is jane\n</RequireAny>", 401, 401, 200],
    ['an address needs no user', 'Require from 127.0.0.1', 200, 200, 200],
    ['no value',                 'Require nothing', 500, 500, 500],
    ['a text',                   'Require text', 500, 500, 500],
    ['a number that means nothing', 'Require odd', 500, 500, 500],
    ['an error raised',          'Require boom', 500, 500, 500],
    ['a missing function',       'Require no_function', 500, 500, 500],
    ['a missing file',           'Require no_file', 500, 500, 500],
);
my @SHOWS = (
    ['no arguments',             'Require echo', '0:'],
    ['arguments',                'Require echo one two three', '3:one|two|three'],
    ['quoted arguments',         'Require echo "one two" \'three\' ""', qr/^[23]:one two\|three\|?$/],
    ['many arguments',           'Require echo ' . join(' ', 1 .. 60), '60:' . join '|', 1 .. 60],
    ['asked again with the user', 'Require count', qr/^2/],
);
my $conf = join '', map({ "LuaAuthzProvider $_ authz.lua $_\n" } @PROVIDERS), "LuaAuthzProvider no_function authz.lua is_not_there\nLuaAuthzProvider no_file none.lua x\n", <<'C';
<Directory "@root@/htdocs">
    AuthType Basic
    AuthName x
    AuthBasicProvider file
    AuthUserFile "@root@/users"
</Directory>
C
my (%files, $n);
for my $row (@ROWS, @SHOWS) {
    my $at = 'p' . $n++;
    $conf .= qq(<Directory "\@root\@/htdocs/$at">\n$row->[1]\n</Directory>\n);
    $files{"htdocs/$at/page.lua"} = 'function handle(r) r:puts(r.notes.args or r.notes.count or "in") return apache2.OK end';
}
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $conf, scripts => { 'authz.lua' => $SCRIPT }, load => ['authn_file'],
        files => { %files, users => join '', map { "$_:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n" } qw(john jane) });
    $s->expect_log(qr/\[(?:authz_core|lua|auth_basic|perl|interp):(?:error|crit)\]/);
    my %auth = ('' => [], map { $_ => [Authorization => 'Basic ' . MIME::Base64::encode_base64("$_:password", '')] } qw(john jane));
    for my $i (0 .. $#ROWS) {
        my ($name, undef, @status) = @{ $ROWS[$i] };
        is $s->get("/p$i/page.lua", @{ $auth{$_} })->{status}, shift @status, $name . ($_ ? ": $_" : '') for '', qw(john jane);
    }
    for my $i (0 .. $#SHOWS) {
        my ($name, undef, $content) = @{ $SHOWS[$i] };
        my $got = $s->get('/p' . (@ROWS + $i) . '/page.lua', @{ $auth{john} })->{content};
        ref $content ? like $got, $content, $name : is $got, $content, $name;
    }
    $s->log_like(ours ? qr/provider broke \(LuaAuthzProvider \S+, .*httpd\.conf:\d+\)/ : qr/provider broke/, 'an error is in the log, with the line that named the provider');
    $s->log_like(qr/is_not_there/, 'a missing function too');
    $s->log_like(qr/none\.lua/, 'and a missing file');
});

done_testing;
