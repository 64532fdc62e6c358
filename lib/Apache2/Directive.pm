package Apache2::Directive;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# A list: this directive and those behind it in the same section.
sub _row {
    my ($node) = @_;
    my @row;
    for (; $node; $node = $node->next) { push @row, $node }
    return @row;
}

# Name and arguments of a section without its brackets.
sub _bare {
    my ($node) = @_;
    my ($name, $args) = ($node->directive, $node->args // '');
    return ($name, $args) unless $name =~ s/^<//;
    $args =~ s/>\z//;
    return ($name, $args);
}

# The text of the lines within this section.
sub as_string {
    my ($self) = @_;
    return join '', map { $_->directive . ' ' . ($_->args // '') . "\n" } _row($self->first_child);
}

# { name => arguments, or [arguments, ...] where it stands several times, section => { arguments => { ... } } } of this one and
# those behind it.
sub as_hash {
    my ($self) = @_;
    my %hash;
    for my $node (_row($self)) {
        if (my $child = $node->first_child) {
            my ($name, $args) = _bare($node);
            $hash{$name} = {} if ref $hash{$name} ne 'HASH';
            $hash{$name}{$args} = $child->as_hash;
            next;
        }
        my ($name, $args) = ($node->directive, $node->args // '');
        if (!exists $hash{$name})             { $hash{$name} = $args }
        elsif (ref $hash{$name} eq 'ARRAY')   { push @{ $hash{$name} }, $args }
        elsif (!ref $hash{$name})             { $hash{$name} = [$hash{$name}, $args] }
    }
    return \%hash;
}

# Of the directives of this name, with these arguments: what as_hash says of a section's inside, else the arguments. All of them
# in a list, the first one in a scalar. As a class method: from the first directive on.
sub lookup {
    my ($self, $key, $value) = @_;
    if (@_ < 2 || @_ > 3) {
        die 'Usage: Apache2::Directive::lookup(self, key, [args])' . sprintf " at %s line %d.\n", (caller)[1, 2];
    }
    my @found;
    for my $node (_row(ref $self ? $self : conftree())) {
        my ($name, $args) = _bare($node);
        next if lc $name ne lc $key || defined $value && lc $args ne lc $value;
        my $child = $node->first_child;
        push @found, $child ? $child->as_hash : $node->args;
        last unless wantarray;
    }
    return wantarray ? @found : $found[0];
}

1;
