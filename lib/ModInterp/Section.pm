package ModInterp::Section;

# What a <Perl> section left in its package, or in Apache2::ReadConfig: variables that mod_perl turns into configuration.

use strict;
use warnings;

our $VERSION = '0.1.0';

# Name and writing of each, as a flat list. What is in a hash counts if it is a section or several: %Location = ('/x' => {...}).
sub left {
    my ($package) = @_;
    no strict 'refs';
    my @left;
    for my $in ($package, 'Apache2::ReadConfig') {
        my $stash = \%{"${in}::"};
        for my $name (sort grep { !/::\z/ } keys %$stash) {
            my $full = "${in}::$name";
            next if ref \$stash->{$name} ne 'GLOB';    # a sub or a constant
            push @left, $name, "\$$name" if defined $$full;
            push @left, $name, "\@$name" if *$full{ARRAY} && @$full;
            my ($key) = grep { ref $full->{$_} } *$full{HASH} ? sort keys %$full : ();
            push @left, $name, "\$$name\{\"$key\"}" if defined $key;
        }
    }
    return join "\0", map { utf8::encode(my $text = $_); $text } @left;
}

1;
