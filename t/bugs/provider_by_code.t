# A provider that is registered with a code reference denied everybody.
use lib 't/lib';
use TestHttpd;
use MIME::Base64 'encode_base64';

plan skip_all => 'needs mod_auth_digest' unless have_httpd_module('auth_digest');

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['auth_digest'], modules => { 'My/Code.pm' => <<'P' }, files => { map { ("htdocs/$_/a.txt" => "page of $_") } qw(basic digest group) }, config => <<'C');
package My::Code;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use APR::Pool ();
use Apache2::Process ();
use Apache2::Const -compile => qw(AUTH_GRANTED AUTH_DENIED AUTH_USER_FOUND AUTHZ_GRANTED AUTHZ_DENIED AUTHZ_DENIED_NO_USER AUTH_INTERNAL_PER_CONF AUTHN_PROVIDER_GROUP AUTHZ_PROVIDER_GROUP AUTHN_PROVIDER_VERSION);
use Digest::MD5 'md5_hex';
my $pool = Apache2::ServerUtil->server->process->pconf;
Apache2::RequestUtil::register_auth_provider($pool, Apache2::Const::AUTHN_PROVIDER_GROUP, 'code', Apache2::Const::AUTHN_PROVIDER_VERSION,
    sub { my ($r, $user, $password) = @_; $password eq "$user-pw" ? Apache2::Const::AUTH_GRANTED : Apache2::Const::AUTH_DENIED },
    sub { my ($r, $user, $realm, $hash) = @_; $$hash = md5_hex("$user:$realm:$user-pw"); Apache2::Const::AUTH_USER_FOUND },
    Apache2::Const::AUTH_INTERNAL_PER_CONF);
Apache2::RequestUtil::register_auth_provider($pool, Apache2::Const::AUTHZ_PROVIDER_GROUP, 'named', Apache2::Const::AUTHN_PROVIDER_VERSION,
    sub { my ($r, $line) = @_; !defined $r->user ? Apache2::Const::AUTHZ_DENIED_NO_USER : $r->user eq $line ? Apache2::Const::AUTHZ_GRANTED : Apache2::Const::AUTHZ_DENIED },
    undef, Apache2::Const::AUTH_INTERNAL_PER_CONF);
1;
P
PerlConfigRequire @lib@/My/Code.pm
<Location /basic>
    AuthType Basic
    AuthName here
    AuthBasicProvider code
    Require valid-user
</Location>
<Location /digest>
    AuthType Digest
    AuthName here
    AuthDigestProvider code
    Require valid-user
</Location>
<Location /group>
    AuthType Basic
    AuthName here
    AuthBasicProvider code
    Require named ann
</Location>
C
    $s->expect_log(qr/AH01617|AH01631/);
    my $ask = sub { my ($path, $user, $password) = @_; $s->get("/$path/a.txt", Authorization => 'Basic ' . encode_base64("$user:$password", '')) };
    is $ask->('basic', 'ann', 'ann-pw')->{content}, 'page of basic', 'the right password lets in';
    is $ask->('basic', 'ann', 'other')->{status}, 401, 'another does not';
    is $ask->('group', 'ann', 'ann-pw')->{content}, 'page of group', 'a Require line in code lets in';
    is $ask->('group', 'bob', 'bob-pw')->{status}, 401, 'and keeps out';
    SKIP: {
        skip 'needs curl', 1 unless `curl -V 2>/dev/null`;
        is `curl -s --digest -u ann:ann-pw @{[ $s->url('/digest/a.txt') ]}`, 'page of digest', 'the second callback gives a hash for digest';
    }
});

done_testing;
