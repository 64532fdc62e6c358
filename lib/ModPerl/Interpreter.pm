package ModPerl::Interpreter;

# The interpreter that runs. An object is its address; all but the address is as of now.

use strict;
use warnings;

use ModInterp::Status  ();
use ModPerl::InterpPool ();
use ModPerl::Util      ();

our $VERSION = '2.000012';

sub current {
    my $address = hex ModPerl::Util::current_perl_id();
    return bless \$address, __PACKAGE__;
}

sub perl { ${ $_[0] } }
sub mip  { ModPerl::InterpPool->_new }

# Zero for the parent, which is not lent.
sub num_requests { ModPerl::InterpPool::_figure('uses of this one') }
sub refcnt       { ModPerl::InterpPool::_figure('holders of this one') }

1;
