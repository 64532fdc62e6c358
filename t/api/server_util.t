# Apache2::ServerUtil and Apache2::MPM.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    modules => { trace_module() },
    code    => 'use T::Trace (); sub named { 0 } sub at_end { T::Trace::note("shutdown @_"); die "at the end" }',
    log     => qr/at the end|said by/,
    rows    => <<'R',
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
