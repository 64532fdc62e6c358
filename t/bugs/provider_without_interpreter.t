# A provider of authentication or authorization for which no interpreter came free was answered with 500, and httpd's page for that.
use lib 't/lib';
use TestHttpd::Lua;
use MIME::Base64 ();

plan skip_all => 'mod_perl waits for ever, mod_lua has no limit' unless ours;

my %modules = (trace_module, 'My/Provider.pm' => <<'P');
package My::Provider;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub password { my ($r, $user, $password) = @_; $password eq 'right' ? 1 : 0 }
sub may { my ($r, $line) = @_; $line ne 'nobody' ? 1 : 0 }
sub handler {
    my $r = shift;
    T::Trace::note('perl');
    my $end = time + 30;
    if ($r->args) { select undef, undef, undef, 0.02 while !-e '@var@/release' && time < $end }
    $r->print('ok');
    return 0;
}
1;
P
my %scripts = ('busy.lua' => <<'L');
function may(r) return apache2.AUTHZ_GRANTED end
function handle(r)
  r:notice("lua is busy")
  for i = 1, 1500 do
    if r.args ~= "stay" or r:stat("@var@/release") then break end
    r:usleep(20000)
  end
  r:puts("ok")
  return apache2.OK
end
L
my $config = <<'C';
PerlModule My::Provider
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 100ms
LuaInterpStart 1
LuaInterpMax 1
LuaInterpMaxWait 100ms
PerlAddAuthnProvider perl-password My::Provider::password
PerlAddAuthzProvider perl-may My::Provider::may
LuaAuthzProvider lua-may busy.lua may
ErrorDocument 503 "come again"
<Location /perl>
    SetHandler modperl
    PerlResponseHandler My::Provider
</Location>
<Location />
    AuthName here
</Location>
<Location /password>
    AuthType Basic
    AuthBasicProvider perl-password
    Require valid-user
</Location>
<Location /anybody>
    Require perl-may anybody
</Location>
<Location /nobody>
    Require perl-may nobody
</Location>
<Location /user>
    AuthType Basic
    AuthBasicProvider file
    AuthUserFile "@root@/users"
    <RequireAll>
        Require valid-user
        Require perl-may user
    </RequireAll>
</Location>
<Location /lua-may>
    Require lua-may
</Location>
<Location /file>
    AuthType Basic
    AuthBasicProvider file
    AuthUserFile "@root@/users"
    Require valid-user
</Location>
C
my @paths = qw(password anybody user lua-may);
my $s = TestHttpd::Lua->start(
    mpm => 'event', perl => 1, modules => \%modules, scripts => \%scripts, config => $config, load => ['authn_file'],
    files => { users => "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n", 'htdocs/busy.lua' => $scripts{'busy.lua'},
        map({ ("htdocs/$_/index.html" => $_) } @paths, qw(nobody file)) },
);
$s->expect_log(qr/InterpMax(?:Wait)?:|AH01630|AH01617|AH01797/);
sub as { (Authorization => 'Basic ' . MIME::Base64::encode_base64("ann:$_[0]", '')) }
my %as = (password => [as('right')], user => [as('secret')]);

sub all_pass {
    my ($when) = @_;
    is $s->get("/$_/index.html", @{ $as{$_} || [] })->{content}, $_, "$when: $_" for @paths;
}
all_pass('with interpreters');
is $s->get('/nobody/index.html')->{status}, 403, 'a refusal is one';
is $s->get('/password/index.html', as('wrong'))->{status}, 401, 'and so is a wrong password';

my @busy = map { my $busy = $s->socket; print {$busy} "GET $_?stay HTTP/1.0\r\n\r\n"; $busy } qw(/perl/ /busy.lua);
$s->wait_for_trace(qr/^perl/m);
$s->wait_for_log(qr/lua is busy/);
for my $path (@paths) {
    my $got = $s->get("/$path/index.html", @{ $as{$path} || [] });
    is "$got->{status} $got->{content}", '503 come again', "without an interpreter: $path";
    like $got->{headers}{'retry-after'}, qr/^\d+\z/, '  with the time to come again';
}
is $s->get('/file/index.html', as('wrong'))->{status}, 401, 'who needs none gets its own answer';
TestHttpd::spew($s->root . '/var/release', '');
like TestHttpd::Client::read_all($_, 30), qr/ok\z/, 'those who had them go on' for @busy;
all_pass('again');

done_testing;
