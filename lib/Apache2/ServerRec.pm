package Apache2::ServerRec;

use strict;
use warnings;

use Apache2::Log       ();    # brings warn
use Apache2::XSLoader ();
use Exporter          ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# use Apache2::ServerRec qw(warn): perl's own warn writes to the log of the current request's server (with Apache2::Log).
our @EXPORT_OK = qw(warn);
*import = \&Exporter::import;

1;
