# APR::Brigade, APR::Bucket, APR::BucketAlloc, APR::BucketType; and that no object of a bucket outlives its bucket.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => <<'P',
sub ba { $_[0]->connection->bucket_alloc }
sub brigade { my ($r, @data) = @_; my $bb = APR::Brigade->new($r->pool, ba($r)); $bb->insert_tail(APR::Bucket->new(ba($r), $_)) for @data; $bb }
sub text { my $n = $_[0]->flatten(my $b); "$n:$b" }
P
    rows => <<'R',
APR::Brigade::new                     | ref brigade($r)                                        | APR::Brigade
APR::Brigade::is_empty                | brigade($r)->is_empty ? 1 : 0                          | 1
APR::Brigade::pool                    | ref brigade($r)->pool                                  | APR::Pool
APR::Brigade::bucket_alloc   | ref brigade($r)->bucket_alloc                                    | APR::BucketAlloc
APR::Brigade::cleanup        | my $bb = brigade($r, 'a'); my $b = $bb->first; $bb->cleanup; $bb->is_empty ? 1 : 0, eval { $b->length; 1 } // $@ | /^1,APR::Bucket::length: request is gone/
APR::Brigade::concat         | my ($x, $y) = (brigade($r, 'a'), brigade($r, 'b', 'c')); my $b = $y->first; $x->concat($y); $x->concat($x); text($x), $y->is_empty ? 1 : 0, $x->next($b)->length | 3:abc,1,1
APR::Brigade::destroy        | my $bb = brigade($r, 'a'); my $b = $bb->first; $bb->destroy; eval { $b->is_eos; 1 } // $@ | /request is gone/
APR::Brigade::first          | my $bb = brigade($r, 'a', 'bc'); $bb->first->length, brigade($r)->first | 1,undef
APR::Brigade::flatten        | my $bb = brigade($r, 'ab', 'cd'); my $n = $bb->flatten(my $b, 3); $n, "$b", text($bb), $bb->flatten($b, 0), "$b", $bb->flatten($b, 1_000_000_000_000), $b | 3,abc,4:abcd,0,,4,abcd
APR::Brigade::flatten        | text(brigade($r))                                                | 0:
APR::Brigade::flatten        | brigade($r)->flatten                                            | /^died: APR::Brigade::flatten: usage: \$bb->flatten\(\$buf, \[\$wanted\]\) at /
APR::Brigade::insert_head    | my $bb = brigade($r, 'b'); $bb->insert_head(APR::Bucket->new(ba($r), 'a')); text($bb) | 2:ab
APR::Brigade::insert_tail    | my $bb = brigade($r, 'b'); $bb->insert_tail($bb->first); my $b = APR::Bucket->new(ba($r), 'c'); $bb->insert_tail($b); brigade($r)->insert_tail($b); text($bb) | 1:b
APR::Brigade::insert_tail    | my $q = APR::Pool->new; brigade($r)->insert_tail(APR::Bucket->new(APR::BucketAlloc->new($q), 'c')) | /^died: APR::Brigade::insert_tail: the bucket is of another allocator/
APR::Brigade::last           | my $bb = brigade($r, 'a', 'bc'); $bb->last->length, brigade($r)->last | 2,undef
APR::Brigade::length         | brigade($r, 'ab', 'c')->length, brigade($r)->length(0)           | 3,0
APR::Brigade::next           | my $bb = brigade($r, 'a', 'bc'); $bb->next($bb->first)->length, $bb->next($bb->last) | 2,undef
APR::Brigade::next           | my $b = brigade($r, 'a')->first; brigade($r)->next($b)           | /^died: APR::Brigade::next: the bucket is not in this brigade/
APR::Brigade::prev           | my $bb = brigade($r, 'a', 'bc'); $bb->prev($bb->last)->length, $bb->prev($bb->first) | 1,undef
APR::Brigade::split          | my $bb = brigade($r, 'a', 'b', 'c'); my $b = $bb->next($bb->first); my $rest = $bb->split($b); text($bb), text($rest), $rest->next($b)->length, eval { $bb->next($b); 1 } // 'no' | 1:a,2:bc,1,no
APR::Bucket::data            | APR::Bucket->new(ba($r), 'a')->data > 0                          | 1
APR::Bucket::delete          | my $bb = brigade($r, 'a', 'b'); my ($x, $y) = ($bb->first, $bb->last); $x->delete; text($bb), $y->length, $x->length, $bb->next($x)->length, eval { $x->delete; 1 } // $@ | /^1:b,1,0,1,APR::Bucket::delete: the bucket was deleted/
APR::Bucket::delete          | my $bb = brigade($r, 'a' .. 'z'); my $n = 0; for (my $b = $bb->first; $b; $b = $bb->next($b)) { $n += $b->length; $b->delete } $n, text($bb) | 26,0:
APR::Bucket::delete          | my $bb = brigade($r, 'a', 'b'); my ($x, $y) = ($bb->first, $bb->last); $x->delete; $y->delete; eval { $x->length; 1 } // 'no', $bb->next($y) // 'end', eval { $bb->insert_tail($y); 1 } // $@ | /^no,end,APR::Brigade::insert_tail: the bucket was deleted/
APR::Bucket::delete          | my $bb = brigade($r, 'a', 'b'); my ($x, $y) = ($bb->first, $bb->last); $x->delete; $y->remove; my $n = $bb->next($x) // 'end'; $bb->cleanup; $n, $y->length, eval { $bb->next($x); 1 } // $@ | /^end,1,APR::Brigade::next: .*request is gone/
APR::Bucket::destroy         | my $b = APR::Bucket->new(ba($r), 'a'); $b->destroy; $b->destroy  | /^died: APR::Bucket::destroy: request is gone/
APR::Bucket::eos_create      | my $b = APR::Bucket::eos_create(ba($r)); my $n = $b->read(my $d); $b->type->name, $b->length, $n, $d | EOS,0,0,
APR::Bucket::flush_create    | APR::Bucket::flush_create(ba($r))->type->name                    | FLUSH
APR::Bucket::insert_after    | my $bb = brigade($r, 'a', 'c'); my $b = APR::Bucket->new(ba($r), 'b'); $bb->first->insert_after($b); $b->insert_after($b); text($bb), $bb->next($b)->length | 3:abc,1
APR::Bucket::insert_after    | APR::Bucket->new(ba($r), 'a')->insert_after(APR::Bucket->new(ba($r), 'b')) | /^died: APR::Bucket::insert_after: the bucket is in no brigade/
APR::Bucket::insert_before   | my $bb = brigade($r, 'a', 'c'); $bb->last->insert_before(APR::Bucket->new(ba($r), 'b')); text($bb) | 3:abc
APR::Bucket::is_eos          | APR::Bucket::eos_create(ba($r))->is_eos ? 1 : 0, brigade($r, 'a')->first->is_eos ? 1 : 0 | 1,0
APR::Bucket::is_flush        | APR::Bucket::flush_create(ba($r))->is_flush ? 1 : 0, brigade($r, 'a')->first->is_flush ? 1 : 0 | 1,0
APR::Bucket::length          | APR::Bucket->new(ba($r), 'abc')->length                          | 3
APR::Bucket::new             | my $b = APR::Bucket->new(ba($r), 'abcdef', 2, 3); my $n = $b->read(my $d); $n, $d, APR::Bucket->new(ba($r), 'abcdef', 2)->length, APR::Bucket->new(ba($r), undef)->length | 3,cde,4,0
APR::Bucket::new             | my $d = 'A' x 10; my $b = APR::Bucket->new(ba($r), $d); $d =~ s/^..../BBBB/; $b->read(my $got); $got, $b->length | BBBBAAAAAA,10
APR::Bucket::new             | my $d = 'abcdef'; my $b = APR::Bucket->new(ba($r), $d, 2, 3); $d = 'ABCDEFGH'; $b->read(my $got); $d = 'x'; $b->read(my $kept); $got, $kept | CDE,CDE
APR::Bucket::new             | my ($x, $y) = map { APR::Bucket->new(ba($r), lc $_) } qw(ABCD EF); $x->read(my $one); $y->read(my $two); $one, $two | abcd,ef
APR::Bucket::new             | my @b = map { my $d = $_; my $b = APR::Bucket->new(ba($r), $d); $d .= '!'; $b } qw(a b); join '', map { $_->read(my $got); $got } @b | ab
APR::Bucket::new             | my $d = 'one'; my $bb = brigade($r); $bb->insert_tail(APR::Bucket->new(ba($r), $d)); $d = 'two'; $bb->flatten(my $got); $got | two
APR::Bucket::new             | my $d = 'abc'; my $b = APR::Bucket->new(ba($r), $d); $d = \'ref'; $b->read(my $one); undef $d; $b->read(my $two); $d = 5; $b->read(my $three); $one, $two, $three | abc,abc,abc
APR::Bucket::new             | server: my $d = 'one'; my $bb = brigade($r); $bb->insert_tail(APR::Bucket->new(ba($r), $d)); $bb->insert_tail(APR::Bucket::eos_create(ba($r))); $d = 'two'; $r->output_filters->pass_brigade($bb); $d = 'six'; '' | two
APR::Bucket::new             | APR::Bucket->new(ba($r), 'abc', 2, 2)                            | /^died: APR::Bucket::new: the length argument can't be bigger/
APR::Bucket::new             | APR::Bucket->new(ba($r), 'abc', 4)                               | /^died: APR::Bucket::new: the length argument can't be bigger/
APR::Bucket::read            | my $n = APR::Bucket->new(ba($r), 'abc')->read(my $d, APR::Const::BLOCK_READ); $n, $d | 3,abc
APR::Bucket::remove          | my $bb = brigade($r, 'a', 'b'); my $b = $bb->first; $b->remove; $b->remove; my $t = text($bb); $bb->insert_tail($b); $t, text($bb) | 1:b,2:ba
APR::Bucket::setaside        | my $d = 'abc'; my $b = APR::Bucket->new(ba($r), $d); my $n = $b->setaside(APR::Pool->new); $d = 'x'; $b->read(my $got); $n, $got | 0,abc
APR::Bucket::start           | APR::Bucket->new(ba($r), 'abc', 2)->start                        | 2
APR::Bucket::type            | ref brigade($r, 'a')->first->type                                | APR::BucketType
APR::BucketType::name        | brigade($r, 'a')->first->type->name                              | mod_perl SV bucket
APR::BucketAlloc::new        | my $q = APR::Pool->new; my $ba = APR::BucketAlloc->new($q); my $bb = APR::Brigade->new($q, $ba); $bb->insert_tail(APR::Bucket->new($ba, 'abc')); text($bb) | 3:abc
APR::BucketAlloc::new        | my $ba = APR::BucketAlloc->new(APR::Pool->new); APR::Bucket->new($ba, 'abc')->length | 3
APR::BucketAlloc::destroy    | my $ba = APR::BucketAlloc->new(my $q = APR::Pool->new); my $bb = APR::Brigade->new($p, $ba); my $b = APR::Bucket->new($ba, 'abc'); $bb->insert_tail($b); $ba->destroy; $bb->is_empty ? 1 : 0, eval { $b->length; 1 } // 'no', eval { $ba->destroy; 1 } // 'no', eval { $bb->bucket_alloc; 1 } // $@ | /^1,no,no,APR::Brigade::bucket_alloc: the bucket allocator is gone/
APR::BucketAlloc::destroy    | server: my $ba = ba($r); $ba->destroy; APR::Bucket->new($ba, 'abc')->length | 3
APR::BucketAlloc::destroy    | my $q = APR::Pool->new; my $ba = APR::BucketAlloc->new($q); my $bb = APR::Brigade->new($p, $ba); $bb->insert_tail(APR::Bucket->new($ba, 'abc')); $q->destroy; $bb->is_empty ? 1 : 0 | 1
R
);

done_testing;
