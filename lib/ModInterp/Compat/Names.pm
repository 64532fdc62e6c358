package ModInterp::Compat::Names;

# What mod_perl 1 had and mod_perl 2 has not, and what to write for it: for Apache2::porting and ModPerl::MethodLookup.

use strict;
use warnings;

our $VERSION = '0.1.0';

# Methods and functions that Apache2::compat brings.
our %METHODS = (
    args                 => 'a split of $r->args, which is text now, or CGI.pm',
    auth_type            => '$r->ap_auth_type',
    can_stack_handlers   => '1',
    cgi_env              => '$r->subprocess_env',
    cgi_header_out       => '$r->headers_out, $r->content_type or $r->status',
    cgi_var              => '$r->subprocess_env',
    chdir_file           => 'names with their folder: a process serves many requests at once',
    cleanup_for_exec     => '$r->spawn_proc_prog of Apache2::SubProcess',
    clear_rgy_endav      => 'nothing: ModPerl::Registry runs END blocks',
    content              => '$r->read, or CGI.pm',
    current_callback     => 'ModPerl::Util::current_callback()',
    define               => 'Apache2::ServerUtil::exists_config_define($name)',
    err_header_out       => '$r->err_headers_out->{$name}',
    escape_html          => 'CGI::escapeHTML($text), or HTML::Entities',
    escape_uri           => 'Apache2::Util::escape_path($path, $r->pool)',
    exit                 => 'ModPerl::Util::exit()',
    export               => 'nothing: Apache2::Const exports all it has',
    get                  => 'Apache2::Module::get_config($module, $r->server, $r->per_dir_config)',
    get_remote_host      => '$r->connection->get_remote_host($type, $r->per_dir_config)',
    gensym               => 'Symbol::gensym()',
    gid                  => 'Apache2::ServerUtil->group_id',
    hard_timeout         => 'nothing: httpd ends slow connections by itself',
    header_in            => '$r->headers_in->{$name}',
    header_out           => '$r->headers_out->{$name}',
    httpd_conf           => '$r->add_config(\@lines) or $s->add_config(\@lines)',
    is_main              => '!$r->main',
    kill_timeout         => 'nothing: httpd ends slow connections by itself',
    last                 => '$r->next until there is none',
    module               => 'Apache2::Module::loaded($name)',
    parse_args           => 'CGI.pm',
    parsedate            => 'APR::Date::parse_http($text)',
    perl_hook            => '1',
    post_connection      => '$r->connection->pool->cleanup_register($code)',
    read_client_block    => '$r->read',
    register_cleanup     => '$r->pool->cleanup_register($code)',
    remote_logname       => '$r->get_remote_logname',
    request              => 'Apache2::RequestUtil->request',
    reset_timeout        => 'nothing: httpd ends slow connections by itself',
    run_rgy_endav        => 'nothing: ModPerl::Registry runs END blocks',
    send_fd              => '$r->sendfile($name)',
    send_fd_length       => '$r->sendfile($name, $offset, $length)',
    send_http_header     => '$r->content_type($type)',
    seqno                => '1',
    server_root_relative => 'Apache2::ServerUtil::server_root_relative($r->pool, $name)',
    size_string          => 'APR::String::format_size($bytes)',
    soft_timeout         => 'nothing: httpd ends slow connections by itself',
    stash_rgy_endav      => 'nothing: ModPerl::Registry runs END blocks',
    table_get_set        => 'methods of APR::Table',
    tmpfile              => 'File::Temp::tempfile()',
    uid                  => 'Apache2::ServerUtil->user_id',
    unescape_uri         => 'Apache2::URI::unescape_url($text)',
    unescape_uri_info    => 'Apache2::URI::unescape_url($text), after its + were made blanks',
    unescape_url_info    => 'Apache2::URI::unescape_url($text), after its + were made blanks',
    untaint              => 'ModPerl::Util::untaint($text)',
    validate_password    => 'APR::Util::password_validate($password, $hash)',
    write_client         => '$r->print',
);

# Packages, and the modules that have what was in them.
our %PACKAGES = (
    'Apache'                 => [qw(Apache2::RequestUtil Apache2::ServerUtil Apache2::Module ModPerl::Util)],
    'Apache::Connection'     => ['Apache2::Connection'],
    'Apache::Constants'      => ['Apache2::Const'],
    'Apache::File'           => [qw(Apache2::Response Apache2::RequestRec Apache2::RequestIO File::Temp)],
    'Apache::Log'            => ['Apache2::Log'],
    'Apache::ModuleConfig'   => ['Apache2::Module'],
    'Apache::PerlRun'        => ['ModPerl::PerlRun'],
    'Apache::Registry'       => ['ModPerl::Registry'],
    'Apache::RegistryLoader' => ['ModPerl::RegistryLoader'],
    'Apache::SIG'            => [],
    'Apache::Server'         => [qw(Apache2::ServerRec Apache2::ServerUtil)],
    'Apache::SubRequest'     => ['Apache2::SubRequest'],
    'Apache::Table'          => ['APR::Table'],
    'Apache::URI'            => [qw(APR::URI Apache2::URI)],
    'Apache::Util'           => [qw(Apache2::Util Apache2::URI APR::Util APR::Date APR::String)],
);

1;
