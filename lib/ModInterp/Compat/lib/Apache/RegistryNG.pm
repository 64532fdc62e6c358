package Apache::RegistryNG;

# mod_perl 1's name for ModPerl::Registry, once Apache2::compat is loaded.

use strict;
use warnings;

use ModPerl::Registry ();

our @ISA = ('ModPerl::Registry');

1;
