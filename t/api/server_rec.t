# Apache2::ServerRec and Apache2::Process.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    log  => qr/said by/,
    rows => <<'R',
Apache2::ServerRec::addrs                | ref $s->addrs                                          | Apache2::ServerAddr
Apache2::ServerRec::error_fname          | $s->error_fname                                        | /error_log\z/
Apache2::ServerRec::error_fname          | start: my $o = $s->error_fname('x'); $s->error_fname($o) | x
Apache2::ServerRec::is_virtual           | $s->is_virtual ? 1 : 0                                 | 0
Apache2::ServerRec::is_virtual           | start: $s->is_virtual(1); my $v = $s->is_virtual; $s->is_virtual(0); $v | 1
Apache2::ServerRec::keep_alive           | start: my $o = $s->keep_alive(0); my $v = $s->keep_alive ? 1 : 0; $s->keep_alive($o); $v | 0
Apache2::ServerRec::keep_alive_max       | start: my $o = $s->keep_alive_max(7); $s->keep_alive_max($o) | 7
Apache2::ServerRec::keep_alive_timeout   | start: my $o = $s->keep_alive_timeout(3_000_000); $s->keep_alive_timeout($o) | 3000000
Apache2::ServerRec::limit_req_fields     | start: my $o = $s->limit_req_fields(50); $s->limit_req_fields($o) | 50
Apache2::ServerRec::limit_req_fieldsize  | start: my $o = $s->limit_req_fieldsize(500); $s->limit_req_fieldsize($o) | 500
Apache2::ServerRec::limit_req_line       | start: my $o = $s->limit_req_line(500); $s->limit_req_line($o) | 500
Apache2::ServerRec::lookup_defaults      | ref $s->lookup_defaults                                | Apache2::ConfVector
Apache2::ServerRec::module_config        | ref $s->module_config                                  | Apache2::ConfVector
Apache2::ServerRec::names                | $s->names                                              | undef
Apache2::ServerRec::next                 | $s->next                                               | undef
Apache2::ServerRec::path                 | start: $s->path('/p'); $s->path(undef)                 | /p
Apache2::ServerRec::context              | $s->context                                            | undef
Apache2::ServerRec::context              | start: $s->context(undef); $s->context                 | undef
Apache2::ServerRec::context              | eval { $s->context(undef); 1 } // $@                   | /^1\z\x7c^Apache2::ServerRec::context: Can't run 'setting context' in the threaded environment after server startup/
Apache2::ServerRec::port                 | $s->port                                               | /^\d+\z/
Apache2::ServerRec::port                 | start: my $o = $s->port(81); $s->port($o)              | 81
Apache2::ServerRec::port                 | start: $s->port(70000)                                 | /^died: Apache2::ServerRec::port: there is no such port at /
Apache2::ServerRec::port                 | eval { my $o = $s->port(82); $s->port($o) } // $@      | /^82\z\x7c^Apache2::ServerRec::port: Can't run 'setting port' in the threaded environment after server startup/
Apache2::ServerRec::process              | ref $s->process, ref $s->process->pool                 | Apache2::Process,APR::Pool
Apache2::Process::pconf                  | ref $s->process->pconf                                 | APR::Pool
Apache2::Process::short_name             | $s->process->short_name                                | /^(?:apache2\x7chttpd)/
Apache2::Process::argc                   | $s->process->argc > 1                                  | 1
Apache2::Process::pool                   | $s->process->pool->is_ancestor($s->process->pconf)     | 1
Apache2::ServerRec::server_admin         | $s->server_admin                                       | admin@example.com
Apache2::ServerRec::server_admin         | start: my $o = $s->server_admin('a@b'); $s->server_admin($o) | a@b
Apache2::ServerRec::server_hostname      | $s->server_hostname                                    | /./
Apache2::ServerRec::server_hostname      | start: my $o = $s->server_hostname('h'); $s->server_hostname($o) | h
Apache2::ServerRec::server_scheme        | start: my $o = $s->server_scheme('https'); $s->server_scheme($o) | https
Apache2::ServerRec::timeout              | start: my $o = $s->timeout(9_000_000); $s->timeout($o) | 9000000
Apache2::ServerRec::wild_names           | $s->wild_names                                         | undef
R
);

done_testing;
