package Apache2::Filter;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# perl calls this for `sub handler : FilterRequestHandler { ... }` in a class that inherits from this one. It refuses the attribute that
# is returned. What a filter's sub says of itself is read by ModInterp::Filter.
sub MODIFY_CODE_ATTRIBUTES {
    my ($package, $code, @attributes) = @_;
    my %own = %{ ModInterp::attributes($code) || { package => $package } };
    for my $attribute (@attributes) {
        if    ($attribute =~ /\A(?:Filter)?(Connection|Request|Init)Handler\z/)  { $own{$1}    = 1 }
        elsif ($attribute =~ /\A(?:Filter)?HasInitHandler\((.*)\)\z/s)           { $own{begin} = $1 }
        else                                                                     { return $attribute }
    }
    ModInterp::attributes($code, \%own);
    return;
}

# `tie *STDOUT, $filter`: what is printed there goes to $filter->print, and what is read comes from $filter->read. mod_perl has PRINT alone,
# so programs have a PRINTF of their own: ours come with the first tie, where there is none.
sub TIEHANDLE {
    my ($self, $filter) = @_;
    *PRINTF = \&printf unless defined &PRINTF;
    *READ   = \&_read  unless defined &READ;
    return ref $self ? $self : $filter;
}

# Perl's own sprintf makes the text.
sub printf {
    my ($f, $format) = splice @_, 0, 2;
    @_ = ($f, sprintf $format, @_);
    goto &print;
}

# As perl's read: into the variable from an offset on, where a negative one counts from its end.
sub _read {
    my ($f, undef, $wanted, $offset) = @_;
    my $before = defined $_[1] ? length $_[1] : 0;
    $offset = !defined $offset ? 0 : $offset < 0 ? $before + $offset : $offset;
    my $n = $f->read(my $got, $wanted);
    $_[1] = ($before ? substr $_[1], 0, $offset : '') . "\0" x ($offset - $before) . $got;
    return $n;
}

1;
