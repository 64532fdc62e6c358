# Apache2::RequestRec: its fields.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    rows => <<'R',
Apache2::RequestRec::allowed             | my $o = $r->allowed(5); "$o " . $r->allowed                  | /^\d+ 5\z/
Apache2::RequestRec::allowed_methods     | ref $r->allowed_methods                                      | Apache2::MethodList
Apache2::RequestRec::allowed_methods     | $r->allow_methods(1, 'PUT'); $r->allowed_methods($r->allowed_methods); ref $r->allowed_methods | Apache2::MethodList
Apache2::RequestRec::allowed_xmethods    | $r->allowed_xmethods                                         | undef
Apache2::RequestRec::ap_auth_type        | $r->ap_auth_type, $r->ap_auth_type('Basic'), $r->ap_auth_type | undef,undef,Basic
Apache2::RequestRec::args                | $r->args('a=1'); $r->args                                    | a=1
Apache2::RequestRec::args                | $r->args(undef); $r->args                                    | undef
Apache2::RequestRec::assbackwards        | $r->assbackwards, $r->assbackwards(0)                        | 0,0
Apache2::RequestRec::bytes_sent          | $r->bytes_sent(7); $r->bytes_sent(0)                 | 7
Apache2::RequestRec::connection          | ref $r->connection                                           | Apache2::Connection
Apache2::RequestRec::content_encoding    | $r->content_encoding, $r->content_encoding('x'), $r->content_encoding; $r->content_encoding('identity') | x
Apache2::RequestRec::content_languages   | ref $r->content_languages, scalar @{ $r->content_languages } | ARRAY,0
Apache2::RequestRec::content_languages   | $r->content_languages(['de', 'en']); @{ $r->content_languages } | de,en
Apache2::RequestRec::content_languages   | $r->content_languages('de')                                  | /^died: Apache2::RequestRec::content_languages: the languages: Not an array reference at /
Apache2::RequestRec::content_languages   | $r->content_languages({ de => 1 })                           | /^died: Apache2::RequestRec::content_languages: argument 1 \(languages\) must be a string or an array of them: Not an array reference at /
Apache2::RequestRec::content_type        | $r->content_type, $r->content_type('text/x'), $r->content_type | undef,undef,text/x
Apache2::RequestRec::err_headers_out     | $r->err_headers_out->set(A => 1); $r->err_headers_out->{A}   | 1
Apache2::RequestRec::err_headers_out     | $t->set(B => 2); $r->err_headers_out($t); $r->err_headers_out->{B} | 2
Apache2::RequestRec::filename            | $r->filename                                                 | /htdocs.*case\z/
Apache2::RequestRec::filename            | $r->filename('/x'); $r->filename                             | /x
Apache2::RequestRec::finfo               | ref $r->finfo, $r->finfo->filetype                           | APR::Finfo,0
Apache2::RequestRec::finfo               | $r->finfo(APR::Finfo::stat($r->document_root, 0x71b1, $p)); $r->finfo->filetype | 2
Apache2::RequestRec::handler             | $r->handler                                                  | modperl
Apache2::RequestRec::handler             | $r->handler('other'); $r->handler                            | other
Apache2::RequestRec::handler             | $r->handler('perl-script')                                   | /^died: .*Can't switch from 'modperl' to 'perl-script' response handler at /
Apache2::RequestRec::handler             | $r->handler(undef)                                           | /^died: .*the new handler must be a string at /
Apache2::RequestRec::header_only         | $r->header_only ? 1 : 0                                      | 0
Apache2::RequestRec::headers_in          | $r->headers_in->{'X-Test'}                                   | yes
Apache2::RequestRec::headers_in          | $t->set('X-Test' => 'no'); $r->headers_in($t); $r->headers_in->get('x-test') | no
Apache2::RequestRec::headers_out         | $r->headers_out->set(A => "b"); $r->headers_out->get('a')    | b
Apache2::RequestRec::headers_out         | $t->set(A => 'new'); $r->headers_out($t); $r->headers_out->{A} | new
Apache2::RequestRec::hostname            | $r->hostname                                                 | 127.0.0.1
Apache2::RequestRec::hostname            | $r->hostname('h'); $r->hostname                              | h
Apache2::RequestRec::input_filters       | ref $r->input_filters                                        | Apache2::Filter
Apache2::RequestRec::input_filters       | my $f = $r->input_filters; $r->input_filters($f); $r->input_filters->frec->name eq $f->frec->name | 1
Apache2::RequestRec::main                | $r->main                                                     | undef
Apache2::RequestRec::method              | $r->method, $r->method('PUT'), $r->method                    | GET,GET,PUT
Apache2::RequestRec::method_number       | $r->method_number(2), $r->method_number                      | 0,2
Apache2::RequestRec::mtime               | $r->mtime(1000); $r->mtime                                   | 1000
Apache2::RequestRec::next                | $r->next                                                     | undef
Apache2::RequestRec::no_local_copy       | $r->no_local_copy(1), $r->no_local_copy                      | 0,1
Apache2::RequestRec::notes               | $r->notes->set(a => 'b'); $r->notes->{a}                     | b
Apache2::RequestRec::notes               | $t->set(n => 1); $r->notes($t); $r->notes->{n}               | 1
Apache2::RequestRec::output_filters      | ref $r->output_filters                                       | Apache2::Filter
Apache2::RequestRec::output_filters      | my $f = $r->output_filters; $r->output_filters($f); $r->output_filters->frec->name eq $f->frec->name | 1
Apache2::RequestRec::path_info           | $r->path_info, $r->path_info('/p'), $r->path_info            | ,,/p
Apache2::RequestRec::per_dir_config      | ref $r->per_dir_config                                       | Apache2::ConfVector
Apache2::RequestRec::pool                | ref $r->pool                                                 | APR::Pool
Apache2::RequestRec::prev                | $r->prev                                                     | undef
Apache2::RequestRec::proto_input_filters | ref $r->proto_input_filters, ref $r->proto_input_filters($r->proto_input_filters) | Apache2::Filter,Apache2::Filter
Apache2::RequestRec::proto_num           | $r->proto_num                                                | /^(?:1001\x7c2000)\z/
Apache2::RequestRec::proto_output_filters | ref $r->proto_output_filters, ref $r->proto_output_filters($r->proto_output_filters) | Apache2::Filter,Apache2::Filter
Apache2::RequestRec::protocol            | $r->protocol                                                 | /^HTTP/
Apache2::RequestRec::proxyreq            | $r->proxyreq, $r->proxyreq(2), $r->proxyreq                  | 0,0,2
Apache2::RequestRec::request_config      | ref $r->request_config                                       | Apache2::ConfVector
Apache2::RequestRec::request_time        | abs(time - $r->request_time) < 60                            | 1
Apache2::RequestRec::server              | ref $r->server                                               | Apache2::ServerRec
Apache2::RequestRec::status              | $r->status, $r->status(404), $r->status                      | 200,200,404
Apache2::RequestRec::status              | no warnings; $r->status('404 Not Found'); my $found = $r->status('none'); my $none = $r->status(200); $found, $none | 404,0
Apache2::RequestRec::status_line         | $r->status_line, $r->status_line('200 Fine'), $r->status_line | undef,undef,200 Fine
Apache2::RequestRec::subprocess_env      | $r->subprocess_env(A => 1), $r->subprocess_env('A'), $r->subprocess_env('none') | undef,1,undef
Apache2::RequestRec::subprocess_env      | ref $r->subprocess_env, $r->subprocess_env->{REQUEST_METHOD} | APR::Table,undef
Apache2::RequestRec::subprocess_env      | $r->subprocess_env; $r->subprocess_env('REQUEST_METHOD'), $ENV{REQUEST_METHOD} | GET,GET
Apache2::RequestRec::subprocess_env      | $r->subprocess_env(A => 1); $r->subprocess_env(A => undef); $r->subprocess_env('A') | undef
Apache2::RequestRec::the_request         | $r->the_request                                              | /^GET \/case\?\d+ HTTP/
Apache2::RequestRec::the_request         | $r->the_request('x'); $r->the_request                        | x
Apache2::RequestRec::unparsed_uri        | $r->unparsed_uri                                             | /^\/case\?\d+\z/
Apache2::RequestRec::uri                 | $r->uri('/new'), $r->uri                                     | /^\/case,\/new\z/
Apache2::RequestRec::used_path_info      | $r->used_path_info(1); $r->used_path_info                    | 1
Apache2::RequestRec::user                | $r->user, $r->user('me'), $r->user                           | undef,undef,me
Apache2::RequestRec::useragent_addr      | $r->useragent_addr->ip_get                                   | 127.0.0.1
Apache2::RequestRec::useragent_ip        | $r->useragent_ip, $r->useragent_ip('1.2.3.4'), $r->useragent_ip | 127.0.0.1,127.0.0.1,1.2.3.4
R
);

done_testing;
