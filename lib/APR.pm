package APR;

# The door to the APR family for a plain perl; inside the server nothing is left to do.

use strict;
use warnings;

our $VERSION = '2.000012';

1;
