# What a response handler prints is kept back up to 8 KiB, as with mod_perl, and passed on at once by a flush.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'the handler in Perl and the filter in Lua are ours' unless ours && TestHttpd::has_perl();

my $s = TestHttpd::Lua->start(perl => 1, modules => { 'My/Prints.pm' => <<'P' }, scripts => { 'count.lua' => <<'L', 'prints.lua' => <<'M' }, config => <<'C');
package My::Prints;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    my ($times, $bytes, $flush) = split /,/, $r->args;
    $r->content_type('text/plain');
    for (1 .. $times) { $r->print('x' x $bytes); $r->rflush if $flush }
    return 0;
}
1;
P
function count(r)
  coroutine.yield()
  while bucket do
    coroutine.yield(#bucket .. " ")
  end
end
L
function handle(r)
  local times, bytes, flush = r.args:match("(%d+),(%d+),?(%d?)")
  r.content_type = "text/plain"
  for i = 1, tonumber(times) do r:write(("x"):rep(tonumber(bytes))) if flush ~= "" then r:flush() end end
  return apache2.OK
end
M
LuaOutputFilter count "@root@/lua/count.lua" count
SetOutputFilter count
<Location /perl>
    SetHandler modperl
    PerlResponseHandler My::Prints
</Location>
LuaMapHandler ^/lua "@root@/lua/prints.lua"
C
for my $path ('/perl', '/lua') {
    my $pieces = sub { $s->get("$path?$_[0]")->{content} =~ s/ \z//r };
    is $pieces->('8,1000'),    '8000',           "$path: 8,000 bytes are one piece";
    is $pieces->('20,1000'),   '8000 8000 4000', "$path: 20,000 bytes in prints of 1,000" if $path eq '/perl';    # Lua writes by httpd's own buffer
    is $pieces->('2,8192'),    '8192 8192',      "$path: a print that fills it";
    is $pieces->('1,30000'),   '30000',          "$path: one that is larger";
    is $pieces->('3,10,1'),    '10 10 10',       "$path: flushed";
}

done_testing;
