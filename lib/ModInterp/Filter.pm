package ModInterp::Filter;

# What a filter's sub says of itself, for the host: src/host/filter/said.rs has the same numbers.

use strict;
use warnings;

our $VERSION = '0.1.0';

my %number = (Connection => 1, Request => 2, Init => 4);
use constant BEGINS => 8;

# Without variables that the text could see.
sub compiled { return eval $_[0] }

# The sub that a handler's name stands for; of code that stands in the configuration another one each time.
sub sub_of {
    my ($handler) = @_;
    return ref $handler ? $handler : ModInterp::code($handler) || compiled("package main; $handler");
}

# The sub that a filter begins with, by its attribute FilterHasInitHandler.
sub first_of {
    my ($own) = @_;
    return $own->{first} if $own->{first};
    my $said = "FilterHasInitHandler($own->{begin})";
    my $first = compiled("package $own->{package}; $own->{begin}");
    die "$said: $@" if $@;
    $first = ModInterp::code($first) if defined $first && !ref $first;
    die "$said names no sub\n" if ref $first ne 'CODE';
    my $its = ModInterp::attributes($first);
    die "$said: that sub lacks the attribute FilterInitHandler\n" if !$its || !$its->{Init};
    return $own->{first} = $first;
}

sub said {
    my ($class, $handler) = @_;
    my $code = sub_of($handler);
    my $own = ref $code eq 'CODE' && ModInterp::attributes($code) or return 0;
    my $said = 0;
    $said |= $number{$_} for grep { $own->{$_} } keys %number;
    $said |= BEGINS if defined $own->{begin} && first_of($own);
    return $said;
}

sub begin {
    my ($class, $filter, $handler) = @_;
    my $own = ModInterp::attributes(sub_of($handler)) or return 0;
    return first_of($own)->($filter);
}

1;
