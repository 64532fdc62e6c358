package ModInterp::Page::Once;

# PerlClassReloadOn never for pages.

use strict;
use warnings;
use mro 'c3';

use ModInterp::ClassScript::Once ();
use ModInterp::Page ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::Page ModInterp::ClassScript::Once);

ModInterp::script_handler(__PACKAGE__);

1;
