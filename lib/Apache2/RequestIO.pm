package Apache2::RequestIO;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# Formatting is Perl's own; print's line numbers are the caller's.
sub Apache2::RequestRec::printf {
    my ($r, $format) = splice @_, 0, 2;
    @_ = ($r, sprintf $format, @_);
    goto &Apache2::RequestRec::print;
}
*Apache2::RequestRec::PRINTF = \&Apache2::RequestRec::printf;

# A handle tied to the class is tied to the request given, or to the current one.
sub Apache2::RequestRec::TIEHANDLE {
    my ($class, $r) = @_;
    return ref $r ? $r : Apache2::RequestUtil->request;
}

1;
