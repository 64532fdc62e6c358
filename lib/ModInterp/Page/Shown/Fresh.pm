package ModInterp::Page::Shown::Fresh;

# PerlClassInterpreters 0 for pages whose errors are shown.

use strict;
use warnings;
use mro 'c3';

use ModInterp::Page::Fresh ();
use ModInterp::Page::Shown ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::Page::Shown ModInterp::Page::Fresh);

ModInterp::script_handler(__PACKAGE__);

1;
