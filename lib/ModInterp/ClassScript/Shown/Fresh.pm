package ModInterp::ClassScript::Shown::Fresh;

# PerlClassInterpreters 0 for scripts whose errors are shown.

use strict;
use warnings;
use mro 'c3';

use ModInterp::ClassScript::Fresh ();
use ModInterp::ClassScript::Shown ();

our $VERSION = '0.1.0';
our @ISA     = qw(ModInterp::ClassScript::Shown ModInterp::ClassScript::Fresh);

ModInterp::script_handler(__PACKAGE__);

1;
