package ModInterp::Page::Fresh;

# PerlClassInterpreters 0 for pages.

use strict;
use warnings;
use mro 'c3';

use ModInterp::ClassScript::Fresh ();
use ModInterp::Page ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::Page ModInterp::ClassScript::Fresh);

ModInterp::script_handler(__PACKAGE__);

1;
