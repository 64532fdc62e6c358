# Apache2::RequestUtil.
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
C
    code => <<'P',
our @ran;
sub note_fixup { push @ran, 'named'; 0 }
sub slurp { open my $f, '<', shift; local $/; <$f> }
P
    log  => qr/no such/,
    rows => <<'R',
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
Apache2::RequestRec::no_cache            | $r->no_cache(1), $r->no_cache, $r->headers_out->{Pragma}     | 0,1,no-cache
Apache2::RequestRec::no_cache            | $r->no_cache(1); $r->no_cache(0); $r->headers_out->{Pragma}  | undef
R
);

done_testing;
