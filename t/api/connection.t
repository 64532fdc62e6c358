# Apache2::Connection, Apache2::ConnectionUtil, APR::SockAddr, APR::Socket, and what filters are to a script that did not write them.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => 'use Socket (); sub brigade { APR::Brigade->new($_[0]->pool, $_[0]->connection->bucket_alloc) }',
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
APR::SockAddr::ip_get                 | $c->local_addr->ip_get                                 | 127.0.0.1
APR::SockAddr::port                   | $c->local_addr->port == $s->port \x7c\x7c $c->local_addr->port > 0 | 1
APR::SockAddr::equal                  | $c->local_addr->equal($c->client_addr)                 | 1
APR::Socket::fileno                   | my $k = $c->client_socket or return 1; $k->fileno > 2  | 1
APR::Socket::close                    | return 0 unless $c->client_socket; my $pid = fork; if (!$pid) { require POSIX; POSIX::_exit($c->client_socket->close) } waitpid $pid, 0; $? | 0
APR::Socket::timeout_get              | my $k = $c->client_socket or return 7; my $o = $k->timeout_get; $k->timeout_set(7); my $n = $k->timeout_get; $k->timeout_set($o); $n | 7
APR::Socket::timeout_set              | my $k = $c->client_socket or return 'APR::Error,11'; my $o = $k->timeout_get; $k->timeout_set(0); eval { $k->recv(my $b, 10) }; my $e = $@; $k->timeout_set($o); ref $e, $e->{rc} | /^APR::Error,(?:11\x7c107)\z/
APR::Socket::recv                     | my $k = $c->client_socket or return 'APR::Socket::recv,1'; my $o = $k->timeout_get; $k->timeout_set(0); eval { $k->recv(my $b, 10) }; my $e = $@; $k->timeout_set($o); $e->{func}, APR::Status::is_EAGAIN($e) \x7c\x7c $e == 107 | APR::Socket::recv,1
APR::Socket::opt_get                  | my $k = $c->client_socket or return 1; $k->opt_get(APR::Const::SO_LINGER) =~ /^\d+$/ | 1
APR::Socket::opt_set                  | my $k = $c->client_socket or return 'none'; $k->opt_set(APR::Const::SO_KEEPALIVE, 1); $k->opt_get(APR::Const::SO_KEEPALIVE) | /^(?:1\x7cnone)\z/
APR::Socket::poll                     | my $k = $c->client_socket or return 1; APR::Status::is_TIMEUP($k->poll($p, 0, APR::Const::POLLIN)) \x7c\x7c $k->fileno < 0 \x7c\x7c $r->proto_num == 2000 | 1
APR::Socket::send                     | my $k = $c->client_socket or return 'none'; eval { $k->send('abc', 9) }; $@                     | /^(?:none\x7cAPR::Socket::send: the length \(9\) is bigger than that of the data \(3\))/
APR::Socket::bind                     | my $k = $c->client_socket or return 1; $k->bind($c->local_addr) > 0 | 1
APR::Socket::connect                  | my $k = $c->client_socket or return 1; $k->connect($c->client_addr) | /^\d+\z/
APR::Socket::listen                   | my $k = $c->client_socket or return 1; $k->listen(1) | /^\d+\z/
APR::Socket::sendto                   | my $k = $c->client_socket or return 'none'; eval { $k->sendto($c->client_addr, 0, 'abc', 9) }; $@ | /^(?:none\x7cAPR::Socket::sendto: the length is bigger)/
APR::Socket::recvfrom                 | my $k = $c->client_socket or return 1; my $o = $k->timeout_get; $k->timeout_set(0); my $n = $k->recvfrom($c->local_addr, 0, my $b, 3); $k->timeout_set($o); APR::Status::is_EAGAIN($n) \x7c\x7c $n == 107 | 1
Apache2::Filter::c                    | $r->input_filters->c->id == $c->id                     | 1
Apache2::Filter::r                    | my ($f) = grep { $_->r } map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x } @l } $r->output_filters; ref $f->r | Apache2::RequestRec
Apache2::Filter::r                    | $c->output_filters->r                                  | undef
Apache2::Filter::next                 | my $n = 0; for (my $f = $r->output_filters; $f; $f = $f->next) { $n++ } $n > 2 | 1
Apache2::Filter::frec                 | ref $r->output_filters->frec                           | Apache2::FilterRec
Apache2::FilterRec::name              | join ' ', map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x->frec->name } @l } $r->output_filters | /(?:^\x7c )content_length /
Apache2::FilterRec::next              | $r->output_filters->frec->next                         | undef
Apache2::Filter::ctx                  | my $f = $r->output_filters; $f->ctx, $f->ctx([1, 2]), scalar @{ $r->output_filters->ctx } | /^undef,ARRAY\(\S+\),2\z/
Apache2::Filter::ctx                  | $r->output_filters->ctx({ n => 1 }); $r->output_filters->next->ctx | undef
Apache2::Filter::get_brigade          | my $bb = brigade($r); my $n = $r->input_filters->get_brigade($bb, Apache2::Const::MODE_READBYTES, APR::Const::BLOCK_READ, 100); $n, $bb->is_empty ? 1 : 0 | 0,0 | a body
Apache2::Filter::pass_brigade         | $r->output_filters->pass_brigade(brigade($r))          | 0
Apache2::Filter::fflush               | $r->output_filters->fflush(brigade($r)); 'after'       | after
Apache2::Filter::remove               | my ($f) = grep { $_->frec->name eq 'byterange' } map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x } @l } $r->output_filters; $f->remove; join ' ', map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x->frec->name } @l } $r->output_filters | /^(?!.*byterange).*core\z\x7c^(?!.*byterange)/
Apache2::Filter::MODIFY_CODE_ATTRIBUTES | scalar Apache2::Filter->MODIFY_CODE_ATTRIBUTES(sub {}, 'FilterRequestHandler'), Apache2::Filter->MODIFY_CODE_ATTRIBUTES(sub {}, 'Nonsense') | undef,Nonsense
APR::Brigade::new                     | ref brigade($r)                                        | APR::Brigade
APR::Brigade::is_empty                | brigade($r)->is_empty ? 1 : 0                          | 1
APR::Brigade::pool                    | ref brigade($r)->pool                                  | APR::Pool
R
);

done_testing;
