# ModInterp::Dict. What a dictionary does under load, over restarts and in Lua: t/host/dict.t.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    modules => {},
    rows => <<'R',
Apache2::RequestRec::dict      | ref $r->dict('rows'), eval { $r->dict('none') } ? 1 : $@ =~ /(no line InterpDict makes a dictionary "none": there are rows, cleared) at/ ? 'none' : $@ | ModInterp::Dict,none
ModInterp::Dict::new           | ref ModInterp::Dict->new('rows'), eval { ModInterp::Dict->new('') } ? 1 : 0 | ModInterp::Dict,0
ModInterp::Dict::name          | $r->dict('rows')->name | rows
ModInterp::Dict::set           | my $d = $r->dict('rows'); $d->set(a => 7), eval { $d->set(a => undef) } ? 1 : $@ =~ /InterpDict rows: a value is a string/ ? 'nothing' : $@, eval { $d->set(a => []) } ? 1 : $@ =~ /must be a string, a number or a boolean/ ? 'reference' : $@, eval { $d->set(a => 1, -1) } ? 1 : $@ =~ /InterpDict rows: ttl must be/ ? 'ttl' : $@ | 1,nothing,reference,ttl
ModInterp::Dict::get           | my $d = $r->dict('rows'); $d->set('t', "a\0b\xff"); $d->get('t') eq "a\0b\xff", $d->get('none') | 1,undef
ModInterp::Dict::add           | my $d = $r->dict('rows'); $d->delete('b'); $d->add(b => 1) ? 1 : 0, $d->add(b => 2) ? 1 : 0, $d->get('b') | 1,0,1
ModInterp::Dict::replace       | my $d = $r->dict('rows'); $d->delete('b'); $d->replace(b => 1) ? 1 : 0, $d->get('b') | 0,undef
ModInterp::Dict::incr          | my $d = $r->dict('rows'); $d->delete('n'); $d->incr('n'), $d->incr('n', 2), $d->incr('n', '0.5'), $d->incr('m' . $$ . rand, 1, 10) | 1,3,3.5,11
ModInterp::Dict::delete        | my $d = $r->dict('rows'); $d->set(c => 1); $d->delete('c') ? 1 : 0, $d->delete('c') ? 1 : 0 | 1,0
ModInterp::Dict::lpush         | my $d = $r->dict('rows'); $d->delete('l'); $d->lpush(l => 'a'), $d->lpush(l => 'b'), $d->lpop('l') | 1,2,b
ModInterp::Dict::rpush         | my $d = $r->dict('rows'); $d->delete('l'); $d->rpush(l => 'a'), $d->rpush(l => 'b'), $d->lpop('l') | 1,2,a
ModInterp::Dict::lpop          | $r->dict('rows')->lpop('none') | undef
ModInterp::Dict::rpop          | my $d = $r->dict('rows'); $d->delete('l'); $d->rpush(l => $_) for 1, 2; $d->rpop('l'), $d->rpop('l'), $d->rpop('l') | 2,1,undef
ModInterp::Dict::llen          | my $d = $r->dict('rows'); $d->delete('l'); $d->rpush(l => 1); $d->llen('l'), $d->llen('none'), $d->set(s => 1) && eval { $d->llen('s') } // ($@ =~ /InterpDict rows: the value is not a list/ ? 'no list' : $@) | 1,0,no list
ModInterp::Dict::ttl           | my $d = $r->dict('rows'); $d->set(e => 1); $d->set(f => 1, 100); $d->ttl('e'), $d->ttl('f') > 99 ? 1 : 0, $d->ttl('none') | 0,1,undef
ModInterp::Dict::expire        | my $d = $r->dict('rows'); $d->set(e => 1); $d->expire('e', 50) ? 1 : 0, $d->ttl('e') > 49 ? 1 : 0, $d->expire('none', 1) ? 1 : 0 | 1,1,0
ModInterp::Dict::keys          | my $d = $r->dict('rows'); $d->set(k => 1); ref $d->keys, scalar(grep { $_ eq 'k' } @{ $d->keys(0) }), scalar @{ $d->keys(1) } | ARRAY,1,1
ModInterp::Dict::clear         | my $d = $r->dict('cleared'); $d->set(k => 1); $d->clear; scalar @{ $d->keys } | 0
ModInterp::Dict::get_or_set    | my $d = $r->dict('rows'); $d->delete('o'); $d->get_or_set('o', sub { 42 }), $d->get_or_set('o', sub { 43 }), eval { $d->get_or_set(p => sub { die "mine\n" }) } // $@ =~ s/\n//r, $d->get_or_set(p => sub { undef }), $d->get('p'), eval { $d->get_or_set(p => sub { [] }) } // ($@ =~ /neither a string nor/ ? 'array' : $@) | 42,42,mine,undef,undef,array
ModInterp::Dict::lock          | my $d = $r->dict('rows'); my $n = $d->lock('x'); $d->unlock(x => $n); my $m = $d->lock('x'); my $none = $d->lock('x', 1, 0); $d->unlock(x => $m); $m > $n ? 1 : 0, $none | 1,undef
ModInterp::Dict::unlock        | my $d = $r->dict('rows'); my $n = $d->lock('y'); $d->unlock(y => $n + 1) ? 1 : 0, $d->unlock(y => $n) ? 1 : 0, $d->unlock(y => $n) ? 1 : 0 | 0,1,0
ModInterp::Dict::figures       | my $f = $r->dict('rows')->figures; join ' ', sort keys %$f | bytes capacity entries errors evictions expired hits misses
R
    outside => "InterpDict rows shm:1m\nInterpDict cleared shm:64k\n",
);

done_testing;
