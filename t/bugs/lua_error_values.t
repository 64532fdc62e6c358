# error({}) and error(nil) ended the child process: the message was taken for a string.
use lib 't/lib';
use TestHttpd::Lua;

my @HOW = map { [$_->[0], "function handle(r) $_->[1] end"] } ['a table', 'error({})'], ['nil', 'error(nil)'], ['nothing', 'error()'], ['a function', 'error(print)'], ['true', 'error(true)'],
    ['an object whose text raises', 'error(setmetatable({}, { __tostring = function() error("again") end }))'],
    ['an object whose text is no string', 'error(setmetatable({}, { __tostring = function() return {} end }))'];
test_rows([
    (map { ["$_->[0] raised in a handler", $_->[1], undef, status => 500, log => qr/\d\.lua|error/] } @HOW),
    ['a table raised in a hook', 'return 1', undef, at => '/hook', status => 500, log => qr/error/],
    ['a table raised by a provider', 'return 1', undef, at => '/authz', status => 500, log => qr/error/],
    ['the same process answers', 'return r:scoreboard_process(0).pid', sub { my ($a, $s) = @_; is scalar(grep { $_ == $a->{content} } $s->child_pids), 1, 'the same process answers' }],
], expect => [qr/\[(?:lua|perl|interp):(?:error|crit)\]/], scripts => { 'x.lua' => 'function f(r) error({}) end' }, config => <<'C');
LuaAuthzProvider breaks x.lua f
<Location /hook>
    LuaHookFixups x.lua f
</Location>
<Location /authz>
    Require breaks
</Location>
C

done_testing;
