# Apache2::Response.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    rows => <<'R',
Apache2::RequestRec::set_content_length   | $r->set_content_length(5); my $l = $r->headers_out->{'Content-Length'}; $r->headers_out->unset('Content-Length'); $l | 5
Apache2::RequestRec::set_content_length   | $r->set_content_length; my $l = $r->headers_out->{'Content-Length'}; $r->headers_out->unset('Content-Length'); $l == $r->finfo->csize | 1
Apache2::RequestRec::set_last_modified    | $r->set_last_modified(1000); $r->headers_out->{'Last-Modified'} | Thu, 01 Jan 1970 00:16:40 GMT
Apache2::RequestRec::update_mtime         | $r->update_mtime(500); $r->update_mtime(300); $r->mtime      | 500
Apache2::RequestRec::update_mtime         | $r->update_mtime(500); $r->update_mtime; $r->mtime            | 500
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
Apache2::RequestRec::send_mmap            | $r->send_mmap(undef, 0, 1)                                   | /^died: Apache2::RequestRec::send_mmap: no class brings memory-mapped files: \$r->sendfile has/
Apache2::RequestRec::custom_response      | $r->custom_response(404, 'my own words'); 'status 404'       | my own words
R
);

done_testing;
