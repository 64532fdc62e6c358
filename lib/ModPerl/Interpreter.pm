package ModPerl::Interpreter;

# The interpreter that runs. An object is its address; all but the address is as of now.

use strict;
use warnings;

use Apache2::XSLoader ();
use ModInterp::Status ();

our $VERSION = '2.000012';

sub current {
    my $address = hex ModInterp::current_perl_id();
    return bless \$address, __PACKAGE__;
}

sub perl { ${ $_[0] } }
sub mip  { ModInterp::Status::interp_pool() }

# Both are 0 for the parent, which is never lent.
sub num_requests { ModInterp::Status::figure('uses of this one') }
sub refcnt       { ModInterp::Status::figure('holders of this one') }

1;
