# What went wrong in silence, and is in the log or raised now: text behind a NUL byte; handlers given to a phase that there is not, or
# that is over.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

my %modules = ('My/Told.pm' => <<'P');
package My::Told;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use Apache2::Log ();
sub other { 0 }
my %do = (
    die       => sub { die "before\0behind the NUL\n" },
    warn      => sub { warn "before\0behind the NUL\n" },
    log       => sub { $_[0]->log_error("before\0behind the NUL") },
    server    => sub { $_[0]->server->log_error("before\0behind the NUL") },
    push      => sub { $_[0]->print($_[0]->push_handlers(PerlNoSuchHandler => \&other) || 'false') },
    childinit => sub { $_[0]->print($_[0]->server->push_handlers(PerlChildInitHandler => 'My::Told::other') || 'false') },
    openlogs  => sub { $_[0]->print($_[0]->server->set_handlers(PerlOpenLogsHandler => 'My::Told::other') || 'false') },
    postconf  => sub { $_[0]->print($_[0]->server->push_handlers(PerlPostConfigHandler => 'My::Told::other') || 'false') },
    childexit => sub { $_[0]->print($_[0]->server->push_handlers(PerlChildExitHandler => 'My::Told::other') || 'false') },
);
sub handler { my $r = shift; $do{ $r->args }->($r); return 0 }
1;
P
my $LUA = <<'L';
local function raised(r, f, ...) local ok, why = pcall(f, ...) r:puts(ok and "nothing was raised" or tostring(why)) return 0 end
function other(r) return 0 end
function nope(r) return raised(r, r.push_handlers, r, "Nope", other) end
function nope_set(r) return raised(r, r.set_handlers, r, "LuaNopeHandler", other) end
function nope_get(r) return raised(r, r.get_handlers, r, "Nope") end
function nope_server(r) return raised(r, r.server.push_handlers, r.server, "Nope", "told.lua:other") end
function right(r) r:puts(tostring(r:push_handlers("LuaLogHandler", other))) return 0 end
function dies(r) error("before\0behind the NUL") end
L
my @LUA = $LUA =~ /^function (\w+)/mg;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $class = ours ? 'TestHttpd::Lua' : 'TestHttpd';
    my $s = $class->start(mpm => $mpm, perl => 1, modules => \%modules, ours ? (scripts => { 'told.lua' => $LUA }) : (),
        config => "PerlModule My::Told\n<Location /perl>\n    SetHandler modperl\n    PerlResponseHandler My::Told\n</Location>\n"
            . (ours ? join '', map { "<Location /lua/$_>\n    SetHandler lua\n    LuaResponseHandler told.lua:$_\n</Location>\n" } @LUA : ''));
    $s->expect_log(qr/before/);
    if (ours) {
        for my $how (qw(die warn log server)) {
            $s->mark_log;
            $s->get("/perl?$how");
            $s->log_like(qr/\[perl:\w+\].*before\\+0behind the NUL/, "$how with a NUL byte: the rest of the text is in the log");
        }
        $s->mark_log;
        $s->get('/lua/dies');
        $s->log_like(qr/\[lua:error\].*before\\+0behind the NUL/, 'error() of Lua with one, too');
    }
    is $s->get('/perl?push')->{content}, 'false', 'push_handlers to a phase that there is not is false in Perl';
    my %over = (childinit => 'ChildInit', openlogs => 'OpenLogs', postconf => 'PostConfig');
    for my $how (sort keys %over) {
        $s->mark_log;
        is $s->get("/perl?$how")->{content}, 1, "handlers of $over{$how} given to a server that serves";
        $s->log_like(qr/\[perl:warn\].*Perl$over{$how}Handler: the handlers that a script gives the server now are never called, since this phase is over/,
            '  and the log says that they are never called') if ours;
    }
    $s->mark_log;
    is $s->get('/perl?childexit')->{content}, 1, 'one of ChildExit';
    $s->log_unlike(qr/never called/, '  will be called');
    return unless ours;
    like $s->get("/lua/$_")->{content}, qr/there is no phase "(?:Lua)?Nope(?:Handler)?" for handlers/, "a phase that there is not is an error in Lua ($_)" for grep { /nope/ } @LUA;
    is $s->get('/lua/right')->{content}, 'true', 'and one that there is none';
});

done_testing;
