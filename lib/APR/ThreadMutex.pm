package APR::ThreadMutex;

use strict;
use warnings;

use APR::XSLoader ();

our $VERSION = '2.000012';

APR::XSLoader::load(__PACKAGE__);

# A lock dies with its pool: clones of the interpreter have the same one.
sub DESTROY {}

1;
