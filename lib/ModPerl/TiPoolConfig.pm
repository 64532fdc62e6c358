package ModPerl::TiPoolConfig;

# What PerlInterpStart, PerlInterpMax and so on say.

use strict;
use warnings;

use ModPerl::InterpPool ();

our $VERSION = '2.000012';

sub start        { ModPerl::InterpPool::_figure('PerlInterpStart') }
sub min_spare    { ModPerl::InterpPool::_figure('PerlInterpMinSpare') }
sub max_spare    { ModPerl::InterpPool::_figure('PerlInterpMaxSpare') }
sub max          { ModPerl::InterpPool::_figure('PerlInterpMax') }
sub max_requests { ModPerl::InterpPool::_figure('PerlInterpMaxRequests') }

1;
