# Handlers that return text. What begins with a number is that number, as with mod_perl. In Lua, where "403 Forbidden" is none, an access
# handler that returns it lets nobody in.
use lib 't/lib';
use TestHttpd::Lua;

my %modules = ('My/Text.pm' => <<'P');
package My::Text;
use strict;
use warnings FATAL => 'all';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
my %text = (forbidden => '403 Forbidden', glued => '403abc', blank => " 403 x", unauthorized => '401 Unauthorized', float => '403.7 x', missing => '404 Not Found',
    declined => '-1 no', ok => '0 fine', word => 'fine', inf => 'information', nan => 'nano', hex => '0x193', number => '403', exponent => '4.03e2 x');
$SIG{__WARN__} = sub { die "warned: @_" };
sub result  { $text{ $_[0]->args } }
sub page    { my $r = shift; $r->content_type('text/plain'); $r->print('page'); 0 }
1;
P
my $lua = <<'C';
<Location /lua>
    SetHandler modperl
    PerlResponseHandler My::Text::page
    LuaAccessHandler text.lua:result
</Location>
<Location /luafixup>
    SetHandler modperl
    PerlResponseHandler My::Text::page
    LuaFixupHandler text.lua:result
</Location>
C
plan skip_all => 'the module is built without Perl' unless TestHttpd::has_perl();
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, modules => \%modules, scripts => { 'text.lua' => <<'L' }, config => <<'C' . (ours() ? $lua : ''));
local results = { forbidden = "403 Forbidden", yes = true, list = {}, number = "403", ok = 0 }
function result(r) return results[r.args] end
L
PerlModule My::Text
<Location /access>
    SetHandler modperl
    PerlResponseHandler My::Text::page
    PerlAccessHandler My::Text::result
</Location>
<Location /fixup>
    SetHandler modperl
    PerlResponseHandler My::Text::page
    PerlFixupHandler My::Text::result
</Location>
<Location /response>
    SetHandler modperl
    PerlResponseHandler My::Text::result
</Location>
C
    my %want = (forbidden => 403, glued => 403, blank => 403, float => 403, number => 403, exponent => 403, unauthorized => 401, missing => 404, ok => 200,
        word => 200, hex => 200, inf => 200, nan => 200);
    for my $phase (qw(access fixup response)) {
        is $s->get("/$phase?$_")->{status}, $want{$_}, "$phase: $_" for sort keys %want;
    }
    is $s->get("/$_?declined")->{status}, 200, "$_: DECLINED" for qw(access fixup);
    if (ours()) {
        my %lua = (forbidden => 500, yes => 500, list => 500, number => 403, ok => 200, nothing => 200);
        is $s->get("/lua?$_")->{status}, $lua{$_}, "Lua: $_" for sort keys %lua;
        $s->log_like(qr/LuaAccessHandler text\.lua:result, \S+: returned no number, which refuses the request: return apache2\.OK/, 'the log says so');
        is $s->get('/luafixup?yes')->{status}, 200, 'Lua: in another phase it is OK';
    }
});

done_testing;
