package Apache::PerlRun;

# mod_perl 1's name for ModPerl::PerlRun, once Apache2::compat is loaded.

use strict;
use warnings;

use ModPerl::PerlRun ();

our @ISA = ('ModPerl::PerlRun');

1;
