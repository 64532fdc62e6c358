package mod_perl2;

# The version of mod_perl whose behaviour this is.

use strict;
use warnings;

our $VERSION         = '2.000012';
our $VERSION_TRIPLET = '2.0.12';
our $API_VERSION     = 2;

$mod_perl::VERSION = $VERSION;
$INC{'mod_perl.pm'} = __FILE__;

1;
