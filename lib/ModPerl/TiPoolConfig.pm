package ModPerl::TiPoolConfig;

# What PerlInterpStart, PerlInterpMax and so on say.

use strict;
use warnings;

use Apache2::XSLoader ();
use ModInterp::Status ();

our $VERSION = '2.000012';

sub start        { ModInterp::Status::figure('PerlInterpStart') }
sub min_spare    { ModInterp::Status::figure('PerlInterpMinSpare') }
sub max_spare    { ModInterp::Status::figure('PerlInterpMaxSpare') }
sub max          { ModInterp::Status::figure('PerlInterpMax') }
sub max_requests { ModInterp::Status::figure('PerlInterpMaxRequests') }

1;
