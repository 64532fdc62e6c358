package Apache::RegistryLoader;

# mod_perl 1's name for ModPerl::RegistryLoader, once Apache2::compat is loaded.

use strict;
use warnings;

use ModPerl::RegistryLoader ();

our @ISA = ('ModPerl::RegistryLoader');

1;
