# Apache2::SubRequest, Apache2::URI and Apache2::HookRun.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    load    => ['dir'],
    outside => <<'C',
<Location /hook>
    SetHandler modperl
    PerlResponseHandler "sub { my $r = shift; $r->print('from the other one'); 0 }"
    PerlTypeHandler     "sub { 0 }"
</Location>
C
    files => { 'htdocs/dir/sub.txt' => 'sub text' },
    log   => qr/said|no such/,
    rows  => <<'R',
Apache2::RequestRec::lookup_uri        | my $q = $r->lookup_uri('/plain.txt'); ref $q, $q->status, $q->uri, $q->main->uri | Apache2::SubRequest,200,/plain.txt,/case
Apache2::RequestRec::lookup_uri        | my $q = $r->lookup_uri('/none'); $q->status, $q->finfo->filetype | 200,0
Apache2::RequestRec::lookup_uri        | $r->lookup_uri('/plain.txt', $r->output_filters)->run | plain text0
Apache2::RequestRec::lookup_file       | my $q = $r->lookup_file($r->document_root . '/plain.txt'); $q->run | plain text0
Apache2::RequestRec::lookup_method_uri | $r->lookup_method_uri(HEAD => '/plain.txt')->method  | HEAD
Apache2::RequestRec::lookup_dirent     | my $q = $r->lookup_file($r->document_root . '/dir/sub.txt'); my $f = APR::Finfo::stat($r->document_root . '/plain.txt', APR::Const::FINFO_NORM \x7c APR::Const::FINFO_NAME, $p); $r->filename($r->document_root . '/x'); my $e = $r->lookup_dirent($f); defined $e ? $e->filename =~ /plain.txt\z/ : 'without a name' | /^(?:1\x7cwithout a name)\z/
Apache2::SubRequest::run               | $r->print('before '); $r->lookup_uri('/hook')->run   | before from the other one0
Apache2::SubRequest::DESTROY           | my $q = $r->lookup_uri('/plain.txt'); my $x = $q->pool; $q->DESTROY; eval { $q->uri }; $@ | /^Apache2::RequestRec::uri: request is gone/
Apache2::SubRequest::DESTROY           | my $q = $r->lookup_uri('/plain.txt'); my $h = $q->headers_in; undef $q; eval { $h->get('a') }; $@ | /gone/
Apache2::RequestRec::internal_redirect | $r->internal_redirect('/plain.txt'); ''              | plain text
Apache2::RequestRec::internal_redirect_handler | $r->internal_redirect_handler('/hook'); ''   | from the other one
Apache2::RequestRec::internal_fast_redirect | my $q = $r->lookup_uri('/plain.txt'); $r->internal_fast_redirect($q); undef $q; $r->filename =~ /plain\.txt\z/, $r->content_type | 1,text/plain
Apache2::RequestRec::parsed_uri        | my $u = $r->parsed_uri; ref $u, $u->path, $u->query =~ /^\d+$/ | APR::URI,/case,1
Apache2::RequestRec::parse_uri         | $r->parse_uri('/other/path?q=1'); $r->uri, $r->args  | /other/path,q=1
Apache2::RequestRec::construct_server  | $r->construct_server('h', 99), $r->construct_server('h', 80, $p) | h:99,h
Apache2::RequestRec::construct_url     | $r->construct_url, $r->construct_url('/z', $p)       | /^http:\/\/127\.0\.0\.1:\d+\/case,http:\/\/127\.0\.0\.1:\d+\/z\z/
Apache2::URI::unescape_url             | my $u = 'a%20b%2f'; Apache2::URI::unescape_url($u); $u | /^a b/
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
