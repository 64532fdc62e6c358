package ModInterp::ClassScript::Shown::Once;

# PerlClassReloadOn never for scripts whose errors are shown.

use strict;
use warnings;
use mro 'c3';

use ModInterp::ClassScript::Once ();
use ModInterp::ClassScript::Shown ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::ClassScript::Shown ModInterp::ClassScript::Once);

ModInterp::script_handler(__PACKAGE__);

1;
