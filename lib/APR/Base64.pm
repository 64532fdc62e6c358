package APR::Base64;

# Printed from the rows by `make tables`; do not edit. To add Perl to it, take this line away.

use strict;
use warnings;

use APR ();
use APR::XSLoader ();

our $VERSION = '0.009000';

APR::XSLoader::load(__PACKAGE__);

1;
