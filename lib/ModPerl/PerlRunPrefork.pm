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

sub handler : method {
    my $class = @_ >= 2 ? shift : __PACKAGE__;
    return $class->new($_[0])->default_handler;
}

*chdir_file = \&ModPerl::RegistryCooker::chdir_file_normal;

1;
