# Apache2::SubRequest.
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
R
);

done_testing;
