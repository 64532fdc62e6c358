package APR::SockAddr;

use strict;
use warnings;

use APR::XSLoader ();

our $VERSION = '2.000012';

APR::XSLoader::load(__PACKAGE__);

1;
