package ModInterp::Page::Watched;

# PerlClassReloadOn watch for pages.

use strict;
use warnings;
use mro 'c3';

use ModInterp::ClassScript::Watched ();
use ModInterp::Page ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::Page ModInterp::ClassScript::Watched);

ModInterp::script_handler(__PACKAGE__);

1;
