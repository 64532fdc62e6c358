package Apache2::MPM;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# As with mod_perl these are constants: a name without parentheses takes no arguments.
if (defined &show) {
    no warnings qw(redefine prototype);
    my ($is_threaded, $name) = (__PACKAGE__->is_threaded, __PACKAGE__->show);
    *is_threaded = sub () { $is_threaded };
    *show        = sub () { $name };
}

1;
