# The small classes: APR::URI, APR::Finfo, APR::Base64 and their like, Apache2::Util.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => q(sub find_command { my $c = Apache2::Module::find_linked_module('core.c')->cmds; $c = $c->next while $c && $c->name ne $_[0]; $c } sub uri { APR::URI->parse($_[0]->pool, 'http://me:secret@host:81/a/b?q=1#top') } sub stat_ { APR::Finfo::stat($_[0]->document_root . '/plain.txt', APR::Const::FINFO_NORM, $_[0]->pool) }),
    rows => <<'R',
APR::URI::parse          | ref uri($r)                                                     | APR::URI
APR::URI::scheme         | my $u = uri($r); $u->scheme('https'), $u->scheme                | http,https
APR::URI::hostinfo       | uri($r)->hostinfo                                               | me:secret@host:81
APR::URI::user           | my $u = uri($r); $u->user, $u->user('you'), $u->user            | me,me,you
APR::URI::password       | my $u = uri($r); $u->password                                   | secret
APR::URI::hostname       | my $u = uri($r); $u->hostname('h2'), $u->hostname               | host,h2
APR::URI::port           | my $u = uri($r); $u->port, $u->port(99), $u->port               | 81,81,99
APR::URI::path           | my $u = uri($r); $u->path('/x'), $u->path                       | /a/b,/x
APR::URI::query          | my $u = uri($r); $u->query('z'), $u->query                      | q=1,z
APR::URI::fragment       | my $u = uri($r); $u->fragment                                   | top
APR::URI::rpath          | $r->parsed_uri->rpath                                           | /case
APR::URI::unparse        | uri($r)->unparse                                                | http://me@host:81/a/b?q=1#top
APR::URI::unparse        | my $u = uri($r); $u->password(undef); $u->unparse               | http://me@host:81/a/b?q=1#top
APR::URI::port_of_scheme | APR::URI::port_of_scheme('https'), APR::URI::port_of_scheme('none') | 443,0
APR::Finfo::stat         | ref stat_($r)                                                   | APR::Finfo
APR::Finfo::stat         | eval { APR::Finfo::stat('/none', APR::Const::FINFO_NORM, $p) }; ref $@, $@->{func}, $@->{rc} | APR::Error,APR::Finfo::stat,2
APR::Finfo::atime        | time - stat_($r)->atime < 600                                   | 1
APR::Finfo::csize        | stat_($r)->csize > 0                                            | 1
APR::Finfo::ctime        | time - stat_($r)->ctime < 600                                   | 1
APR::Finfo::device       | stat_($r)->device == (stat $r->document_root . '/plain.txt')[0] | 1
APR::Finfo::filetype     | stat_($r)->filetype == APR::Const::FILETYPE_REG                 | 1
APR::Finfo::fname        | stat_($r)->fname                                                | /plain\.txt\z/
APR::Finfo::group        | stat_($r)->group == (stat $r->document_root . '/plain.txt')[5]  | 1
APR::Finfo::inode        | stat_($r)->inode == (stat $r->document_root . '/plain.txt')[1]  | 1
APR::Finfo::mtime        | stat_($r)->mtime == (stat $r->document_root . '/plain.txt')[9]  | 1
APR::Finfo::name         | stat_($r)->name                                                 | undef
APR::Finfo::nlink        | stat_($r)->nlink                                                | 1
APR::Finfo::protection   | sprintf '%x', stat_($r)->protection                             | /^6[046][04]\z/
APR::Finfo::size         | stat_($r)->size                                                 | 10
APR::Finfo::user         | stat_($r)->user == (stat $r->document_root . '/plain.txt')[4]   | 1
APR::Finfo::valid        | (stat_($r)->valid & APR::Const::FINFO_SIZE) > 0                 | 1
APR::Base64::encode      | APR::Base64::encode("a\0b")                                     | YQBi
APR::Base64::decode      | APR::Base64::decode('YQBi') eq "a\0b"                           | 1
APR::Base64::encode_len  | APR::Base64::encode_len(3)                                      | 4
APR::String::format_size | APR::String::format_size(5000)                                  | /^\s*4\.9K\z/
APR::OS::current_thread_id | APR::OS::current_thread_id()                                  | /^\d+\z/
APR::Date::parse_http    | APR::Date::parse_http('Thu, 01 Jan 1970 00:00:01 GMT')          | 1
APR::Date::parse_rfc     | APR::Date::parse_rfc('Thu, 01 Jan 1970 00:00:01 +0000')         | 1
APR::Util::password_validate | APR::Util::password_validate('secret', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='), APR::Util::password_validate('x', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=') ? 1 : 0 | 1,0
APR::Util::filepath_name_get | APR::Util::filepath_name_get('/a/b.txt')                    | b.txt
APR::IpSubnet::new       | ref APR::IpSubnet->new($p, '127.0.0.1')                         | APR::IpSubnet
APR::IpSubnet::new       | eval { APR::IpSubnet->new($p, '345.0.0.1') }; ref $@, "$@"      | /^APR::Error,APR::IpSubnet::new: \(\d+\) The specified IP address is invalid/
APR::IpSubnet::new       | eval { APR::IpSubnet->new($p, '127.0.0.1', '255.0') }; "$@"     | /The specified network mask is invalid/
APR::IpSubnet::test      | map { APR::IpSubnet->new($p, @$_)->test($c->local_addr) } ['127'], ['127.0.0.1', 32], ['127.9.9.9', '255.0.0.0'], ['10.1.1.1', '255.0.0.0'] | 1,1,1,0
APR::IpSubnet::test      | APR::IpSubnet->new(APR::Pool->new, '127')->test($c->local_addr) | 1
APR::ThreadMutex::new    | ref APR::ThreadMutex->new($p), ref APR::ThreadMutex->new(APR::Pool->new, 0) | APR::ThreadMutex,APR::ThreadMutex
APR::ThreadMutex::lock   | my $m = APR::ThreadMutex->new(APR::Pool->new); $m->lock, $m->unlock, $m->lock, $m->unlock | 0,0,0,0
APR::ThreadMutex::trylock | my $m = APR::ThreadMutex->new($p); $m->trylock, $m->trylock == APR::Const::EBUSY, $m->unlock, $m->trylock | 0,1,0,0
APR::ThreadMutex::unlock | my $m = APR::ThreadMutex->new($p); $m->lock; $m->unlock; $m->trylock | 0
APR::ThreadMutex::pool_get | my $m = APR::ThreadMutex->new($p); $m->pool_get->is_ancestor($p), $p->is_ancestor($m->pool_get) | /^\d,\d\z/
APR::ThreadRWLock::new   | ref APR::ThreadRWLock->new($p)                                  | APR::ThreadRWLock
APR::ThreadRWLock::rdlock | my $l = APR::ThreadRWLock->new($p); $l->rdlock, $l->rdlock     | 0,0
APR::ThreadRWLock::wrlock | my $l = APR::ThreadRWLock->new(APR::Pool->new); $l->wrlock, $l->unlock, $l->wrlock | 0,0,0
APR::ThreadRWLock::tryrdlock | my $l = APR::ThreadRWLock->new($p); $l->wrlock; $l->tryrdlock == APR::Const::EBUSY, $l->unlock, $l->tryrdlock | 1,0,0
APR::ThreadRWLock::trywrlock | my $l = APR::ThreadRWLock->new($p); $l->rdlock; $l->trywrlock == APR::Const::EBUSY, $l->unlock, $l->trywrlock | 1,0,0
APR::ThreadRWLock::unlock | my $l = APR::ThreadRWLock->new($p); $l->wrlock; $l->unlock; $l->trywrlock | 0
APR::ThreadRWLock::pool_get | ref APR::ThreadRWLock->new($p)->pool_get                     | APR::Pool
APR::UUID::parse         | APR::UUID->parse('D48889bb-d11d-b211-8567-ec81968c93c6')->format | d48889bb-d11d-b211-8567-ec81968c93c6
APR::UUID::parse         | APR::UUID->parse('d48889bb')                                    | /^died: APR::UUID::parse: no such number: d48889bb at /
APR::UUID::new           | my @u = map { APR::UUID->new->format } 1, 2; $u[0] ne $u[1], @u | /^1(?:,[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}){2}\z/
Apache2::Module::top_module | ref Apache2::Module::top_module()                             | Apache2::Module
Apache2::Module::find_linked_module | Apache2::Module::find_linked_module('core.c')->name, Apache2::Module::find_linked_module('none.c') | core.c,undef
Apache2::Directive::conftree | ref Apache2::Directive::conftree() | Apache2::Directive
Apache2::Directive::next | ref Apache2::Directive::conftree()->next | Apache2::Directive
Apache2::Directive::first_child | my $d = Apache2::Directive::conftree(); $d = $d->next until $d->first_child; ref $d->first_child | Apache2::Directive
Apache2::Directive::first_child | Apache2::Directive::conftree()->first_child | undef
Apache2::Directive::parent | my $d = Apache2::Directive::conftree(); $d = $d->next until $d->first_child; $d->first_child->parent->directive eq $d->directive | 1
Apache2::Directive::directive | Apache2::Directive::conftree()->directive | ServerName
Apache2::Directive::args | Apache2::Directive::conftree()->args | 127.0.0.1
Apache2::Directive::filename | Apache2::Directive::conftree()->filename | /httpd\.conf\z/
Apache2::Directive::line_num | Apache2::Directive::conftree()->line_num | /^[1-9]\d*\z/
Apache2::RequestRec::spawned | my @n = $r->spawned('/bin/echo', 'x'); open my $out, '<&=', $n[1]; my $line = <$out>; chomp $line; require POSIX; POSIX::close($_) for @n[0, 2]; @n . $line | 3x
Apache2::Module::name    | my $n = 0; for (my $m = Apache2::Module::top_module(); $m; $m = $m->next) { $n++ if length $m->name } $n > 5 | 1
Apache2::Module::next    | ref Apache2::Module::top_module()->next                         | Apache2::Module
Apache2::Module::module_index | my %seen; for (my $m = Apache2::Module::top_module(); $m; $m = $m->next) { $seen{$m->module_index}++ } join ' ', grep { $_ != 1 } values %seen | 
Apache2::Module::is_shared | map { Apache2::Module::find_linked_module($_)->is_shared } 'core.c', 'mod_perl.c' | 0,1
Apache2::Module::ap_api_major_version | Apache2::Module::find_linked_module('core.c')->ap_api_major_version | /^20\d{6}\z/
Apache2::Module::ap_api_minor_version | Apache2::Module::find_linked_module('core.c')->ap_api_minor_version | /^\d+\z/
Apache2::Module::loaded  | map { Apache2::Module::loaded($_) } 'mod_perl.c', 'mod_perl.so', 'core.so', 'mod_none.c', 'mod_perl.x', 'Apache2::Module', 'No::Such', '' | 1,1,0,0,0,1,0,0
Apache2::Module::cmds    | ref Apache2::Module::find_linked_module('core.c')->cmds         | Apache2::Command
Apache2::Command::name   | my ($c) = find_command('DocumentRoot'); $c->name                | DocumentRoot
Apache2::Command::next   | ref find_command('DocumentRoot')->next, find_command('NoSuchOne') | Apache2::Command,undef
Apache2::Command::errmsg | find_command('DocumentRoot')->errmsg                            | /Root directory/
Apache2::Command::args_how | find_command('DocumentRoot')->args_how                        | 1
Apache2::Command::req_override | my $c = Apache2::Module::find_linked_module('mod_perl.c')->cmds; $c = $c->next while $c->name ne 'PerlResponseHandler'; $c->req_override == Apache2::Const::OR_ALL ? 1 : 0 | 1
Apache2::Command::req_override | find_command('DocumentRoot')->req_override & Apache2::Const::RSRC_CONF ? 1 : 0 | 1
Apache2::Util::ht_time   | Apache2::Util::ht_time($p, 0, '%Y-%m-%d', 1), Apache2::Util::ht_time($p) | /^1970-01-01,\w+, \d\d \w+ \d{4} .* GMT\z/
Apache2::Util::escape_path | Apache2::Util::escape_path('a b?', $p), Apache2::Util::escape_path('c:d', $p, 0) | a%20b%3f,./c:d
Apache2::URI::unescaped  | Apache2::URI::unescaped('a%20b')                                | a b
ModInterp::Status::interpreter | ModInterp::Status->interpreter > 0 \x7c\x7c !Apache2::MPM->is_threaded | 1
ModInterp::Status::pool  | my %f = map { ref $_ eq 'HASH' ? %$_ : $_ } ModInterp::Status->pool; keys(%f) > 5 \x7c\x7c !Apache2::MPM->is_threaded | 1
ModInterp::Status::server      | defined ModInterp::Status->server ? 1 : 0                       | 1
R
);

done_testing;
