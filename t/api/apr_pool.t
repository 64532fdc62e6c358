# APR::Pool.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => 'our @done; sub note { push @done, @_ ? "@_" : "none" }',
    log  => qr/cleanup died/,
    rows => <<'R',
APR::Pool::new                  | ref(APR::Pool->new), APR::Pool->new->parent_get      | /^APR::Pool,(?:undef\x7cAPR::Pool=.*)\z/
APR::Pool::new                  | my $q = $p->new; $p->is_ancestor($q), $q->parent_get->is_ancestor($q) | 1,1
APR::Pool::new                  | my $q = APR::Pool->new; my $d = $q->new->new; undef $q; my $u = APR::Table::make($d, 1); $u->set(a => 1); $u->get('a') | 1
APR::Pool::new                  | my $q = APR::Pool->new; my $d = $q->new; $q->destroy; my $n = $d->new; ref($n), $n->is_ancestor($p), $p->is_ancestor($n) | APR::Pool,0,0
APR::Pool::new                  | @done = (); my $q = $p->new; $q->cleanup_register(\&note, 'x'); undef $q; @done | x
APR::Pool::cleanup_register     | @done = (); my $q = APR::Pool->new; $q->cleanup_register(\&note, 'arg'); $q->cleanup_register('T::Case::note'); undef $q; @done | none,arg
APR::Pool::cleanup_register     | my $q = APR::Pool->new; $q->cleanup_register(sub { die "cleanup died\n" }); undef $q; 'alive' | alive
APR::Pool::cleanup_register     | my (@w, $q); local $SIG{__WARN__} = sub { push @w, @_ }; local $@ = 'kept'; $q = APR::Pool->new; $q->cleanup_register(sub { die "$_[0]\n" }, $_) for 1, 2; $q->cleanup_register('no_such_sub'); undef $q; s/ at .*//s, s/\n// for @w; @w, $@ | APR::Pool: cleanup died: Undefined subroutine &T::Case::no_such_sub called,APR::Pool: cleanup died: 2,APR::Pool: cleanup died: 1,kept
APR::Pool::clear                | @done = (); my $q = APR::Pool->new; $q->cleanup_register(\&note, 1); my $u = APR::Table::make($q, 1); $q->clear; eval { $u->get('a') }; @done, $@ =~ /gone/ | 1,1
APR::Pool::destroy              | my $q = APR::Pool->new; $q->destroy; eval { $q->clear }; $@ | /^APR::Pool::clear: invalid pool object: request is gone/
APR::Pool::destroy              | my $q = APR::Pool->new; my $d = $q->new; $q->destroy; $d->destroy; $q->destroy; "twice" | twice
APR::Pool::destroy              | my $q = $p->new; my $d = $q->new; $q->destroy; eval { $d->parent_get }; $@ =~ /gone/ | 1
APR::Pool::DESTROY              | my $q = APR::Pool->new; $q->DESTROY; $q->DESTROY; 'once' | once
APR::Pool::is_ancestor          | $p->is_ancestor($p), $p->is_ancestor($c->pool), $c->pool->is_ancestor($p) | /^1,0,[01]\z/
APR::Pool::parent_get           | ref $p->parent_get                                   | APR::Pool
APR::Pool::tag                  | $p->tag('mine'); 1                                   | 1
APR::Pool::cleanup_for_exec     | my $pid = fork; if (!$pid) { $p->cleanup_for_exec; require POSIX; POSIX::_exit(4) } waitpid $pid, 0; $? >> 8 | 4
R
);

done_testing;
