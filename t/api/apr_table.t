# APR::Table: methods, the tied hash, do; and as the request has it.
use lib 't/lib';
use TestApi;
use TestHttpd;

my $s = TestHttpd->start(modules => { 'My/Table.pm' => <<'P' }, config => <<'C');
package My::Table;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub several { my $t = shift; $t->add(A => 1); $t->add(B => 2); $t->add(A => 3); $t->add(b => 4); $t }
my %CASES = (
    get     => sub { my $t = shift; $t->set(A => 1); join '|', $t->get('A'), $t->get('a'), defined $t->get('B') ? 1 : 'undef' },
    add     => sub { my $t = shift; $t->add(A => 1); $t->add(a => 2); join '|', scalar($t->get('A')), join ',', $t->get('A') },
    merge   => sub { my $t = shift; $t->set(A => 1); $t->merge(A => 2); $t->get('A') },
    unset   => sub { my $t = shift; $t->add(A => 1); $t->add(A => 2); $t->unset('a'); defined $t->get('A') ? 'there' : 'gone' },
    clear   => sub { my $t = shift; $t->set(A => 1); $t->clear; join ',', keys %$t },
    tie     => sub { my $t = shift; $t->{A} = 1; $t->{B} = 2; join '|', $t->{a}, exists $t->{b} ? 1 : 0, exists $t->{c} ? 1 : 0, join(',', sort keys %$t) },
    delete  => sub { my $t = shift; $t->{A} = 1; my $old = delete $t->{A}; join '|', defined $old ? $old : 'undef', exists $t->{A} ? 'there' : 'gone' },
    each    => sub { my $t = shift; $t->add(A => 1); $t->add(B => 2); $t->add(A => 3); my @got; while (my ($k, $v) = each %$t) { push @got, "$k=$v" } join ',', @got },
    copy    => sub { my $t = several(shift); my %h = %$t; join ',', map { "$_=$h{$_}" } sort keys %h },
    list    => sub { my $t = several(shift); my @l = %$t; "@l" },
    values  => sub { my $t = several(shift); join ',', values %$t },
    keys    => sub { my $t = several(shift); join ',', map { "$_=$t->{$_}" } keys %$t },
    slice   => sub { my $t = several(shift); my @l = (%$t)[4, 5]; "@l" },
    middle  => sub { my $t = several(shift); each %$t for 1 .. 3; my $at = $t->{A}; my %h = %$t; "$at $h{A} $t->{A}" },
    invert  => sub { my $t = several(shift); my %h = reverse %$t; join ',', map { "$_=$h{$_}" } sort keys %h },
    alias   => sub { my $t = several(shift); $_ .= 'x' for values %$t; join ',', map { "$_=$t->{$_}" } keys %$t },
    do      => sub { my $t = shift; $t->add(A => 1); $t->add(B => 2); $t->add(A => 3); my @got; $t->do(sub { push @got, "$_[0]=$_[1]"; 1 }); join ',', @got },
    dosome  => sub { my $t = shift; $t->add(A => 1); $t->add(B => 2); $t->add(A => 3); my @got; $t->do(sub { push @got, "$_[0]=$_[1]"; 1 }, 'A'); join ',', @got },
    dostop  => sub { my $t = shift; $t->add(A => 1); $t->add(B => 2); my $n = 0; $t->do(sub { $n++; 0 }); $n },
    dodie   => sub { my $t = shift; $t->add(A => 1); eval { $t->do(sub { die "in do\n" }) }; "died $@" =~ s/\n//r },
    number  => sub { my $t = shift; $t->{A} = 7; $t->{A} + 1 },
    bytes   => sub { my $t = shift; $t->{A} = "\xe4\xf6"; length $t->{A} },
);
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my $t = $r->notes;
    $t->clear;
    $r->print($CASES{ $r->args }->($t));
    $t->clear;
    return Apache2::Const::OK;
}
1;
P
PerlModule My::Table
<Location /t>
    SetHandler modperl
    PerlResponseHandler My::Table
</Location>
C

my @CASES = (
    [get => '1|1|undef', 'set and get, names have no case'],
    [add => '1|1,2', 'add: the first, and all of them'],
    [merge => '1, 2', 'merge'],
    [unset => 'gone', 'unset takes all of a name'],
    [clear => '', 'clear'],
    [tie => '1|1|0|A,B', 'as a hash'],
    [each => 'A=1,B=2,A=3', 'each gives every entry in order'],
    [copy => 'A=3,B=2,b=4', 'a copy has the last value of a key'],
    [list => 'A 1 B 2 A 3 b 4', 'a list has every entry'],
    [values => '1,2,3,4', 'values fit to keys'],
    [keys => 'A=1,B=2,A=1,b=2', 'keys have a first value once the walk is over'],
    [slice => 'A 3', 'part of a list'],
    [middle => '3 3 1', 'where each stands, a new walk, and after it'],
    [invert => '1=A,2=B,3=A,4=b', 'keys by value'],
    [alias => 'A=3x,B=4x', 'values may be changed'],
    [do => 'A=1,B=2,A=3', 'do'],
    [dosome => 'A=1,A=3', 'do for one name'],
    [dostop => '1', 'do ends at a false value'],
    [dodie => 'died in do', 'a die inside do reaches the caller'],
    [number => '8', 'a number'],
    [bytes => '2', 'bytes'],
);
is $s->get("/t?$_->[0]")->{content}, $_->[1], "$_->[0]: $_->[2]" for @CASES;
like $s->get('/t?delete')->{content}, qr/\|gone$/, 'delete';

api_rows(
    rows => <<'R',
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
R
);

done_testing;
