package ModInterp::ClassScript::Once;

# PerlClassReloadOn never: the file of a script is not looked at again.

use strict;
use warnings;

use ModInterp::ClassScript ();

our $VERSION = '0.1.0';
our @ISA     = 'ModInterp::ClassScript';

ModInterp::script_handler(__PACKAGE__);

*should_compile = \&ModPerl::RegistryCooker::should_compile_once;

1;
