package ModInterp::Page::Shown::Once;

# PerlClassReloadOn never for pages whose errors are shown.

use strict;
use warnings;
use mro 'c3';

use ModInterp::Page::Once ();
use ModInterp::Page::Shown ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::Page::Shown ModInterp::Page::Once);

ModInterp::script_handler(__PACKAGE__);

1;
