package ModInterp::Symbols;

# What is in the symbol tables of an interpreter. Looking changes nothing: no glob and no package comes into being by it.

use strict;
use warnings;

our $VERSION = '0.1.0';

# The symbol table of a package, if there is one.
sub stash {
    my ($package) = @_;
    my $stash = \%main::;
    return $stash if $package eq 'main' || $package eq '';
    for my $part (split /::/, $package) {
        my $glob = $stash->{"${part}::"};
        return unless defined $glob && ref \$glob eq 'GLOB' && ($stash = *$glob{HASH});
    }
    return $stash;
}

# Names of a package by their kind: { scalars => [...], arrays, hashes, functions, ios, packages }.
sub names {
    my ($package) = @_;
    my %names = map { $_ => [] } qw(arrays functions hashes ios packages scalars);
    my $stash = stash($package) or return \%names;
    for my $name (sort keys %$stash) {
        if ($name =~ /^(.+)::\z/) {
            push @{ $names{packages} }, $package eq 'main' ? $1 : "${package}::$1" unless $1 eq 'main';
            next;
        }
        my $glob = \$stash->{$name};
        my $full = "${package}::$name";
        # A constant, or a sub that is declared, may stand there without a glob.
        if (ref $glob ne 'GLOB') {
            push @{ $names{functions} }, $full;
            next;
        }
        push @{ $names{arrays} },    $full if *$glob{ARRAY};
        push @{ $names{hashes} },    $full if *$glob{HASH};
        push @{ $names{functions} }, $full if *$glob{CODE} && defined &{ *$glob{CODE} };
        push @{ $names{ios} },       $full if *$glob{IO};
        push @{ $names{scalars} },   $full if defined ${ *$glob{SCALAR} };
    }
    return \%names;
}

# A reference to what has this name: kind is SCALAR, ARRAY, HASH or CODE.
sub thing {
    my ($full, $kind) = @_;
    my ($package, $name) = $full =~ /^(?:(.*)::)?([^:]+)\z/s or return;
    my $stash = stash($package // 'main');
    return unless $stash && exists $stash->{$name};
    my $glob = \$stash->{$name};
    if (ref $glob ne 'GLOB') {
        no strict 'refs';
        return $kind eq 'CODE' ? \&$full : undef;
    }
    return *$glob{$kind};
}

# All packages.
sub packages {
    my ($below) = @_;
    return map { ($_, packages($_)) } @{ names($below // 'main')->{packages} };
}

# { class => [its parents] }, and of those that have any.
sub parents {
    my %parents;
    for my $package (packages()) {
        my $isa = thing("${package}::ISA", 'ARRAY');
        $parents{$package} = [@$isa] if $isa && @$isa;
    }
    return \%parents;
}

1;
