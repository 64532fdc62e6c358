package Apache2::BuildConfig;

# What mod_perl saves of its build is here asked when it is wanted.

use strict;
use warnings;

use Apache2::Build ();

sub new { Apache2::Build->build_config }

1;
