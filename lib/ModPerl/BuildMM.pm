package ModPerl::BuildMM;

# As ModPerl::MM; what the Makefile.PL gives is added to the flags of the build, and typemaps of the folder, of xs/ and of the folder above
# are used too.

use strict;
use warnings;

use Cwd ();
use ModPerl::MM ();

sub build_config { ModPerl::MM::build_config(@_) }

sub WriteMakefile {
    my %args = @_;
    $args{$_} = "$args{$_} " . ModPerl::MM::get_def_opt($_) for grep { $args{$_} } qw(CCFLAGS INC);
    my @given = ref $args{TYPEMAPS} ? @{ $args{TYPEMAPS} } : grep { defined } $args{TYPEMAPS};
    $args{TYPEMAPS} = [ @{ ModPerl::MM::get_def_opt('TYPEMAPS') }, @given, grep { -e } map { Cwd::cwd() . "/$_" } qw(xs/typemap ../typemap) ];
    return ModPerl::MM::WriteMakefile(%args);
}

1;
