package ModPerl::TiPool;

# How many interpreters a tipool has, and how many of them are lent, as of now.

use strict;
use warnings;

use Apache2::XSLoader ();
use ModInterp::Status ();

our $VERSION = '2.000012';

sub in_use { ModInterp::Status::figure('lent') }
sub size   { ModInterp::Status::figure('interpreters') }
sub cfg    { bless \(my $address = ${ $_[0] }), 'ModPerl::TiPoolConfig' }

1;
