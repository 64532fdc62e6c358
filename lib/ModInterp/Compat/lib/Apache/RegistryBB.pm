package Apache::RegistryBB;

# mod_perl 1's name for ModPerl::RegistryBB, once Apache2::compat is loaded.

use strict;
use warnings;

use ModPerl::RegistryBB ();

our @ISA = ('ModPerl::RegistryBB');

1;
