package ModPerl::Registry;

# Runs CGI scripts from code that is compiled when it is asked for first, and anew when its file has changed.

use strict;
use warnings;

use ModPerl::RegistryCooker ();

our $VERSION = '1.99';
our @ISA     = 'ModPerl::RegistryCooker';

sub handler : method {
    my $class = @_ >= 2 ? shift : __PACKAGE__;
    return $class->new($_[0])->default_handler;
}

*should_compile = \&ModPerl::RegistryCooker::should_compile_if_modified;

1;
