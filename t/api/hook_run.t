# Apache2::HookRun.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    outside => <<'C',
<Location /hook>
    SetHandler modperl
    PerlResponseHandler "sub { my $r = shift; $r->print('from the other one'); 0 }"
    PerlTypeHandler     "sub { 0 }"
</Location>
C
    rows    => <<'R',
Apache2::RequestRec::run_access_checker | $r->run_access_checker                              | /^(?:0\x7c-1)\z/
Apache2::RequestRec::run_auth_checker  | $r->run_auth_checker                                 | /^-?\d+\z/
Apache2::RequestRec::run_check_user_id | $r->run_check_user_id                                | /^-?\d+\z/
Apache2::RequestRec::run_fixups        | $r->run_fixups                                       | /^(?:0\x7c-1)\z/
Apache2::RequestRec::run_handler       | my $q = $r->lookup_uri('/hook'); $q->run_handler     | from the other one0
Apache2::RequestRec::run_header_parser | $r->run_header_parser                                | /^(?:0\x7c-1)\z/
Apache2::RequestRec::run_log_transaction | $r->run_log_transaction                            | /^(?:0\x7c-1)\z/
Apache2::RequestRec::run_map_to_storage | $r->run_map_to_storage                              | /^-?\d+\z/
Apache2::RequestRec::run_post_read_request | $r->run_post_read_request                        | /^(?:0\x7c-1)\z/
Apache2::RequestRec::run_translate_name | $r->run_translate_name                              | /^-?\d+\z/
Apache2::RequestRec::run_type_checker  | my $q = $r->lookup_uri('/hook'); $q->run_type_checker | 0
Apache2::RequestRec::invoke_handler    | my $q = $r->lookup_uri('/hook'); $q->invoke_handler  | from the other one0
Apache2::RequestRec::die               | $r->die(404); ''                                     | /404 Not Found/
R
);

done_testing;
