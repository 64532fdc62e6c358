# A script's error message stood in httpd's page for 400 and its kin, unescaped: what a filter or hook raised was kept in the
# request's error-notes, which httpd shows there.
use lib 't/lib';
use TestHttpd::Lua;

my $s = TestHttpd::Lua->start(config => <<'C', scripts => { 'f.lua' => <<'L' }, files => { 'htdocs/page.txt' => 'page', 'htdocs/b.lua' => 'function handle(r) error("<b>of the handler</b>") end' });
LuaInputFilter in f.lua input
<Location /page.txt>
    SetInputFilter in
</Location>
<Location /hook>
    LuaHookFixups f.lua fixup
</Location>
LuaHookLog f.lua log
C
function input(r) coroutine.yield() error("<b>of the filter</b>") end
function fixup(r) error("<b>of the hook</b>") end
function log(r) r:warn("notes: " .. tostring(r.notes["error-notes"])) return apache2.OK end
L
$s->expect_log(qr/of the (?:filter|hook|handler)/);
for my $row (['a filter', POST => '/page.txt', 'of the filter'], ['a hook', GET => '/hook', 'of the hook'], ['a handler', GET => '/b.lua', 'of the handler']) {
    my ($name, $method, $at, $text) = @$row;
    $s->mark_log;
    my $answer = $s->request($method, $at, {}, $method eq 'POST' ? 'x' x 10 : undef);
    like $answer->{status}, qr/^[45]/, "$name: an error";
    unlike $answer->{content}, qr{$text|traceback}, "$name: the client sees none of it" if ours || $name eq 'a filter';     # mod_lua shows the others as a page of its own
    $s->log_like(qr/<b>$text/, "$name: the log has it") if ours;
    $s->log_like(qr/notes: nil/, "$name: nor is it noted");
}

done_testing;
