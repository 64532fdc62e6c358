package ModPerl::RegistryBB;

# Runs CGI scripts from code that is compiled when it is asked for first, and never looks at their files again.

use strict;
use warnings;

use ModPerl::RegistryCooker ();

our $VERSION = '1.99';
our @ISA     = 'ModPerl::RegistryCooker';

ModInterp::script_handler(__PACKAGE__);

1;
