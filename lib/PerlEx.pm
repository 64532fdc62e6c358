package PerlEx;

# What scripts written for PerlEx call.

use strict;
use warnings;

use ModInterp::Status ();

our $VERSION = '0.1.0';

# The name of the class to which the script belongs; default where it belongs to none.
sub class { return ModInterp::Status->class }

# This interpreter restarts before its next request; all those of its class do.
sub Reload    { ModInterp::Status->reload;     return 1 }
sub ReloadAll { ModInterp::Status->reload_all; return 1 }

1;
