# Apache2::Access.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    load    => [qw(auth_basic authn_core authn_file authz_user authz_core)],
    outside => <<'C',
<Location /auth>
    AuthType Basic
    AuthName "A place"
</Location>
C
    rows    => <<'R',
Apache2::RequestRec::auth_name            | $r->auth_name, $r->auth_name('A new place'), $r->auth_name('"Quoted by hand"') | undef,A new place,Quoted by hand
Apache2::RequestRec::auth_name            | $r->auth_name('with a "quote"'), $r->auth_name('a"'), $r->auth_name("it's"), $r->auth_name('"a \\"b\\""'), $r->auth_name('a\\"b') | with a \"quote\",a\",it's,a \"b\",a\"b
Apache2::RequestRec::auth_type            | $r->auth_type('a"b'), $r->auth_type('a\\"b') | a"b,a"b
Apache2::RequestRec::auth_type            | $r->auth_type, $r->auth_type('Digest'), $r->auth_type        | none,Digest,Digest
Apache2::RequestRec::some_auth_required   | $r->some_auth_required ? 1 : 0                               | /^[01]\z/
Apache2::RequestRec::get_basic_auth_pw    | $r->location_merge('/auth'); $r->get_basic_auth_pw           | 401,undef
Apache2::RequestRec::get_basic_auth_pw    | $r->location_merge('/auth'); $r->set_basic_credentials('me', 'secret'); $r->get_basic_auth_pw, $r->user | 0,secret,me
Apache2::RequestRec::note_auth_failure    | $r->location_merge('/auth'); $r->note_auth_failure; $r->err_headers_out->{'WWW-Authenticate'} | Basic realm="A place"
Apache2::RequestRec::note_basic_auth_failure | $r->location_merge('/auth'); $r->note_basic_auth_failure; $r->err_headers_out->{'WWW-Authenticate'} | Basic realm="A place"
Apache2::RequestRec::note_digest_auth_failure | $r->location_merge('/auth'); $r->note_digest_auth_failure; $r->err_headers_out->{'WWW-Authenticate'} | /^(?:Digest realm="A place".*\x7cBasic realm="A place"\x7cundef)\z/
Apache2::RequestRec::allow_options        | $r->allow_options                                            | /^\d+\z/
Apache2::RequestRec::allow_override_opts  | $r->allow_override_opts                                      | /^\d+\z/
Apache2::RequestRec::allow_overrides      | $r->allow_overrides                                          | /^\d+\z/
Apache2::RequestRec::allow_methods        | $r->allow_methods(1, 'PUT', 'DELETE'); $r->allow_methods(0, 'GET'); 'status 405' | /405/
Apache2::RequestRec::get_remote_logname   | $r->get_remote_logname                                       | undef
Apache2::RequestRec::satisfies            | $r->satisfies                                                | 2
R
);

done_testing;
