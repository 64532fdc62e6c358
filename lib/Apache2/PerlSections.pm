package Apache2::PerlSections;

use strict;
use warnings;

use Apache2::ServerUtil ();

our $VERSION = '2.000012';

# The server in whose configuration the running section stands.
sub server { return Apache2::ServerUtil->section_server }

1;
