package Apache2::ConnectionIO;

# Printed from the rows by `make tables`; do not edit. To add Perl to it, take this line away.

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

1;
