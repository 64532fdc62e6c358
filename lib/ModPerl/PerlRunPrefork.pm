package ModPerl::PerlRunPrefork;

# ModPerl::PerlRun within the script's own folder. A process has one current folder, so this is not for threads.

use strict;
use warnings;

use ModPerl::PerlRun ();

our $VERSION = '0.01';
our @ISA     = 'ModPerl::PerlRun';

if ($ENV{MOD_PERL}) {
    require Apache2::MPM;
    die "This package can't be used under threaded MPMs" if Apache2::MPM->is_threaded;
}

ModInterp::script_handler(__PACKAGE__);

*chdir_file = \&ModPerl::RegistryCooker::chdir_file_normal;

1;
