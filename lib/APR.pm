package APR;

# The door to the APR family for a plain perl; inside the server nothing is left to do. Each of the family loads it, as with
# mod_perl, and has the family's own version.

use strict;
use warnings;
use constant ();

our $VERSION = '0.009000';

1;
