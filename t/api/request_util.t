# Apache2::RequestUtil, Apache2::Response and Apache2::Access.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    load    => [qw(auth_basic authn_core authn_file authz_user authz_core)],
    conf    => 'PerlOptions +GlobalRequest',
    outside => <<'C',
<Location /other>
    PerlSetVar Color blue
    AuthName "Other place"
</Location>
<Location /auth>
    AuthType Basic
    AuthName "A place"
</Location>
C
    code => <<'P',
our @ran;
sub note_fixup { push @ran, 'named'; 0 }
sub slurp { open my $f, '<', shift; local $/; <$f> }
P
    files => { 'htdocs/plain.txt' => 'plain text' },
    log   => qr/Can't change|no such/,
    rows  => <<'R',
Apache2::RequestRec::pnotes               | $r->pnotes(a => [1, 2]); @{ $r->pnotes('a') }                | 1,2
Apache2::RequestRec::pnotes               | $r->pnotes('none')                                           | undef
Apache2::RequestRec::pnotes_kill          | $r->pnotes(a => 1); $r->pnotes_kill; $r->pnotes('a')         | undef
Apache2::RequestRec::dir_config           | $r->dir_config('Color'), $r->dir_config->get('Color'), $r->dir_config('Where'), $r->dir_config('none') | red,red,green,server,undef
Apache2::RequestRec::dir_config           | $r->dir_config(New => 'n'); $r->dir_config('New')            | n
Apache2::RequestRec::push_handlers        | $r->push_handlers(PerlLogHandler => sub { 0 }) ? 1 : 0       | 1
Apache2::RequestRec::push_handlers        | $r->push_handlers(NoSuchHandler => sub { 0 }) ? 1 : 0        | 0
Apache2::RequestRec::push_handlers        | $r->push_handlers(PerlChildInitHandler => sub { 0 })         | /^died: .*too late to modify PerlChildInitHandler handlers/
Apache2::RequestRec::set_handlers         | $r->set_handlers(PerlLogHandler => 'T::Case::note_fixup') ? 1 : 0 | 1
Apache2::RequestRec::set_handlers         | $r->set_handlers(PerlLogHandler => undef); defined $r->get_handlers('PerlLogHandler') ? 1 : 0 | 0
Apache2::RequestRec::get_handlers         | $r->push_handlers(PerlLogHandler => 'T::Case::note_fixup'); my $l = $r->get_handlers('PerlLogHandler'); $l->[0] == \&note_fixup | 1
Apache2::RequestRec::get_handlers         | ref $r->get_handlers('PerlResponseHandler')->[0]             | CODE
Apache2::RequestRec::get_handlers         | $r->get_handlers('PerlFixupHandler'), $r->get_handlers('none') | undef,undef
Apache2::RequestRec::is_perl_option_enabled | $r->is_perl_option_enabled('GlobalRequest') ? 1 : 0, $r->is_perl_option_enabled('ParseHeaders') ? 1 : 0 | 1,0
Apache2::RequestRec::is_perl_option_enabled | $r->is_perl_option_enabled('None such')                    | /^died: /
Apache2::RequestRec::add_config           | $r->add_config(['PerlSetVar Added yes', 'PerlSetVar Color pink']); $r->dir_config('Added'), $r->dir_config('Color') | yes,pink
Apache2::RequestRec::add_config           | $r->add_config(['Options Indexes', 'ForceType text/x'], 255); $r->allow_options & 1 | 1
Apache2::RequestRec::add_config           | $r->add_config(['NoSuchDirective on'])                       | /^died: .*\$r->add_config\(\) has failed: Invalid command 'NoSuchDirective'/
Apache2::RequestRec::add_config           | $r->add_config('PerlSetVar A b')                             | /^died: .*not an array reference/
Apache2::RequestRec::add_config           | $r->add_config(['Options Indexes'], 0)                       | /^died: .*not allowed here/
Apache2::RequestRec::location             | $r->location                                                 | /case
Apache2::RequestRec::location_merge       | $r->location_merge('/other') ? 1 : 0, $r->dir_config('Color'), $r->auth_name | 1,blue,Other place
Apache2::RequestRec::location_merge       | $r->location_merge('/none') ? 1 : 0, $r->dir_config('Where') | 0,server
Apache2::RequestRec::new                  | my $n = Apache2::RequestRec->new($c); ref $n, $n->method, $n->uri, $n->protocol, $n->status, ref $n->headers_in | Apache2::RequestRec,GET,/,UNKNOWN,200,APR::Table
Apache2::RequestRec::new                  | my $n = Apache2::RequestRec->new($c, APR::Pool->new); $n->pnotes(a => 3); $n->notes->set(a => 4); $n->pnotes('a'), $n->notes->{a} | 3,4
Apache2::RequestRec::new                  | my $q = APR::Pool->new; my $n = Apache2::RequestRec->new($c, $q); undef $q; $n->uri; $q = APR::Pool->new; $n = Apache2::RequestRec->new($c, $q); $q->destroy; $n->uri | /^died: Apache2::RequestRec::uri: request is gone/
Apache2::RequestRec::child_terminate      | Apache2::MPM->is_threaded ? $r->child_terminate : 'terminates'                               | /^terminates\z\x7c^died: .*Can't run '\$r->child_terminate' in a threaded mpm/
Apache2::RequestRec::is_initial_req       | $r->is_initial_req ? 1 : 0, $r->lookup_uri('/')->is_initial_req ? 1 : 0 | 1,0
Apache2::RequestRec::get_server_name      | $r->get_server_name                                          | 127.0.0.1
Apache2::RequestRec::get_server_port      | $r->get_server_port > 1024                                   | 1
Apache2::RequestRec::get_limit_req_body   | $r->get_limit_req_body                                       | /^(?:0\x7c1073741824)\z/
Apache2::RequestRec::document_root        | $r->document_root                                            | /htdocs\z/
Apache2::RequestRec::document_root        | my $o = $r->document_root; eval { $r->document_root('/tmp'); 1 } ? $r->document_root : $@ | /^\/tmp\z\x7cCan't run 'setting \$r->document_root' in the threaded environment after server startup/
Apache2::RequestRec::document_root        | $r->document_root                                            | /htdocs\z/
Apache2::RequestRec::as_string            | $r->headers_out->set(Z => 1); $r->as_string                  | /(?s)^GET \/case\?\d+ HTTP.*X-Test: yes\n(?:.*\n)?\nHTTP\S+ .*\nZ: 1\n/
Apache2::RequestRec::slurp_filename       | $r->filename($r->document_root . '/plain.txt'); my $x = $r->slurp_filename; ref $x, $$x | SCALAR,plain text
Apache2::RequestRec::slurp_filename       | $r->filename($r->document_root . '/plain.txt'); ${ $r->slurp_filename(0) } | plain text
Apache2::RequestRec::slurp_filename       | $r->filename('/none'); eval { $r->slurp_filename }; ref $@, $@->{rc} | APR::Error,2
Apache2::RequestRec::psignature           | $r->psignature('<hr>')                                       | /^<hr>.*Apache.* Server at <?a?.*127\.0\.0\.1/
Apache2::RequestRec::set_basic_credentials | $r->set_basic_credentials('Aladdin', 'open sesame'); $r->headers_in->{Authorization} | Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
Apache2::RequestUtil::request             | ref(Apache2::RequestUtil->request), Apache2::RequestRec->method | Apache2::RequestRec,GET
Apache2::RequestUtil::request             | Apache2::RequestUtil->request($r)->uri                       | /case
Apache2::RequestUtil::request             | my $n = Apache2::RequestRec->new($c); $n->uri('/made'); my $o = Apache2::RequestUtil->request($n); my @got = ($o->uri, Apache2::RequestUtil->request->uri, Apache2::RequestRec->uri); Apache2::RequestUtil->request($r); @got, Apache2::RequestUtil->request->uri | /case,/made,/made,/case
Apache2::RequestUtil::request             | my $q = APR::Pool->new; my $n = Apache2::RequestRec->new($c, $q); $n->uri('/made'); Apache2::RequestUtil->request($n); undef $n; undef $q; Apache2::RequestUtil->request->uri | /case
Apache2::RequestUtil::register_auth_provider | start: Apache2::RequestUtil::register_auth_provider($p, 'authn', 'mine', 0, sub { 0 }, undef, 2) | 0
Apache2::RequestUtil::register_auth_provider | start: Apache2::RequestUtil::register_auth_provider($p, 'none', 'mine', 0, sub { 0 }, undef, 2) | /^died: .*\(group\) must be "authn" or "authz"/
Apache2::RequestUtil::register_auth_provider | Apache2::RequestUtil::register_auth_provider($p, 'authz', 'mine', 0, 'T::Case::slurp', undef, 2) | /^died: .*Can't run 'register_auth_provider' after server startup/
Apache2::RequestUtil::get_status_line     | Apache2::RequestUtil::get_status_line(404), Apache2::RequestUtil::get_status_line(9) | 404 Not Found,500 Internal Server Error
Apache2::RequestRec::set_content_length   | $r->set_content_length(5); my $l = $r->headers_out->{'Content-Length'}; $r->headers_out->unset('Content-Length'); $l | 5
Apache2::RequestRec::set_content_length   | $r->set_content_length; my $l = $r->headers_out->{'Content-Length'}; $r->headers_out->unset('Content-Length'); $l == $r->finfo->csize | 1
Apache2::RequestRec::set_last_modified    | $r->set_last_modified(1000); $r->headers_out->{'Last-Modified'} | Thu, 01 Jan 1970 00:16:40 GMT
Apache2::RequestRec::update_mtime         | $r->update_mtime(500); $r->update_mtime(300); $r->mtime      | 500
Apache2::RequestRec::rationalize_mtime    | $r->rationalize_mtime(77), $r->rationalize_mtime(time + 9999) <= time + 1 | 77,1
Apache2::RequestRec::set_etag             | $r->filename($r->document_root . '/plain.txt'); $r->finfo(APR::Finfo::stat($r->filename, APR::Const::FINFO_NORM, $p)); $r->set_etag; $r->headers_out->{ETag} | /^(?:W\/)?"[\w-]+"\z/
Apache2::RequestRec::make_etag            | $r->finfo(APR::Finfo::stat($r->document_root . '/plain.txt', APR::Const::FINFO_NORM, $p)); $r->make_etag(1) | /^W\/"[\w-]+"\z/
Apache2::RequestRec::make_etag            | $r->finfo(APR::Finfo::stat($r->document_root . '/plain.txt', APR::Const::FINFO_NORM, $p)); $r->make_etag eq $r->make_etag(0) | 1
Apache2::RequestRec::meets_conditions     | $r->meets_conditions                                         | 0
Apache2::RequestRec::meets_conditions     | $r->headers_in->set('If-Modified-Since' => 'Thu, 01 Jan 2026 00:00:00 GMT'); $r->set_last_modified(1000); $r->meets_conditions | 304
Apache2::RequestRec::set_keepalive        | $r->set_keepalive ? 1 : 0                                    | /^[01]\z/
Apache2::RequestRec::send_cgi_header      | $r->send_cgi_header("X-Made: yes\nContent-Type: text/odd\n\nbody "); $r->err_headers_out->{'X-Made'}, $r->content_type | body yes,text/odd
Apache2::RequestRec::send_cgi_header      | $r->send_cgi_header("Status: 404 Gone away\n\n"); $r->status | 404
Apache2::RequestRec::send_error_response  | $r->status(404); $r->send_error_response(0); ''              | /404 Not Found/
Apache2::RequestRec::custom_response      | $r->custom_response(404, 'my own words'); 'status 404'       | my own words
Apache2::RequestRec::auth_name            | $r->auth_name, $r->auth_name('A new place'), $r->auth_name('"Quoted by hand"') | undef,A new place,Quoted by hand
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
