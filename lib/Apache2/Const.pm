package Apache2::Const;

use strict;
use warnings;

use ModPerl::Const ();

our $VERSION = '2.000012';
our @ISA     = qw(ModPerl::Const);

1;
