# Every function and method of mod_perl 2.0.12 is there once its module is loaded, in the server. What it does: the files named after the
# modules (t/api/rows.t). Without what mod_perl itself has only with httpd 2.2 (default_type, requires). A module that is not there yet dies when it is loaded.
use lib 't/lib';
use TestHttpd;

# A module, the class if that is another one, and names.
my $NAMES = <<'T';
APR::Base64: decode encode encode_len
APR::Brigade: bucket_alloc cleanup concat destroy first flatten insert_head insert_tail is_empty last
    length new next pool prev split
APR::Bucket: data delete destroy eos_create flush_create insert_after insert_before is_eos is_flush length new read
    remove setaside start type
APR::BucketAlloc: destroy new
APR::BucketType: name
APR::Const: import
APR::Date: parse_http parse_rfc
APR::Error: cluck confess fatal new num num_cmp num_cmp_not str strerror
APR::Finfo: atime csize ctime device filetype fname group inode mtime name nlink protection size stat user valid
APR::IpSubnet: new test
APR::OS: current_thread_id
APR::PerlIO: PERLIO_LAYERS_ARE_ENABLED
APR::Pool: DESTROY cleanup_for_exec cleanup_register clear destroy is_ancestor new parent_get tag
APR::SockAddr: equal ip_get port
APR::Socket: bind close connect fileno listen opt_get opt_set poll recv recvfrom send sendto timeout_get timeout_set
APR::Status: is_EACCES is_EAGAIN is_ECONNABORTED is_ECONNRESET is_ENOENT is_EOF is_TIMEUP
APR::String: format_size
APR::Table: CLEAR DELETE EXISTS FETCH FIRSTKEY NEXTKEY STORE add clear compress copy do get make merge overlap overlay
    set unset
APR::ThreadMutex: DESTROY lock new pool_get trylock unlock
APR::ThreadRWLock: DESTROY new pool_get rdlock tryrdlock trywrlock unlock wrlock
APR::URI: fragment hostinfo hostname parse password path port port_of_scheme query rpath scheme unparse user
APR::UUID: DESTROY format new parse
APR::Util: filepath_name_get password_get password_validate
APR::XSLoader: BOOTSTRAP load
Apache2::Build: build_config
Apache2::CmdParms: add_config check_cmd_context cmd context directive info method_is_limited override override_opts
    path pool server temp_pool
Apache2::Command: args_how errmsg name next req_override
Apache2::Connection: aborted base_server bucket_alloc client_addr client_ip client_socket conn_config get_remote_host
    id input_filters keepalive keepalives local_addr local_host local_ip log_id notes output_filters pool remote_addr
    remote_host remote_ip sbh
Apache2::Filter Apache2::Connection: add_input_filter add_output_filter
Apache2::ConnectionUtil Apache2::Connection: pnotes pnotes_kill
Apache2::Const: import
Apache2::Directive: args as_hash as_string conftree directive filename first_child line_num lookup next parent
Apache2::Filter: MODIFY_CODE_ATTRIBUTES PRINT TIEHANDLE c ctx fflush frec get_brigade next pass_brigade print r read
    remove seen_eos
Apache2::FilterRec: name
Apache2::Log: LOG_MARK alert crit debug emerg error info log_pid notice warn
Apache2::MPM: is_threaded query show
Apache2::Module: add ap_api_major_version ap_api_minor_version cmds find_linked_module get_config loaded module_index
    name next remove_loaded_module top_module
Apache2::PerlSections: add_config directives dump handler package parms post_config save saved server store symdump
Apache2::Process: pconf pool short_name
Apache2::Provider: register_provider
Apache2::Reload: handler import unregister_module
Apache2::RequestIO Apache2::RequestRec: BINMODE CLOSE FILENO GETC OPEN PRINT PRINTF READ TIEHANDLE UNTIE WRITE
    discard_request_body get_client_block print printf puts read rflush sendfile setup_client_block
    should_client_block write
Apache2::RequestUtil Apache2::RequestRec: add_config as_string child_terminate dir_config document_root
    get_handlers get_limit_req_body get_server_name get_server_port is_initial_req is_perl_option_enabled location
    location_merge new no_cache pnotes pnotes_kill psignature push_handlers set_basic_credentials set_handlers
    slurp_filename
Apache2::Filter Apache2::RequestRec: add_input_filter add_output_filter
Apache2::Access Apache2::RequestRec: allow_methods allow_options allow_override_opts allow_overrides auth_name
    auth_type get_basic_auth_pw get_remote_logname note_auth_failure note_basic_auth_failure note_digest_auth_failure
    satisfies some_auth_required
Apache2::RequestRec: allowed allowed_methods allowed_xmethods ap_auth_type args assbackwards bytes_sent connection
    content_encoding content_languages content_type err_headers_out filename finfo handler header_only headers_in
    headers_out hostname input_filters main method method_number mtime next no_local_copy notes output_filters
    path_info per_dir_config pool prev proto_input_filters proto_num proto_output_filters protocol proxyreq
    request_config request_time server status status_line subprocess_env the_request unparsed_uri uri used_path_info
    user useragent_addr useragent_ip
Apache2::URI Apache2::RequestRec: construct_server construct_url parse_uri parsed_uri
Apache2::Response Apache2::RequestRec: custom_response make_etag meets_conditions rationalize_mtime send_cgi_header
    send_error_response send_mmap set_content_length set_etag set_keepalive set_last_modified update_mtime
Apache2::HookRun Apache2::RequestRec: die invoke_handler run_access_checker run_auth_checker run_check_user_id
    run_fixups run_handler run_header_parser run_log_transaction run_map_to_storage run_post_read_request
    run_translate_name run_type_checker
Apache2::SubRequest Apache2::RequestRec: internal_fast_redirect internal_redirect internal_redirect_handler
    lookup_dirent lookup_file lookup_method_uri lookup_uri
Apache2::Log Apache2::RequestRec: log log_error log_reason log_rerror warn
Apache2::SubProcess Apache2::RequestRec: spawn_proc_prog
Apache2::RequestUtil: get_status_line register_auth_provider request
Apache2::Resource: default_handler handler
Apache2::ServerUtil Apache2::ServerRec: add_config add_version_component dir_config error_log2stderr get_handlers
    is_perl_option_enabled loglevel method_register push_handlers set_handlers
Apache2::ServerRec: addrs context error_fname is_virtual keep_alive keep_alive_max keep_alive_timeout limit_req_fields
    limit_req_fieldsize limit_req_line lookup_defaults module_config names next path port process server_admin
    server_hostname server_scheme timeout wild_names
Apache2::Log Apache2::ServerRec: log log_error log_serror warn
Apache2::ServerUtil: exists_config_define get_server_banner get_server_built get_server_description get_server_version
    group_id restart_count server server_root server_root_relative server_shutdown_cleanup_register user_id
Apache2::SizeLimit: add_cleanup_handler get_check_interval handler set_check_interval set_max_process_size
    set_max_unshared_size set_min_shared_size
Apache2::Status: handler menu_item
Apache2::SubRequest: DESTROY run
Apache2::URI: unescape_url
Apache2::Util: escape_path ht_time
Apache2::XSLoader: BOOTSTRAP load
Apache2::compat: override_mp2_api restore_mp2_api
ModPerl::Config: as_string
ModPerl::Const: compile import
ModPerl::Global: special_list_call special_list_clear special_list_register
ModPerl::InterpPool: parent server tipool
ModPerl::Interpreter: current mip num_requests perl refcnt
ModPerl::MethodLookup: avail_methods avail_methods_compat avail_modules lookup_method lookup_module lookup_object
    preload_all_modules print_method print_module print_object
ModPerl::PerlRun: handler
ModPerl::PerlRunPrefork: handler
ModPerl::Registry: handler
ModPerl::RegistryBB: handler
ModPerl::RegistryCooker: cache_it cache_table cache_table_common cache_table_local can_compile chdir_file
    chdir_file_normal compile convert_script_to_compiled_handler default_handler error_check flush_namespace
    flush_namespace_normal get_mark_line get_script_name handler init install_aliases is_cached log_error
    make_namespace namespace_from namespace_from_filename namespace_from_uri namespace_root new read_script run
    shebang_to_perl should_compile should_compile_if_modified should_compile_once should_reset_inc_hash
    strip_end_data_segment uncache_myself
ModPerl::RegistryLoader: handler new
ModPerl::RegistryPrefork: handler
ModPerl::TiPool: cfg in_use size
ModPerl::TiPoolConfig: max max_requests max_spare min_spare start
ModPerl::Util: current_callback current_perl_id exit unload_package unload_package_pp unload_package_xs untaint
T

# What is not there yet.
my %OPEN = map { $_ => 1 } qw(APR::Util::password_get);

my $s = TestHttpd->start(mpm => 'prefork', files => { names => $NAMES =~ s/\n {4}/ /gr }, modules => { 'My/Complete.pm' => <<'P' }, config => <<'C');
package My::Complete;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    open my $fh, '<', '@root@/names' or die $!;
    while (<$fh>) {
        my ($module, $class, $names) = /^(\S+?)(?: (\S+))?: (.*)/ or die "what is $_?";
        $class ||= $module;
        if (!eval "require $module; 1") {
            $r->print("$module does not load: $@\n") if $@ !~ /^(?:\Q$module\E|Apache2::\w+|ModPerl::\w+) is not there yet|^Attempt to reload|^Can't locate BSD/;
            next;
        }
        no strict 'refs';
        $r->print("${class}::$_\n") for grep { !defined &{"${class}::$_"} && !$class->can($_) } split ' ', $names;
    }
    return 0;
}
1;
P
PerlModule My::Complete
<Location />
    SetHandler modperl
    PerlResponseHandler My::Complete
</Location>
C
my @missing = split /\n/, $s->get('/')->{content};
is join(' ', grep { !$OPEN{$_} } @missing), '', 'nothing is missing';

done_testing;
