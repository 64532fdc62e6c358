# Apache2::compat: what code for mod_perl 1 calls. A line each, as in t/api.
use lib 't/lib';
use TestApi;
use TestHttpd;

plan skip_all => "mod_perl's own lacks some of it" unless ours;

api_rows(
    conf => 'PerlOptions +GlobalRequest',
    # What the client sent, and what files have.
    tainted => [map({ "Apache2::RequestRec::$_" } qw(cgi_env cgi_var content read_client_block send_fd send_fd_length)), map { "Apache::File::$_" } qw(new open tmpfile)],
    code => <<'P',
use Apache2::compat ();
use Apache::Constants qw(:response :methods :options :remotehost :args_how :server :types OK HTTP_NO_CONTENT);
use Apache::File ();
use Apache::Util qw(:all);
use Apache (); use Apache::Log (); use Apache::Table (); use Apache::URI (); use Apache::Server ();
BEGIN { $T::Case::is_there = join ',', map { exists $INC{"Apache/$_.pm"} ? $_ : () } qw(Connection Constants Registry) }
sub overridden {    # name, code
    Apache2::compat::override_mp2_api($_[0]);
    my @got = eval { $_[1]->() };
    my $error = $@;
    Apache2::compat::restore_mp2_api($_[0]);
    die $error if $error;
    return wantarray ? @got : $got[0];
}
sub Apache2::Own::notes { package Apache2::Own; return $_[0]->notes }
sub warned { my ($code) = @_; my $text = ''; local $SIG{__WARN__} = sub { $text .= $_[0] }; $code->(); $text }
P
    after => sub {
        my ($s) = @_;
        is $s->post('/case?0', 'x' x 150_000)->{content}, 150_000, 'content reads a long body whole';
        my $name = $s->get('/case?1')->{content};
        ok wait_until(sub { TestHttpd::slurp($s->root . '/error_log') =~ m{cleaned up after /case} }), 'a cleanup is given the request';
        ok wait_until(sub { !-e $name }), 'a temporary file is gone with its request';
    },
    rows => <<'R',
Apache2::RequestRec::content           | length $r->content                                                                | 3 | abc
Apache::File::tmpfile                  | my ($name) = Apache::File->tmpfile; -e $name && $name                             | /apache\w{8}\z/
Apache2::RequestRec::send_http_header  | $r->send_http_header('text/odd'); $r->content_type                                | text/odd
Apache2::RequestRec::send_http_header  | $r->send_http_header; $r->content_type                                            | text/html
Apache2::RequestRec::send_http_header  | $r->content_type('a/b'); $r->send_http_header; $r->header_out('X', 1); $r->content_type, $r->header_out('X') | a/b,1
Apache2::RequestRec::header_in         | scalar $r->header_in('X-Test')                                                    | yes
Apache2::RequestRec::header_in         | $r->headers_in->add('X-Test', 'too'); $r->header_in('x-test')                     | yes,too
Apache2::RequestRec::header_in         | $r->header_in('X-Test', undef); $r->header_in('X-Test')                           | /^\z/
Apache2::RequestRec::header_out        | $r->header_out('X-A', 'b'); $r->headers_out->{'X-A'}                              | b
Apache2::RequestRec::header_out        | ref $r->header_out                                                                | APR::Table
Apache2::RequestRec::header_out        | warned(sub { $r->header_out(1, 2, 3) }), $r->header_out(1)                        | /^\z/
Apache2::RequestRec::err_header_out    | $r->err_header_out('X-A', 'b'); scalar($r->err_header_out('x-a'))                 | b
Apache2::RequestRec::table_get_set     | $r->table_get_set($t, 'a', 1); $r->table_get_set($t, 'a')                         | 1
Apache2::RequestRec::cgi_header_out    | $r->cgi_header_out('Content-Type', 'a/b'); $r->cgi_header_out('X', 'y'); $r->content_type, $r->header_out('X') | a/b,y
Apache2::RequestRec::cgi_header_out    | $r->cgi_header_out('Location', 'http://x.example/'); my $got = $r->status; $r->status(200); $got | 302
Apache2::RequestRec::cgi_header_out    | $r->cgi_header_out('Status', '404 Gone away'); my @got = ($r->status, $r->status_line); $r->status(200); $r->status_line(''); @got | 404,404 Gone away
Apache2::RequestRec::cgi_env           | my %env = $r->cgi_env; @env{qw(REQUEST_METHOD HTTP_X_TEST)}                       | GET,yes
Apache2::RequestRec::cgi_env           | my $env = $r->cgi_env; $env->{REQUEST_METHOD}, $r->cgi_env('REQUEST_METHOD')      | GET,GET
Apache2::RequestRec::cgi_var           | $r->cgi_var('A', 'b'); $r->subprocess_env('A')                                    | b
Apache2::RequestRec::is_main           | $r->is_main                                                                       | 1
Apache2::RequestRec::last              | $r->last->uri                                                                     | /case
Apache2::RequestRec::request           | $r->request->uri, Apache2::RequestRec->request->uri                               | /case,/case
Apache2::RequestRec::seqno             | $r->seqno                                                                         | 1
Apache2::RequestRec::current_callback  | $r->current_callback                                                              | PerlResponseHandler
Apache2::RequestRec::hard_timeout      | $r->hard_timeout('x'), $r->soft_timeout('x'), $r->reset_timeout, $r->kill_timeout, $r->cleanup_for_exec, $r->chdir_file, $r->stash_rgy_endav, 'none dies' | none dies
Apache2::RequestRec::clear_rgy_endav   | $r->clear_rgy_endav('T::Nothing')                                                 | 1
Apache2::compat::run_rgy_endav         | Apache2::compat::run_rgy_endav($r)                                                | 0
Apache2::RequestRec::get_remote_host   | $r->get_remote_host(REMOTE_NAME), $r->get_remote_host                             | 127.0.0.1,127.0.0.1
Apache2::RequestRec::parse_args        | $r->parse_args('a=1&b=x+y%21;c&d=2=3')                                            | a,1,b,x y!,c,,d,2=3
Apache2::RequestRec::parse_args        | $r->parse_args('word'), $r->parse_args(undef), scalar $r->parse_args('a=1')       | word,a=1
Apache2::RequestRec::content           | my %form = $r->content; @form{qw(a b)}, scalar $r->content                        | 1,x y, | a=1&b=x+y
Apache::args                           | $r->args('a=1&b=2'); my %form = $r->Apache::args; @form{qw(a b)}, scalar $r->Apache::args | 1,2,a=1&b=2
Apache2::RequestRec::register_cleanup  | $r->register_cleanup(sub { $_[0]->warn('cleaned up after ' . $_[0]->uri) }); 1 | 1
Apache2::RequestRec::post_connection   | my @seen; my $q = $r->lookup_uri('/plain.txt'); $q->post_connection(sub { push @seen, @_ }, 7); undef $q; @seen | 7
Apache2::RequestRec::send_fd           | open my $fh, '<', $r->document_root . '/plain.txt' or die $!; '=' . $r->send_fd($fh) | plain text=10
Apache2::RequestRec::send_fd_length    | open my $fh, '<', $r->document_root . '/plain.txt' or die $!; '=' . $r->send_fd_length($fh, 5) . $r->send_fd_length($fh, 0) . $r->send_fd_length($fh, 9) | plain text=505
Apache2::RequestRec::send_fd            | local *F; open F, '<', $r->document_root . '/plain.txt' or die $!; '=' . $r->send_fd('F') | plain text=10
Apache2::RequestRec::write_client      | $r->write_client('a', 'b'); ''                                                    | ab
Apache2::RequestRec::read_client_block | $r->read_client_block(my $b, 3); $b                                               | abc | abcdef
Apache2::RequestRec::server_root_relative | $r->server_root_relative('x/y') eq Apache2::ServerUtil::server_root() . '/x/y'  | 1
Apache2::RequestRec::define            | $r->define('MODPERL2'), $r->module('mod_perl.c'), ref $r->gensym, $r->unescape_url('a%20+b') | 1,1,GLOB,a +b
Apache2::Connection::user              | $c->user('me'); $c->auth_type('Own'); $r->user, $r->ap_auth_type, $c->user        | me,Own,me
Apache2::Connection::remote_logname    | $c->remote_logname                                                                | undef
Apache2::Connection::remote_ip         | $c->remote_ip                                                                     | 127.0.0.1
Apache2::ServerRec::uid                | $s->uid == Apache2::ServerUtil->user_id, $s->gid == Apache2::ServerUtil->group_id | 1,1
Apache::request                        | Apache->request->uri                                                              | /case
Apache::request                        | my $q = $r->lookup_uri('/plain.txt'); Apache->request($q); my $u = Apache->request->uri; Apache->request($r); $u | /plain.txt
Apache::server                         | Apache->server->server_admin, Apache->server->dir_config('Where')                 | admin@example.com,server
Apache::server                         | start: Apache->server->server_admin                                               | admin@example.com
Apache::exit                           | $r->print('before'); Apache->exit(0); 'behind'                                    | /^beforedied: ModPerl::Util::exit: \(120000\) exit was called at .*Case\.pm line/
Apache::untaint                        | my $v = 'x'; Apache->untaint($v); $v                                              | x
Apache::module                         | Apache->module('mod_perl.c'), Apache->module('mod_no.c'), Apache->module('Apache2::compat') | 1,0,1
Apache::module                         | Apache->module                                                                    | /^died: Usage: Apache->module/
Apache::define                         | Apache->define('MODPERL2'), Apache::define('NoSuch') ? 1 : 0                      | 1,0
Apache::gensym                         | ref(Apache->gensym)                                                               | GLOB
Apache::warn                           | Apache->warn('by a class'); Apache::warn('by a function'); Apache::Server->warn('by another'); 1 | 1
Apache::httpd_conf                     | Apache->httpd_conf("Options +ExecCGI\n", 'PerlSetVar Late yes'); $r->allow_options & OPT_EXECCGI ? 1 : 0, $r->dir_config('Late') | 1,yes
Apache::can_stack_handlers             | Apache->can_stack_handlers, Apache::perl_hook('Access')                           | 1,1
Apache::push_handlers                  | start: Apache->push_handlers(PerlLogHandler => 'T::Case::late'); scalar @{ Apache->get_handlers('PerlLogHandler') } | 1
Apache::set_handlers                   | start: Apache->set_handlers(PerlLogHandler => undef); Apache->get_handlers('PerlLogHandler') // 'none' | none
Apache::unescape_url                   | Apache::unescape_url('a+b%2f'), Apache->unescape_url_info('a+b%2f') | a+b/,a b/
Apache::server_root_relative           | Apache->server_root_relative('/a/b'), Apache->server_root_relative eq $Apache::Server::CWD | /a/b,1
Apache::Server::Starting               | $Apache::Server::Starting, $Apache::Server::ReStarting                            | 0,1
Apache::Constants::import              | OK, REDIRECT, AUTH_REQUIRED, DOCUMENT_FOLLOWS, MOVED, USE_LOCAL_COPY, BAD_REQUEST, NOT_IMPLEMENTED, M_POST, OPT_EXECCGI, DIR_MAGIC_TYPE, HTTP_NO_CONTENT, TAKE1 | 0,302,401,200,301,304,400,501,2,8,httpd/unix-directory,204,1
Apache::Constants::import              | Apache::Constants::NOT_FOUND, Apache::Constants::MOVED, Apache::Constants->FORBIDDEN | 404,301,403
Apache::Constants::import              | package T::Other; Apache::Constants->import; DECLINED()                           | -1
Apache::Constants::import              | package T::Other; Apache::Constants->import('NO_SUCH')                            | /^died: .*NO_SUCH/
Apache::Constants::export              | Apache::Constants->export(qw(HTTP_OK)), 1                                         | 1
Apache::Constants::SERVER_VERSION      | SERVER_VERSION eq Apache2::ServerUtil::get_server_version(), SERVER_BUILT eq Apache2::ServerUtil::get_server_built(), MODULE_MAGIC_NUMBER | /^1,1,2012\d+:\d+\z/
Apache::File::new                      | my $f = Apache::File->new; $f->open($r->document_root . '/plain.txt') ? 1 : 0, <$f>, $f->close ? 1 : 0, $f->close ? 1 : 0 | 1,plain text,1,0
Apache::File::new                      | my $f = Apache::File->new($r->document_root . '/plain.txt'); ref $f, <$f>         | Apache::File,plain text
Apache::File::new                      | Apache::File->new('/no/such'), Apache::File->new ? 1 : 0                          | undef,1
Apache::File::open                     | Apache::File->open('/etc/passwd')                                                 | /^died: open is a method of an object of Apache::File/
Apache::File::open                     | my $f = Apache::File->new; $f->open('<', $r->document_root . '/plain.txt'); read $f, my $b, 5; $b | plain
Apache::File::tmpfile                  | my ($name, $f) = Apache::File->tmpfile; $T::Case::name = $name; print $f 'kept'; seek $f, 0, 0; -e $name ? 1 : 0, <$f>, sprintf('%o', 07777 & (stat $f)[2]) | 1,kept,600
Apache::File::tmpfile                  | ref Apache::File->tmpfile                                                         | Apache::File
Apache::ModuleConfig::get              | Apache::ModuleConfig->get($r, 'T::None'), Apache::ModuleConfig->get($s)           | undef,undef
Apache::SIG::handler                   | Apache::SIG::handler($r)                                                          | -1
Apache::Table::new                     | my $t = Apache::Table->new($r); $t->add(a => 1); $t->add(a => 2); $t->get('a'), ref(Apache::Table->new($r, 20)) | 1,2,APR::Table
Apache::URI::parse                     | my $u = Apache::URI->parse($r, 'http://u@h:81/p?q#f'); $u->port, $u->hostname, Apache2::URI->parse($r)->path | 81,h,/case
Apache::Util::escape_html              | escape_html('<a href="x">&</a>')                                                  | &lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;
Apache::Util::escape_uri               | escape_uri('/a b?'), Apache::Util::escape_path('/a b', $p)                         | /a%20b%3f,/a%20b
Apache::Util::unescape_uri             | my $u = '%41+b'; unescape_uri_info($u), Apache::Util::unescape_uri($u), $u        | A b,A+b,A+b
Apache::Util::ht_time                  | ht_time(0), ht_time(86400, '%d'), Apache::Util::ht_time(0, '%Y', 1)               | Thu, 01 Jan 1970 00:00:00 GMT,02,1970
Apache::Util::parsedate                | parsedate('Thu, 01 Jan 1970 00:01:00 GMT')                                        | 60
Apache::Util::size_string              | map { size_string($_) } 0, -1, 5, 1024, 40_000, 1 << 20, 99 << 20, 200 << 20      | /^   0k,    -,   1k,   1k,  39k, 1.0M,  99M, 200M\z/
Apache::Util::validate_password        | Apache::Util::validate_password('dougm', 'aX9eP53k4DGfU'), Apache::Util::validate_password('no', 'aX9eP53k4DGfU') | 1,0
Apache::Include::virtual               | require Apache::Include; '=' . Apache::Include->virtual('/plain.txt', $r) | plain text=200
Apache::Registry                       | require Apache::Registry; require Apache::RegistryBB; require Apache::RegistryLoader; Apache::PerlRun->isa('ModPerl::PerlRun') ? 1 : 0, Apache::Registry->isa('ModPerl::Registry') | 0,1
Apache::INC                            | $T::Case::is_there                                                                | Connection,Constants
Apache2::Module::top_module            | ref(Apache2::Module->top_module), ref(Apache2::Module::top_module())              | Apache2::Module,Apache2::Module
Apache2::Module::get_config            | Apache2::Module->get_config('T::None', $s), Apache2::Module::get_config('T::None', $s) | undef,undef
Apache2::RequestRec::args              | $r->args('a=1&b=2'); join ' ', overridden('Apache2::RequestRec::args', sub { $r->args }) | a 1 b 2
Apache2::RequestRec::headers_in        | my %h = overridden('Apache2::RequestRec::headers_in', sub { $r->headers_in }); $h{'X-Test'}, scalar(overridden('Apache2::RequestRec::headers_in', sub { $r->header_in('X-Test') })) | yes,yes
Apache2::RequestRec::filename          | my $f = $r->document_root . '/plain.txt'; overridden('Apache2::RequestRec::filename', sub { $r->filename($f); $r->filename eq $f, $r->finfo->size }) | 1,10
Apache2::RequestRec::filename          | overridden('Apache2::RequestRec::filename', sub { $r->filename('/no/such') })     | /^died: '\/no\/such' doesn't exist at /
Apache2::RequestRec::finfo             | $r->filename($r->document_root . '/plain.txt'); overridden('Apache2::RequestRec::finfo', sub { my $f = $r->finfo; -f $f ? 1 : 0, -s $f, -d $f ? 1 : 0 }) | 1,10,0
Apache2::RequestRec::notes             | overridden('Apache2::RequestRec::notes', sub { $r->notes(a => 1); $r->notes->add(a => 2); my @got = $r->notes('a'); $r->notes('a', undef); @got, $r->notes('a') // 'gone' }) | 1,2,gone
Apache2::RequestRec::notes             | $r->notes->set(a => 2); overridden('Apache2::RequestRec::notes', sub { $r->notes('a'), Apache2::Own::notes($r)->get('a') }) | 2,2
Apache2::RequestRec::notes             | $r->notes->set(a => 3); ref($r->notes), $r->notes->{a}                            | APR::Table,3
Apache2::RequestRec::print             | overridden('Apache2::RequestRec::print', sub { $r->print(\'by reference', ' and by value'); '' }) | by reference and by value
Apache2::Connection::local_addr        | my ($port, $ip) = Socket::unpack_sockaddr_in(overridden('Apache2::Connection::local_addr', sub { $c->local_addr })); $port == $c->local_addr->port, Socket::inet_ntoa($ip) | 1,127.0.0.1
Apache2::Connection::remote_addr       | overridden('Apache2::Connection::remote_addr', sub { my ($port) = Socket::unpack_sockaddr_in($c->remote_addr); $c->remote_addr(Socket::pack_sockaddr_in(1, Socket::inet_aton('192.0.2.7'))); my $ip = $c->client_ip; $c->client_ip('127.0.0.1'); $port == $c->client_addr->port, $ip }) | 1,192.0.2.7
APR::URI::unparse                      | server: my $u = $r->parsed_uri; $u->hostname('h.example'); overridden('APR::URI::unparse', sub { $u->unparse }) | /^http:\/\/h\.example:\d+\/case/
Apache2::Util::ht_time                 | overridden('Apache2::Util::ht_time', sub { Apache2::Util::ht_time(0, '%Y') }), Apache2::Util::ht_time($p, 0, '%Y') | 1970,1970
Apache2::compat::override_mp2_api      | Apache2::compat::override_mp2_api('Apache2::RequestRec::uri')                      | /^died: Apache2::compat: Apache2::RequestRec::uri is not overridable at /
Apache2::compat::override_mp2_api      | my $n = 'Apache2::RequestRec::notes'; my $w = warned(sub { overridden($n, sub { Apache2::compat::override_mp2_api($n) }) }); $w | /^Apache2::compat: Apache2::RequestRec::notes has been overridden already/
Apache2::compat::restore_mp2_api       | warned(sub { Apache2::compat::restore_mp2_api('APR::URI::unparse') })            | /^Apache2::compat: APR::URI::unparse has not been overridden/
R
);

done_testing;
