# APR::Pool, APR::Table, APR::Error, APR::Status, ModPerl::Util and constants.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    modules => { 'T/Unload.pm' => 'package T::Unload; our $x = 1; sub there { 7 } package T::Unload::Below; sub there { 8 } 1;' },
    code    => 'our @done; sub note { push @done, @_ ? "@_" : "none" } use ModPerl::Const (); ',
    log     => qr/cleanup died/,
    rows    => <<'R',
APR::Pool::new                  | ref(APR::Pool->new), APR::Pool->new->parent_get      | /^APR::Pool,(?:undef\x7cAPR::Pool=.*)\z/
APR::Pool::new                  | my $q = $p->new; $p->is_ancestor($q), $q->parent_get->is_ancestor($q) | 1,1
APR::Pool::new                  | my $q = APR::Pool->new; my $d = $q->new->new; undef $q; my $u = APR::Table::make($d, 1); $u->set(a => 1); $u->get('a') | 1
APR::Pool::new                  | my $q = APR::Pool->new; my $d = $q->new; $q->destroy; my $n = $d->new; ref($n), $n->is_ancestor($p), $p->is_ancestor($n) | APR::Pool,0,0
APR::Pool::new                  | @done = (); my $q = $p->new; $q->cleanup_register(\&note, 'x'); undef $q; @done | x
APR::Pool::cleanup_register     | @done = (); my $q = APR::Pool->new; $q->cleanup_register(\&note, 'arg'); $q->cleanup_register('T::Case::note'); undef $q; @done | none,arg
APR::Pool::cleanup_register     | my $q = APR::Pool->new; $q->cleanup_register(sub { die "cleanup died\n" }); undef $q; 'alive' | alive
APR::Pool::clear                | @done = (); my $q = APR::Pool->new; $q->cleanup_register(\&note, 1); my $u = APR::Table::make($q, 1); $q->clear; eval { $u->get('a') }; @done, $@ =~ /gone/ | 1,1
APR::Pool::destroy              | my $q = APR::Pool->new; $q->destroy; eval { $q->clear }; $@ | /^APR::Pool::clear: invalid pool object: request is gone/
APR::Pool::destroy              | my $q = APR::Pool->new; my $d = $q->new; $q->destroy; $d->destroy; $q->destroy; "twice" | twice
APR::Pool::destroy              | my $q = $p->new; my $d = $q->new; $q->destroy; eval { $d->parent_get }; $@ =~ /gone/ | 1
APR::Pool::DESTROY              | my $q = APR::Pool->new; $q->DESTROY; $q->DESTROY; 'once' | once
APR::Pool::is_ancestor          | $p->is_ancestor($p), $p->is_ancestor($c->pool), $c->pool->is_ancestor($p) | /^1,0,[01]\z/
APR::Pool::parent_get           | ref $p->parent_get                                   | APR::Pool
APR::Pool::tag                  | $p->tag('mine'); 1                                   | 1
APR::Pool::cleanup_for_exec     | my $pid = fork; if (!$pid) { $p->cleanup_for_exec; require POSIX; POSIX::_exit(4) } waitpid $pid, 0; $? >> 8 | 4
APR::Table::make                | ref APR::Table::make($p, 3)                          | APR::Table
APR::Table::set                 | $t->set(a => 1); $t->set(A => 2); $t->get('a')       | 2
APR::Table::add                 | $t->add(a => 1); $t->add(a => 2); $t->get('a')       | 1,2
APR::Table::get                 | scalar $t->get('none'), $t->get('none')              | undef
APR::Table::merge               | $t->merge(a => 1); $t->merge(a => 2); scalar $t->get('a') | 1, 2
APR::Table::unset               | $t->set(a => 1); $t->unset('A'); scalar $t->get('a') | undef
APR::Table::clear               | $t->set(a => 1); $t->clear; scalar $t->get('a')      | undef
APR::Table::compress            | $t->add(a => 1); $t->add(a => 2); $t->compress(APR::Const::OVERLAP_TABLES_SET); $t->get('a') | 2
APR::Table::copy                | $t->set(a => 1); my $u = $t->copy($p); $u->set(a => 2); scalar $t->get('a'), scalar $u->get('a') | 1,2
APR::Table::overlap             | my $u = APR::Table::make($p, 1); $t->set(a => 1); $u->set(a => 2); $t->overlap($u, APR::Const::OVERLAP_TABLES_SET); $t->get('a') | 2
APR::Table::overlay             | my $u = APR::Table::make($p, 1); $t->set(a => 1); $u->set(b => 2); my $o = $t->overlay($u, $p); $o->{a}, $o->{b} | 1,2
APR::Table::do                  | $t->add(a => 1); $t->add(b => 2); my @l; $t->do(sub { push @l, "@_"; 1 }); @l | a 1,b 2
APR::Table::do                  | $t->add(a => 1); $t->add(b => 2); my @l; $t->do(sub { push @l, "@_"; 1 }, 'b'); @l | b 2
APR::Table::do                  | $t->add(a => 1); $t->do(sub { die "within\n" })      | died: within
APR::Table::FETCH               | $t->set(a => 1); $t->{a}, $t->{A}, $t->{b}           | 1,1,undef
APR::Table::STORE               | $t->{x} = 'y'; scalar $t->get('x')                   | y
APR::Table::DELETE              | $t->{x} = 'y'; delete $t->{x}; exists $t->{x} ? 1 : 0 | 0
APR::Table::CLEAR               | $t->{x} = 'y'; %$t = (); scalar keys %$t             | 0
APR::Table::EXISTS              | $t->{x} = 'y'; exists $t->{X} ? 1 : 0                | 1
APR::Table::FIRSTKEY            | $t->add(a => 1); $t->add(a => 2); $t->add(b => 3); my @l; while (my ($k, $v) = each %$t) { push @l, "$k$v" } @l | a1,a2,b3
APR::Table::NEXTKEY             | $t->add(a => 1); $t->add(b => 2); keys %$t           | a,b
APR::Error::new                 | my $e = APR::Error->new(rc => 2, file => 'f', line => 3, func => 'g'); ref $e, $e->{rc} | APR::Error,2
APR::Error::str                 | '' . APR::Error->new(rc => 2, file => 'f', line => 3, func => 'g') | g: (2) No such file or directory at f line 3
APR::Error::num                 | sprintf '%d', APR::Error->new(rc => 2)               | 2
APR::Error::num_cmp             | my $e = APR::Error->new(rc => 2); $e == 2, $e == $e, $e == 3 ? 1 : 0 | 1,1,0
APR::Error::num_cmp_not         | my $e = APR::Error->new(rc => 2); $e != 3, $e != 2 ? 1 : 0 | 1,0
APR::Error::fatal               | my $e = APR::Error->new(rc => 2); $e + 2                | /^died: APR::Error: Can't handle '\+'/
APR::Error::cluck               | my @w; local $SIG{__WARN__} = sub { push @w, @_ }; APR::Error::cluck('said'); $w[0] | /^said at /
APR::Error::confess             | eval { APR::Error::confess(APR::Error->new(rc => 2, func => 'g')) }; $@ | /^g: \(2\) No such file or directory at /
APR::Error::confess             | local $SIG{__DIE__} = \&APR::Error::confess; no_such_sub()   | /^died: Undefined subroutine &T::Case::no_such_sub called at /
APR::Error::strerror            | APR::Error::strerror(2), APR::Error::strerror(120000) | No such file or directory,exit was called
APR::Status::is_EACCES          | APR::Status::is_EACCES(13), APR::Status::is_EACCES(2) ? 1 : 0 | 1,0
APR::Status::is_EAGAIN          | APR::Status::is_EAGAIN(11), APR::Status::is_EAGAIN(APR::Error->new(rc => 11)) | 1,1
APR::Status::is_ECONNABORTED    | APR::Status::is_ECONNABORTED(103)                    | 1
APR::Status::is_ECONNRESET      | APR::Status::is_ECONNRESET(104)                      | 1
APR::Status::is_ENOENT          | APR::Status::is_ENOENT(2)                            | 1
APR::Status::is_EOF             | APR::Status::is_EOF(APR::Const::EOF)                 | 1
APR::Status::is_TIMEUP          | APR::Status::is_TIMEUP(APR::Const::TIMEUP)           | 1
APR::Const::import              | eval q{package T::C1; use APR::Const qw(EACCES :table); EACCES() == 13 && defined &OVERLAP_TABLES_SET} | 1
APR::Const::import              | eval q{use APR::Const qw(NONE_SUCH); 1} or $@        | /unknown APR::Const constant NONE_SUCH/
Apache2::Const::import          | eval q{package T::C2; use Apache2::Const qw(:common NOT_FOUND); OK() . DECLINED() . NOT_FOUND()} | 0-1404
Apache2::Const::import          | eval q{use Apache2::Const qw(:none); 1} or $@        | /unknown Apache2::Const group `none'/
ModPerl::Const::compile         | ModPerl::Const->compile('-compile', 'EXIT'); ModPerl::EXIT() | 120000
ModPerl::Const::import          | eval q{package T::C3; use ModPerl::Const qw(EXIT); EXIT()} | 120000
ModPerl::EXIT                   | eval q{use ModPerl::Const -compile => 'EXIT'; ModPerl::EXIT} | 120000
ModPerl::Util::exit             | eval { ModPerl::Util::exit(3) }; ref $@, $@ == 120000 | APR::Error,1
ModPerl::Util::exit             | $r->print('before'); ModPerl::Util::exit()           | /^before(?:died)?/
ModPerl::Util::current_callback | ModPerl::Util::current_callback()                    | PerlResponseHandler
ModPerl::Util::current_perl_id  | ModPerl::Util::current_perl_id()                     | /^0x[0-9a-f]+\z/
ModPerl::Util::untaint          | my $x = $ENV{PATH}; ModPerl::Util::untaint($x); 1    | 1
ModPerl::Util::unload_package   | require T::Unload; my $n = T::Unload::there(); ModPerl::Util::unload_package('T::Unload'); $n, T::Unload->can('there') ? 1 : 0, $INC{'T/Unload.pm'}, T::Unload::Below->can('there') ? 1 : 0 | 7,0,undef,1
ModPerl::Util::unload_package_pp | require T::Unload; ModPerl::Util::unload_package_pp('T::Unload'); T::Unload->can('there') ? 1 : 0 | 0
ModPerl::Util::unload_package_xs | require T::Unload; ModPerl::Util::unload_package_xs('T::Unload'); T::Unload->can('there') ? 1 : 0 | 0
mod_perl2::VERSION              | require mod_perl2; $mod_perl2::VERSION               | 2.000012
R
);

done_testing;
