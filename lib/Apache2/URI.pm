package Apache2::URI;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# Changes its argument, and returns it.
sub unescape_url { return $_[0] = unescaped($_[0]) }

1;
