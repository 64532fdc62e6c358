package Apache2::Filter;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# perl calls this for `sub handler : FilterRequestHandler { ... }` in a class that inherits from this one. It refuses the attributes that
# are returned.
sub MODIFY_CODE_ATTRIBUTES {
    my ($package, $code, @attributes) = @_;
    my $known = qr/\A(?:FilterRequestHandler|FilterConnectionHandler|FilterInitHandler|FilterHasInitHandler\(.*\))\z/s;
    my ($refused) = grep { !/$known/ } @attributes;
    return defined $refused ? $refused : ();
}

1;
