package ModPerl::Registry;

# Runs CGI scripts from code that is compiled when it is asked for first, and anew when its file has changed.

use strict;
use warnings;

use ModPerl::RegistryCooker ();

our $VERSION = '1.99';
our @ISA     = 'ModPerl::RegistryCooker';

ModInterp::script_handler(__PACKAGE__);

*should_compile = \&ModPerl::RegistryCooker::should_compile_if_modified;

1;
