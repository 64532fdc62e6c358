package Apache2::Const;

use strict;
use warnings;

use ModPerl::Const ();
use XSLoader       ();

our $VERSION = '2.000012';
our @ISA     = qw(ModPerl::Const);

*compile = \&ModPerl::Const::compile;

1;
