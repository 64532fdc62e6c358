package ModInterp::Page::Shown;

# PerlClassErrorPage for pages: what their error page says is made as for scripts.

use strict;
use warnings;
use mro 'c3';

use ModInterp::ClassScript::Shown ();
use ModInterp::Page ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::Page ModInterp::ClassScript::Shown);

ModInterp::script_handler(__PACKAGE__);

1;
