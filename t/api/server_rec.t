# Apache2::ServerRec, Apache2::ServerUtil, Apache2::Process and Apache2::MPM.
use lib 't/lib';
use TestApi;
use TestHttpd;

my $later = qr/./;
api_rows(
    modules => { trace_module() },
    code    => 'use T::Trace (); sub named { 0 } sub at_end { T::Trace::note("shutdown @_"); die "at the end" }',
    log     => qr/at the end|said by/,
    rows    => <<'R',
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
Apache2::ServerRec::loglevel             | $s->loglevel                                           | /^\d\z/
Apache2::ServerRec::loglevel             | start: my $o = $s->loglevel; my $n = $s->loglevel(3); $s->loglevel($o); $n | 3
Apache2::ServerRec::error_log2stderr     | start: $s->error_log2stderr; 1                         | 1
Apache2::ServerRec::dir_config           | $s->dir_config('Where'), ref $s->dir_config, $s->dir_config('none') | server,APR::Table,undef
Apache2::ServerRec::push_handlers        | start: $s->push_handlers(PerlFixupHandler => 'T::Case::named') ? 1 : 0, $s->push_handlers(None => 'x') ? 1 : 0 | 1,0
Apache2::ServerRec::push_handlers        | $s->push_handlers(NoSuchHandler => 'T::Case::named') ? 1 : 0 | 0
Apache2::ServerRec::set_handlers         | start: $s->set_handlers(PerlCleanupHandler => ['T::Case::named']) ? 1 : 0 | 1
Apache2::ServerRec::get_handlers         | $s->get_handlers('PerlFixupHandler')->[0] == \&named, $s->get_handlers('PerlTransHandler') | 1,undef
Apache2::ServerRec::is_perl_option_enabled | $s->is_perl_option_enabled('Enable') ? 1 : 0, $s->is_perl_option_enabled('Parent') ? 1 : 0 | /^1,[01]\z/
Apache2::ServerRec::is_perl_option_enabled | $s->is_perl_option_enabled('ParseHeaders x')         | /^died: /
Apache2::ServerRec::add_config           | $s->add_config(['ServerAdmin late@x'])                 | /^died: .*Can't run '\$s->add_config' after server startup/
Apache2::ServerRec::add_config           | start: $s->add_config(['PerlSetVar FromCode yes']); $s->dir_config('FromCode') | yes
Apache2::ServerRec::add_config           | start: $s->add_config(['NoSuchThing on'])              | /^died: .*\$s->add_config\(\) has failed: Invalid command 'NoSuchThing'/
Apache2::ServerRec::add_version_component | start: $s->add_version_component('Mine/1.0'); Apache2::ServerUtil::get_server_description() | /Mine\/1\.0/
Apache2::ServerRec::method_register      | start: $s->method_register('FROB') > 25                | 1
Apache2::ServerUtil::server              | Apache2::ServerUtil->server->server_admin              | admin@example.com
Apache2::ServerUtil::section_server      | ref Apache2::ServerUtil->section_server                | Apache2::ServerRec
Apache2::ServerUtil::server_root         | Apache2::ServerUtil::server_root()                     | /^\/tmp\/mod_interp_t/
Apache2::ServerUtil::server_root_relative | Apache2::ServerUtil::server_root_relative($p, 'x'), Apache2::ServerUtil::server_root_relative($p, '/y') | /^\/tmp\/\S+\/x,\/y\z/
Apache2::ServerUtil::user_id             | Apache2::ServerUtil->user_id == $> \x7c\x7c 1          | 1
Apache2::ServerUtil::group_id            | Apache2::ServerUtil->group_id =~ /^\d+$/               | 1
Apache2::ServerUtil::server_shutdown_cleanup_register | start: Apache2::ServerUtil::server_shutdown_cleanup_register(\&at_end, 'arg'); 1 | 1
Apache2::ServerUtil::server_shutdown_cleanup_register | Apache2::ServerUtil::server_shutdown_cleanup_register(\&at_end) | /^died: .*Can't run 'server_shutdown_cleanup_register' after server startup/
Apache2::ServerUtil::exists_config_define | Apache2::ServerUtil::exists_config_define('MODPERL2') ? 1 : 0, Apache2::ServerUtil::exists_config_define('NONE') ? 1 : 0 | 1,0
Apache2::ServerUtil::get_server_banner   | Apache2::ServerUtil::get_server_banner()               | /^Apache/
Apache2::ServerUtil::get_server_description | Apache2::ServerUtil::get_server_description()       | /^Apache\/2.*mod_perl\/2\.0\.12/
Apache2::ServerUtil::get_server_version  | Apache2::ServerUtil::get_server_version()              | /^Apache\/2/
Apache2::ServerUtil::get_server_built    | Apache2::ServerUtil::get_server_built()                | /20\d\d/
Apache2::ServerUtil::restart_count       | Apache2::ServerUtil::restart_count()                   | 2
Apache2::MPM::is_threaded                | Apache2::MPM->is_threaded ? 1 : 0                      | /^[01]\z/
Apache2::MPM::query                      | Apache2::MPM->query(Apache2::Const::MPMQ_IS_THREADED) ? 1 : 0 | /^[01]\z/
Apache2::MPM::show                       | lc Apache2::MPM->show                                  | /^(?:event\x7cprefork)\z/
R
    after => sub {
        my ($s) = @_;
        is_deeply [ $s->trace ], ['shutdown arg'], 'shutdown code ran at the end of the first pass only, so far';
        $s->restart;
        is_deeply [ $s->trace ], ['shutdown arg'], '  and at a restart, in the parent process';
    },
);

done_testing;
