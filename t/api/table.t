# APR::Table as the request has it: methods, the tied hash, do.
use lib 't/lib';
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

done_testing;
