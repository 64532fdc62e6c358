# APR::Socket, APR::SockAddr and APR::IpSubnet.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => 'use Socket ();',
    rows => <<'R',
APR::IpSubnet::new       | ref APR::IpSubnet->new($p, '127.0.0.1')                         | APR::IpSubnet
APR::IpSubnet::new       | eval { APR::IpSubnet->new($p, '345.0.0.1') }; ref $@, "$@"      | /^APR::Error,APR::IpSubnet::new: \(\d+\) The specified IP address is invalid/
APR::IpSubnet::new       | eval { APR::IpSubnet->new($p, '127.0.0.1', '255.0') }; "$@"     | /The specified network mask is invalid/
APR::IpSubnet::test      | map { APR::IpSubnet->new($p, @$_)->test($c->local_addr) } ['127'], ['127.0.0.1', 32], ['127.9.9.9', '255.0.0.0'], ['10.1.1.1', '255.0.0.0'] | 1,1,1,0
APR::IpSubnet::test      | APR::IpSubnet->new(APR::Pool->new, '127')->test($c->local_addr) | 1
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
R
);

done_testing;
