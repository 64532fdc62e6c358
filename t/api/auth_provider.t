# Apache2::RequestUtil::register_auth_provider: what AuthBasicProvider, AuthDigestProvider and Require name may be Perl.
use lib 't/lib';
use TestHttpd;
use Digest::MD5 'md5_hex';

my $lines = <<'P';
package T::Lines;
use Apache2::RequestRec ();
sub password { my ($r, $user, $password) = @_; $password eq reverse($user) ? 1 : $user eq 'none' ? 3 : 0 }
sub may { my ($class, $r, $line) = @_; my $user = $r->user; !defined $user ? 4 : scalar grep { $user eq $_ } split m{ }, $line }
1;
P

# Rows of what the second callback of `Require` is given, for the line of /only.
my @parms = map { [ map { s/^\s+|\s+\z//gr } split /\|/ ] } grep { /\S/ } split /\n/, <<'R';
Apache2::CmdParms::path      | $parms->path          | /only
Apache2::CmdParms::server    | ref $parms->server    | Apache2::ServerRec
Apache2::CmdParms::override  | $parms->override & Apache2::Const::OR_AUTHCFG | 8
R

my %modules = (trace_module(), 'T/Lines.pm' => $lines, 'T/Auth.pm' => <<'P' =~ s/\@parms\@/join ', ', map { $_->[1] =~ s{\$}{\\\$}gr } @parms/er);
package T::Auth;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use Apache2::Process ();
use Apache2::CmdParms ();
use APR::Pool ();
use APR::Table ();
use Apache2::Const -compile => ':auth', 'OK', ':authn_status', ':authz_status', ':override';
use Digest::MD5 ();
use T::Trace ();

my $pool = Apache2::ServerUtil->server->process->pconf;
sub add {
    my ($group, $name, @callbacks) = @_;
    Apache2::RequestUtil::register_auth_provider($pool, $group, $name, Apache2::Const::AUTHN_PROVIDER_VERSION,
        @callbacks, Apache2::Const::AUTH_INTERNAL_PER_CONF);
}
our $status = add(Apache2::Const::AUTHN_PROVIDER_GROUP, 'perl-basic', sub {
    my ($r, $user, $password) = @_;
    die "no such thing\n" if $user eq 'dies';
    exit if $user eq 'exits';
    return 77 if $user eq 'odd';
    return Apache2::Const::AUTH_USER_NOT_FOUND if $user eq 'nobody' || $user eq 'named';
    $r->notes->set(asked => ref $r);
    return $password eq "$user-secret" ? Apache2::Const::AUTH_GRANTED : Apache2::Const::AUTH_DENIED;
}, undef);
add('authn', 'perl-named', 'T::Auth::named', undef);
sub named { $_[1] eq 'named' && $_[2] eq 'pw' ? Apache2::Const::AUTH_GRANTED : Apache2::Const::AUTH_USER_NOT_FOUND }
add('authn', 'perl-digest', sub { Apache2::Const::AUTH_DENIED }, sub {
    my ($r, $user, $realm, $hash) = @_;
    return Apache2::Const::AUTH_USER_NOT_FOUND unless $user eq 'bob';
    $$hash = Digest::MD5::md5_hex("$user:$realm:bobs");
    return Apache2::Const::AUTH_USER_FOUND;
});
add(Apache2::Const::AUTHZ_PROVIDER_GROUP, 'perl-may', sub {
    my ($r, $line) = @_;
    return Apache2::Const::AUTHZ_DENIED_NO_USER if $line =~ /^user/ && !defined $r->user;
    die "no idea\n" if $line eq 'dies';
    return $line eq 'user ' . ($r->user // '') || $line eq $r->method ? Apache2::Const::AUTHZ_GRANTED : Apache2::Const::AUTHZ_DENIED;
}, sub {
    my ($parms, $line) = @_;
    our $kept = $parms;
    T::Trace::note("$line: ", eval "@parms@") if $line eq 'user ann';
    return $line eq 'nonsense' ? 'nonsense is no line' : undef;
});
sub handler {
    my $r = shift;
    my $stale = eval { our $kept->path; 'lives' } || $@;
    $r->print(join ',', $status, $r->user // 'none', $r->notes->get('asked') // 'none', $r->notes->get('mod_interp.realm_hash') // 'none', $stale =~ /is gone/ ? 'gone' : $stale);
    return 0;
}
sub late {
    my $r = shift;
    eval { add('authn', 'late', sub { 1 }, undef) };
    $r->print($@);
    return 0;
}
1;
P

my $conf = <<'C';
PerlModule T::Lines
PerlAddAuthnProvider line-basic T::Lines::password
PerlAddAuthzProvider line-may "T::Lines->may"
PerlConfigRequire @lib@/T/Auth.pm
SetHandler modperl
PerlResponseHandler T::Auth
<Location /basic>
    AuthType Basic
    AuthName basic
    AuthBasicProvider perl-basic perl-named
    Require valid-user
</Location>
<Location /digest>
    AuthType Digest
    AuthName digest
    AuthDigestProvider perl-digest
    Require valid-user
</Location>
<Location /only>
    AuthType Basic
    AuthName basic
    AuthBasicProvider perl-basic
    Require perl-may user ann
</Location>
<Location /get>
    Require perl-may GET
</Location>
<Location /dies>
    Require perl-may dies
</Location>
<Location /lines>
    AuthType Basic
    AuthName basic
    AuthBasicProvider line-basic
    Require line-may ann ben
</Location>
<Location /late>
    PerlResponseHandler T::Auth::late
</Location>
<Directory @root@/htdocs>
    AllowOverride AuthConfig
</Directory>
C

sub basic { require MIME::Base64; (Authorization => 'Basic ' . MIME::Base64::encode_base64("$_[0]:$_[1]", '')) }

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm => $mpm, modules => \%modules, load => [qw(auth_basic auth_digest authn_core authn_file authz_core authz_user)], config => $conf,
        files => { 'htdocs/wrong/.htaccess' => "Require perl-may nonsense\n", 'htdocs/right/.htaccess' => "Require perl-may GET\n" },
    );
    $s->expect_log(qr/no such thing|no idea|Password Mismatch|not found|nonsense is no line|AH0/);
    my $basic = sub { my $a = $s->get('/basic', basic(@_)); $a->{status} == 200 ? $a->{content} : $a->{status} };
    is $basic->(qw(ann ann-secret)), '0,ann,Apache2::RequestRec,none,gone', 'the code says that a password is right';
    is $basic->(qw(ann wrong)), 401, 'and that another is not';
    is $basic->(qw(named pw)), '0,named,none,none,gone', 'a user it does not know is for the next provider';
    is $basic->(qw(nobody x)), 401, 'a user that neither knows';
    is $basic->(qw(exits x)), 401, 'exit denies';
    is $basic->(qw(dies x)), 500, 'die is an error of the server';
    is $basic->(qw(odd x)), 500, 'so is a status that there is not';
    is $s->get('/basic')->{status}, 401, 'no password, no code';

    my $only = sub { $s->get('/only', @_)->{status} };
    is $only->(basic(qw(ann ann-secret))), 200, 'a Require line that names its user';
    is $only->(basic(qw(ben ben-secret))), 401, 'is not for others';
    is $only->(), 401, 'and asks who it is';
    is $s->get('/get')->{status}, 200, 'a Require line without a user';
    is $s->post('/get', 'x')->{status}, 403, 'denies, too';
    is $s->get('/dies')->{status}, 500, 'die in it is an error of the server';
    is $s->get('/right/x')->{status}, 200, 'a Require line of a .htaccess';
    is $s->post('/right/x', 'x')->{status}, 403, 'denies, too';
    is $s->get('/wrong/x')->{status}, 500, 'one that the second callback refuses is an error there';
    like $s->get('/late')->{content}, qr/Can't run 'register_auth_provider' after server startup/, 'not once the server serves';
    is +(grep { /user ann/ } $s->trace)[0], join(' ', 'user ann: ', map { $_->[2] } @parms), 'the second callback sees where its line stands';

    my $by_line = sub { $s->get('/lines', basic(@_))->{status} };
    is $by_line->(qw(ann nna)), 200, 'providers of PerlAddAuthnProvider and PerlAddAuthzProvider';
    is $by_line->(qw(ann ann)), 401, 'a wrong password there';
    is $by_line->(qw(eve eve)), 401, 'a user that the Require line does not name';

    my ($nonce) = $s->get('/digest')->{headers}{'www-authenticate'} =~ /nonce="([^"]+)"/;
    my $digest = sub {
        my ($user, $password, $uri) = (@_, '/digest');
        my ($nc, $cnonce) = ('00000001', 'abc');
        my $response = md5_hex(join ':', md5_hex("$user:digest:$password"), $nonce, $nc, $cnonce, 'auth', md5_hex("GET:$uri"));
        $s->get($uri, Authorization => qq(Digest username="$user", realm="digest", nonce="$nonce", uri="$uri", response="$response", qop=auth, nc=$nc, cnonce="$cnonce"));
    };
    is $digest->(qw(bob bobs))->{content}, '0,bob,none,none,gone', 'AuthDigestProvider gets its hash, which no note keeps';
    is $digest->(qw(bob wrong))->{status}, 401, 'a wrong password';
    is $digest->(qw(tom bobs))->{status}, 401, 'a user that is not found';

    $s->graceful;
    is $basic->(qw(ann ann-secret)), '0,ann,Apache2::RequestRec,none,gone', 'after a restart as before';
});

for_each_mpm('event', sub {
    my $s = TestHttpd->start(
        mpm => 'event', modules => \%modules, load => [qw(authn_core authz_core)],
        config => "PerlInterpStart 1\nPerlInterpMax 1\nPerlInterpMinSpare 1\nPerlInterpMaxSpare 1\nPerlTransHandler 'sub { -1 }'\n$conf" =~ s/^\s*Auth(?:Basic|Digest)Provider.*//mgr,
        files => { 'htdocs/wrong/.htaccess' => "Require perl-may nonsense\n", 'htdocs/right/.htaccess' => "Require perl-may GET\n" },
    );
    $s->expect_log(qr/AH0/);
    is $s->get('/right/x')->{status}, 200, 'a request that holds the only interpreter reads a .htaccess';
    is $s->get('/wrong/x')->{status}, 403, 'whose line is then looked at when it counts';
}) if ours();

my ($status, $log) = TestHttpd->start_fails(
    modules => \%modules, load => [qw(authn_core authz_core)],
    config => "PerlConfigRequire \@lib\@/T/Auth.pm\n<Location /x>\n    Require perl-may nonsense\n</Location>\n",
);
is $status, 1, 'a Require line that the second callback refuses ends the start';
like $log, qr/line \d+ of .*\n.*nonsense is no line|nonsense is no line/, 'with its words';

done_testing;
