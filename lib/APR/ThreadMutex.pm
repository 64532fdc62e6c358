package APR::ThreadMutex;

use strict;
use warnings;

use APR            ();
use APR::XSLoader ();

our $VERSION = '0.009000';

APR::XSLoader::load(__PACKAGE__);

# A lock dies with its pool: clones of the interpreter have the same one.
sub DESTROY {}

1;
