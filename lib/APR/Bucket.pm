package APR::Bucket;

use strict;
use warnings;

use APR            ();
use APR::XSLoader ();

our $VERSION = '0.009000';

APR::XSLoader::load(__PACKAGE__);

1;
