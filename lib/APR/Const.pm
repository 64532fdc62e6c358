package APR::Const;

use strict;
use warnings;

use APR            ();
use ModPerl::Const ();
use XSLoader       ();

our $VERSION = '0.009000';
our @ISA     = qw(ModPerl::Const);

*compile = \&ModPerl::Const::compile;

1;
