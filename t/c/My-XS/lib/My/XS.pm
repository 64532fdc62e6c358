package My::XS;
use strict;
use warnings;
use XSLoader ();
our $VERSION = '1.02';
XSLoader::load(__PACKAGE__, $VERSION);
1;
