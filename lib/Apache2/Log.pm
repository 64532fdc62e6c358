package Apache2::Log;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# File and line of the caller, for log_rerror and log_serror.
sub LOG_MARK {
    die 'usage: Apache2::Log::LOG_MARK()' . sprintf " at %s line %d.\n", (caller)[1, 2] if @_;
    return (caller)[1, 2];
}

1;
