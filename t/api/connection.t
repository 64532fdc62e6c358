# Apache2::Connection and Apache2::ConnectionUtil.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    rows => <<'R',
Apache2::Connection::aborted          | $c->aborted ? 1 : 0                                    | 0
Apache2::Connection::base_server      | $c->base_server->server_admin                          | admin@example.com
Apache2::Connection::bucket_alloc     | ref $c->bucket_alloc                                   | APR::BucketAlloc
Apache2::Connection::client_addr      | $c->client_addr->ip_get, $c->client_addr->port > 1024  | 127.0.0.1,1
Apache2::Connection::client_ip        | my $o = $c->client_ip('9.9.9.9'); my $n = $c->client_ip; $c->client_ip($o); $o, $n | 127.0.0.1,9.9.9.9
Apache2::Connection::client_socket    | ref $c->client_socket                                  | /^(?:APR::Socket)?\z/
Apache2::Connection::client_socket    | my $o = $c->client_socket or return 'none'; $c->client_socket($o); ref $c->client_socket | /^(?:APR::Socket\x7cnone)\z\x7cthe socket could be gone before the connection/
Apache2::Connection::conn_config      | ref $c->conn_config                                    | Apache2::ConfVector
Apache2::Connection::get_remote_host  | $c->get_remote_host(Apache2::Const::REMOTE_NOLOOKUP), $c->get_remote_host(Apache2::Const::REMOTE_NOLOOKUP, $r->per_dir_config) | 127.0.0.1,127.0.0.1
Apache2::Connection::get_remote_host  | $c->get_remote_host(Apache2::Const::REMOTE_HOST)       | undef
Apache2::Connection::id               | $c->id =~ /^\d+$/                                      | 1
Apache2::Connection::input_filters    | ref $c->input_filters, ref $c->input_filters($c->input_filters) | Apache2::Filter,Apache2::Filter
Apache2::Connection::input_filters    | my $f = $r->input_filters; return 'none of its own' unless $f->r; $c->input_filters($f) | /^(?:none of its own\z\x7cdied: .*the filter could be gone before what it is put into at )/
Apache2::Connection::output_filters   | ref $c->output_filters, ref $c->output_filters($c->output_filters) | Apache2::Filter,Apache2::Filter
Apache2::Connection::output_filters   | $c->output_filters($r->output_filters)                 | /^died: Apache2::Connection::output_filters: the filter could be gone before what it is put into at /
Apache2::Connection::keepalive        | my $o = $c->keepalive(Apache2::Const::CONN_CLOSE); $c->keepalive == Apache2::Const::CONN_CLOSE | 1
Apache2::Connection::keepalives       | my $o = $c->keepalives(3); my $n = $c->keepalives($o); $n | 3
Apache2::Connection::local_addr       | $c->local_addr->ip_get                                 | 127.0.0.1
Apache2::Connection::local_host       | $c->local_host                                         | undef
Apache2::Connection::local_ip         | $c->local_ip                                           | 127.0.0.1
Apache2::Connection::sbh              | ref $c->sbh                                            | /^(?:Apache2::ScoreHandle)?\z/
Apache2::Connection::log_id           | $c->log_id                                             | /^(?:undef\x7c\S+)\z/
Apache2::Connection::notes            | $c->notes->set(k => 'v'); $c->notes->{k}               | v
Apache2::Connection::pool             | ref $c->pool                                           | APR::Pool
Apache2::Connection::remote_addr      | $c->remote_addr->ip_get                                | 127.0.0.1
Apache2::Connection::remote_ip        | $c->remote_ip                                          | 127.0.0.1
Apache2::Connection::remote_host      | $c->remote_host                                        | undef
Apache2::Connection::pnotes           | $c->pnotes(a => { b => 1 }); $c->pnotes('a')->{b}      | 1
Apache2::Connection::pnotes_kill      | $c->pnotes(a => 1); $c->pnotes_kill; $c->pnotes('a')   | undef
R
);

done_testing;
