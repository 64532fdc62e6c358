# The small classes of APR: APR::URI, APR::Finfo, APR::Base64 and their like, locks.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => <<'P',
sub uri { APR::URI->parse($_[0]->pool, 'http://me:secret@host:81/a/b?q=1#top') }
sub stat_ { APR::Finfo::stat($_[0]->document_root . '/plain.txt', APR::Const::FINFO_NORM, $_[0]->pool) }
P
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
APR::Finfo::version      | stat_($r)->version, APR::Finfo::version($r->finfo)               | /^[\da-f]+-a-[\da-f]+,\z/
APR::Base64::encode      | APR::Base64::encode("a\0b")                                     | YQBi
APR::Base64::decode      | APR::Base64::decode('YQBi') eq "a\0b"                           | 1
APR::Base64::encode_len  | APR::Base64::encode_len(3)                                      | 4
APR::String::format_size | APR::String::format_size(5000)                                  | /^\s*4\.9K\z/
APR::OS::current_thread_id | APR::OS::current_thread_id()                                  | /^\d+\z/
APR::Date::parse_http    | APR::Date::parse_http('Thu, 01 Jan 1970 00:00:01 GMT')          | 1
APR::Date::parse_rfc     | APR::Date::parse_rfc('Thu, 01 Jan 1970 00:00:01 +0000')         | 1
APR::Util::password_validate | APR::Util::password_validate('secret', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='), APR::Util::password_validate('x', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=') ? 1 : 0 | 1,0
APR::Util::filepath_name_get | APR::Util::filepath_name_get('/a/b.txt')                    | b.txt
APR::Util::password_get      | server: my $b; APR::Util::password_get('Password: ', $b, 20)    | /^died: APR::Util::password_get: a server has no terminal at which it could ask at /
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
R
);

done_testing;
