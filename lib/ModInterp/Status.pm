package ModInterp::Status;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '0.1.0';

Apache2::XSLoader::load(__PACKAGE__);

1;
