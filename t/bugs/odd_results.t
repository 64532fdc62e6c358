# What a handler's result does where it is none of the usual ones, and what the log says of it: a number beyond 32 bits counts as its
# lower 32 bits, as with mod_perl; before the URI is translated httpd heeds only errors and DONE; nobody reads the result of a cleanup;
# a provider has results of its own.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

my %modules = (
    trace_module,
    'My/Odd.pm' => <<'P',
package My::Odd;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
use T::Trace ();
my %number = (big => 1e30, small => -1e30, inf => 9**9**9, nan => -sin(9**9**9), bits33 => 2**32, bits33_403 => 2**32 + 403, bits63 => 2**63, most => ~0, text => '1e30', half => 403.9);
sub access { $number{ $_[0]->args } // $_[0]->args }
sub page { my $r = shift; $r->print('page ', $r->uri); return 0 }
sub before { my $r = shift; $r->headers_out->set(Location => '/else'); return $r->uri =~ m{^/pre} && $r->args =~ /^(-?\d+)$/ ? $1 : -1 }
sub cleanup { T::Trace::note('cleanup', $_[0]->args); return $_[0]->args }
sub provider { 99 }
sub password { 99 }
sub text { 'yes' }
1;
P
);
my $CONF = <<'C';
PerlModule My::Odd
<Location />
    SetHandler modperl
    PerlResponseHandler My::Odd::page
</Location>
<Location /access>
    PerlAccessHandler My::Odd::access
</Location>
<Location /cleanup>
    PerlCleanupHandler My::Odd::cleanup
</Location>
C
my $OURS = <<'C';
PerlPreTranslateHandler My::Odd::before
LuaPreTranslateHandler "function(r) return tonumber((r.args or ''):match('^lua(.*)') or -1) end"
LuaHookPreTranslateName odd.lua hook
LuaAuthzProvider odd_lua odd.lua provider
PerlAddAuthzProvider odd_perl My::Odd::provider
PerlAddAuthzProvider odd_text My::Odd::text
PerlAddAuthnProvider odd_password My::Odd::password
<Location /lua_cleanup>
    LuaCleanupHandler "function(r) note(r.args) return tonumber(r.args) end"
</Location>
<Location /authz>
    AuthType Basic
    AuthName test
    AuthBasicProvider odd_password
</Location>
<Location /authz/lua>
    Require odd_lua
</Location>
<Location /authz/perl>
    Require odd_perl
</Location>
<Location /authz/text>
    Require odd_text
</Location>
<Location /authz/password>
    Require valid-user
</Location>
C
my $LUA = <<'L';
function hook(r) return tonumber((r.args or ""):match("^hook(.*)") or -1) end
function provider(r) return 99 end
L

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $class = ours ? 'TestHttpd::Lua' : 'TestHttpd';
    my $s = $class->start(mpm => $mpm, perl => 1, modules => \%modules, load => [qw(auth_basic authn_file authz_user)], config => $CONF . (ours ? $OURS : ''),
        ours ? (scripts => { 'odd.lua' => $LUA }) : ());
    my $silent = sub { my ($name) = @_; $s->log_unlike(qr/returned/, "$name: nothing is logged") };
    my %status = (big => 200, small => 200, inf => 200, nan => 200, bits33 => 200, bits33_403 => 403, bits63 => 200, most => 200, text => 200, half => 403);
    my %said = (bits33 => '4294967296, which is no status', bits33_403 => '4294967699, which is no status', small => 'a number that no status has, which counts as 0',
        nan => 'a number that no status has, which counts as 0', map { $_ => 'a number that no status has, which counts as -1' } qw(big inf most text));
    for my $name (sort keys %status) {
        $s->mark_log;
        is $s->get("/access?$name")->{status}, $status{$name}, "a result of $name: $status{$name}";
        ours or next;
        if (my $said = $said{$name}) { $s->log_like(qr/PerlAccessHandler My::Odd::access, \S+: returned \Q$said\E: return Apache2::Const::OK/, '  and the log says what it counts as') }
    }
    for my $n (1, 500, 999) {
        $s->mark_log;
        $s->trace;
        is $s->get("/cleanup?$n")->{status}, 200, "a cleanup handler that returns $n";
        ok scalar(grep { $_ eq "cleanup $n" } $s->wait_for_trace(qr/cleanup $n/, 10)), '  has run';
        $silent->('  and since nobody reads that');
    }
    return unless ours;
    for my $how ('', 'lua', 'hook') {
        for my $row ([302 => 200], [200 => 200], [999 => 200], [1 => 200], [404 => 404], [503 => 503], [0 => 200], [-1 => 200], [-2 => 200]) {
            my ($result, $status) = @$row;
            $s->mark_log;
            my $answer = $s->get("/pre/%2541?$how$result");
            my $uri = $result == -2 ? '/pre/%2541' : '/pre/%41';
            is "$answer->{status}" . ($status == 200 ? " $answer->{content}" : ''), $status == 200 ? "200 page $uri" : $status, "before the URI is translated, $result" . ($how && " of $how") . ": $status";
            my $said = $result == 302 || $result == 200 ? qr/returned $result, which httpd does not heed before the URI is translated: a redirect belongs to \w+TransHandler/
                : $result == 999 || $result == 1 ? qr/returned $result, which is no status/ : undef;
            my $directive = { '' => 'PerlPreTranslateHandler', lua => 'LuaPreTranslateHandler', hook => 'LuaHookPreTranslateName' }->{$how};
            if ($said) { $s->log_like(qr/$directive .*$said/, '  and the log says so') } else { $silent->('  which is usual') }
        }
    }
    my %authz = (lua => 'LuaAuthzProvider odd\.lua:provider, \S+: provider "odd_lua" returned 99: return AUTHZ_GRANTED \(1\), AUTHZ_DENIED \(0\)',
        perl => 'PerlAuthzHandler My::Odd::provider, \S+: provider "odd_perl" returned 99: return AUTHZ_GRANTED', text => 'PerlAuthzHandler My::Odd::text, \S+: provider "odd_text" did not return a number: return AUTHZ_GRANTED',
        password => 'PerlAuthenHandler My::Odd::password, \S+: provider "odd_password" returned 99: return AUTH_GRANTED \(1\), AUTH_DENIED \(0\)');
    for my $name (sort keys %authz) {
        $s->mark_log;
        is $s->get("/authz/$name", Authorization => 'Basic dTpw')->{status}, 500, "a provider with a wrong result ($name): 500";
        $s->log_like(qr/:(?:warn|error)\].*$authz{$name}/, '  and the log has its name, its result, and what to return');
    }
});

done_testing;
