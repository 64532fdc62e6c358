# PerlSwitches -T: what comes from a client or from outside of the process is tainted where mod_perl taints it: the body, buckets, files,
# and variables of the environment. What httpd has parsed is not: the address, headers, the connection.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    taint => 1,
    code  => 'sub tainted { join "", map { Scalar::Util::tainted($_) ? 1 : 0 } @_ }',
    conf  => "PerlSetEnv FROM_CONF x\nPerlOptions +SetupEnv",
    rows  => <<'R',
Apache2::RequestRec::read           | my $n = $r->read(my $b, 9); tainted($b, $n)                               | 10 | body
Apache2::RequestRec::subprocess_env | $r->subprocess_env; my $v = $r->subprocess_env('REQUEST_METHOD'); tainted($v) | 1
Apache2::RequestRec::subprocess_env | tainted($r->subprocess_env->get('REQUEST_METHOD'))                        | 0
Apache2::RequestRec::subprocess_env | tainted(@ENV{qw(FROM_CONF PATH QUERY_STRING HTTP_X_TEST)}, $ENV{MOD_PERL}, $ENV{MOD_PERL_API_VERSION}, $0, ${^TAINT}) | 11110000
Apache2::RequestRec::subprocess_env | eval { system '/bin/true'; 1 } ? 'ran' : $@                                | /^Insecure \$ENV\{PATH\} while running with -T switch at /
Apache2::RequestRec::subprocess_env | local $ENV{PATH} = '/bin'; eval { system "/bin/true$ENV{FROM_CONF}"; 1 } ? 'ran' : $@ | /^Insecure dependency in system while running with -T switch at /
Apache2::RequestRec::subprocess_env | local $ENV{PATH} = '/bin'; system('/bin/true') ? 'failed' : 'ran'          | ran
ModPerl::Util::untaint              | $r->read(my $b, 9); ModPerl::Util::untaint($b); tainted($b)               | 0 | body
APR::Bucket::read                   | server: APR::Bucket->new($c->bucket_alloc, 'abc')->read(my $b); tainted($b)        | 1
APR::Brigade::flatten               | server: my $bb = APR::Brigade->new($p, $c->bucket_alloc); $bb->insert_tail(APR::Bucket->new($c->bucket_alloc, 'abc')); my $n = $bb->flatten(my $b); tainted($b, $n) | 10
Apache2::RequestRec::args           | tainted($r->args, $r->uri, $r->unparsed_uri, $r->the_request, $r->method, $r->filename, $r->path_info, $r->hostname, $r->protocol) | 000000000
Apache2::RequestRec::headers_in     | my @all; $r->headers_in->do(sub { push @all, @_; 1 }); tainted($r->headers_in->get('X-Test'), $r->headers_in->{'X-Test'}, %{ $r->headers_in }, @all) | /^0+\z/
Apache2::RequestRec::parsed_uri     | tainted($r->parsed_uri->path, $r->parsed_uri->query, $r->construct_url, $r->as_string, $r->get_server_name) | 00000
Apache2::RequestRec::dir_config     | tainted($r->dir_config('Color'), $r->document_root, $r->location, $s->server_hostname, @INC) | /^0+\z/
Apache2::Connection::client_ip      | tainted($c->client_ip, $c->get_remote_host, $c->client_addr->ip_get)       | 000
Apache2::RequestRec::notes          | $r->notes->set(a => $ENV{PATH}); $r->pnotes(b => $ENV{PATH}); tainted($r->notes->get('a'), $r->pnotes('b')) | 01
APR::UUID::new                      | server: tainted(APR::UUID->new->format)                                            | 0
R
);

# Where mod_perl forgets it.
api_rows(
    taint => 1,
    code  => 'sub tainted { join "", map { Scalar::Util::tainted($_) ? 1 : 0 } @_ }',
    rows  => <<'R',
Apache2::RequestRec::get_client_block | $r->setup_client_block; $r->should_client_block; $r->get_client_block(my $b, 9); tainted($b) | 1 | body
Apache2::RequestRec::GETC           | tainted($r->GETC)                                                         | 1 | body
Apache2::RequestRec::slurp_filename | $r->filename($r->document_root . '/plain.txt'); tainted(${ $r->slurp_filename }), tainted(${ $r->slurp_filename(0) }) | 1,0
R
) if ours;

done_testing;
