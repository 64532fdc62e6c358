package Apache2::Provider;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

1;
