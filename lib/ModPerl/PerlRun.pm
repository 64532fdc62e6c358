package ModPerl::PerlRun;

# Runs CGI scripts that leave something behind in their variables: compiled for each request, and their package is emptied
# after it.

use strict;
use warnings;

use ModPerl::RegistryCooker ();

our $VERSION = '1.99';
our @ISA     = 'ModPerl::RegistryCooker';

ModInterp::script_handler(__PACKAGE__);

__PACKAGE__->install_aliases({
    is_cached             => 'ModPerl::RegistryCooker::FALSE',
    should_compile        => 'ModPerl::RegistryCooker::TRUE',
    cache_it              => 'ModPerl::RegistryCooker::NOP',
    should_reset_inc_hash => 'ModPerl::RegistryCooker::TRUE',
    flush_namespace       => 'ModPerl::RegistryCooker::flush_namespace_normal',
});

1;
