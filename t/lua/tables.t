# headers_in, headers_out, err_headers_out, notes, subprocess_env: read and set by name; the *_table() functions give two
# Lua tables, one value for each name and lists of all.
use lib 't/lib';
use TestHttpd::Lua;

my @ALL  = qw(headers_in headers_out err_headers_out notes subprocess_env);
my $NEWLINE = 'a newline becomes a space';
test_rows([
    (map { ["$_ is set and read", qq{r.$_.X = "1" return r.$_.X, r.${_}["X"], r.$_.Y}, '1|1|nil'] } @ALL),
    (map { ["names in $_ have no case", qq{r.${_}["X-Name"] = "1" return r.${_}["x-name"]}, '1'] } @ALL),
    (map { ["nil takes out of $_", qq{r.$_.X = "1" r.$_.X = nil return r.$_.X}, 'nil'] } @ALL),
    (map { ["${_}_table() has it", qq{r.$_.Name = "v" local one, all = r:${_}_table() return one.Name, all.Name}, 'v|{1=v}'] } @ALL),
    (map { ["a number in $_ becomes text", qq{r.$_.X = 12 return type(r.$_.X), r.$_.X}, 'string|12'] } @ALL),
    (map { ["a table is refused in $_", qq{return (pcall(function() r.$_.X = {} end)), r.$_.X}, 'false|nil'] } @ALL),
    (map { ["a newline cannot come into $_", qq{r.$_.X = "a\\nb" return r.$_.X}, 'a b', (ours ? () : (log => qr/X/))] } grep { $_ ne 'notes' } @ALL),
    ['a note may have one',        q{r.notes.X = "a\nb" return r.notes.X}, "a\nb"],
    ['what the client sent',       q{return r.headers_in["X-One"], r.headers_in.host ~= nil, r.headers_in.nothing}, 'first|true|nil', headers => { 'X-One' => 'first' }],
    ['headers_in_table() to walk', q{local n = 0 for k, v in pairs((r:headers_in_table())) do if k:lower() == "x-one" then n = v end end return n}, 'first', headers => { 'X-One' => 'first' }],
    ['a header sent twice is one', q{return r.headers_in["X-One"]}, 'a, b', headers => { 'X-One' => ['a', 'b'] }],
    ['headers_out goes out',       q{r.headers_out["X-Out"] = "value" r:puts("x")}, 'x', header => { 'x-out' => 'value' }],
    ['and not with an error',      q{function handle(r) r.headers_out["X-Out"] = "v" r.err_headers_out["X-Err"] = "w" return 404 end}, undef, status => 404, header => { 'x-out' => undef, 'x-err' => 'w' }],
    ['err_headers_out also without one', q{r.err_headers_out["X-Err"] = "w" r:puts("x")}, 'x', header => { 'x-err' => 'w' }],
    ['several cookies are a list', q{r:setcookie("a", "1") r:setcookie("b", "2") local _, all = r:err_headers_out_table() return #all["Set-Cookie"]}, '2'],
    ['a redirect',                 q{function handle(r) r.headers_out.Location = "/there" return apache2.HTTP_MOVED_TEMPORARILY end}, undef, status => 302, header => { location => '/there' }],
    ['a table kept in a variable is the same', q{local h = r.headers_out h.A = "1" r.headers_out.B = "2" return h.B, r.headers_out.A}, '2|1'],
    ['SetEnv is in subprocess_env', q{return r.subprocess_env.FROM_CONF}, 'yes'],
    ['what stands there is seen by an expression', q{r.subprocess_env.MINE = "1" return r:expr("reqenv('MINE') == '1'")}, 'true'],
    ['a name that is no string',   q{return (pcall(function() r.notes[{}] = "x" end))}, 'false'],
    ['a number is a name',         q{r.notes[1] = "x" return r.notes["1"]}, 'x'],
    ['bytes of a header',          q{r.headers_out["X-B"] = "\195\164" return r.headers_out["X-B"] == "\195\164"}, 'true'],
    ['an empty value',             q{r.notes.E = "" return r.notes.E, #r.notes.E}, '|0'],
    ['a hundred values',           q{for i = 1, 100 do r.notes["k" .. i] = i end local n = 0 for k, v in pairs((r:notes_table())) do n = n + 1 end return n >= 100}, 'true'],
    ['the functions give copies',  q{r.notes.a = "1" local t = r:notes_table() t.a = "2" return r.notes.a}, '1'],
], config => "SetEnv FROM_CONF yes\n");

done_testing;
