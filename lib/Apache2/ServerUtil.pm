package Apache2::ServerUtil;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# As with mod_perl these are constants: a name without parentheses takes no arguments.
if (defined &server_root) {
    no warnings qw(redefine prototype);
    my ($root, $built) = (server_root(), get_server_built());
    *server_root      = sub () { $root };
    *get_server_built = sub () { $built };
}

1;
