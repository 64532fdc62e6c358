package ModInterp::Page::Shown::Watched;

# PerlClassReloadOn watch for pages whose errors are shown.

use strict;
use warnings;
use mro 'c3';

use ModInterp::Page::Watched ();
use ModInterp::Page::Shown ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::Page::Shown ModInterp::Page::Watched);

ModInterp::script_handler(__PACKAGE__);

1;
