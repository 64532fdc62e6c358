package ModPerl::TiPool;

# How many interpreters a tipool has, and how many of them are lent, as of now.

use strict;
use warnings;

use ModPerl::InterpPool   ();
use ModPerl::TiPoolConfig ();

our $VERSION = '2.000012';

sub in_use { ModPerl::InterpPool::_figure('lent') }
sub size   { ModPerl::InterpPool::_figure('interpreters') }
sub cfg    { bless \(my $address = ${ $_[0] }), 'ModPerl::TiPoolConfig' }

1;
