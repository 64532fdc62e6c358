# A subrequest is a request: what a request has, its object has in Lua, too. It was refused as an object of another class.
use lib 't/lib';
use TestHttpd::Lua;

plan(skip_all => 'mod_lua makes no subrequests') unless ours;

test_rows([
    ['fields',    q{local sub = r:lookup_uri("/page.txt?a=1") return sub.status, sub.uri, sub.args, sub.content_type, sub.main.uri == r.uri}, '200|/page.txt|a=1|text/plain|true'],
    ['settings',  q{local sub = r:lookup_uri("/page.txt") sub.content_type = "text/x-other" sub.notes.a = "b" return sub.content_type, sub.notes.a, r.notes.a}, 'text/x-other|b|nil'],
    ['methods',   q{local sub = r:lookup_uri("/page.txt") return sub.is_initial_req, sub:escape_html("<")}, 'false|&lt;'],
    ['as an argument of its own class alone', q{return (pcall(r.internal_fast_redirect, r, r))}, 'false'],
    ['and no object of another class is one', q{local status = r:lookup_uri("/page.txt").status return status, (pcall(function() return getmetatable(r).__index(r.server, "uri") end))}, '200|false'],
], files => { 'htdocs/page.txt' => 'text' });

done_testing;
