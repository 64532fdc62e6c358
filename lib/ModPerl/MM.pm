package ModPerl::MM;

# WriteMakefile for modules with XS that run in this server: ExtUtils::MakeMaker's, with the flags, headers and typemap that Apache2::Build
# knows where the Makefile.PL gives none.

use strict;
use warnings;

use ExtUtils::MakeMaker ();
use Apache2::Build ();

our %PM;        # files to install besides those that MakeMaker finds: from => to

my $build;
sub build_config {
    my ($key) = @_;
    $build ||= Apache2::Build->build_config;
    return defined $key ? $build->{$key} : $build;
}

my %default = (
    CCFLAGS      => sub { build_config()->ccopts },
    INC          => sub { build_config()->inc },
    LDDLFLAGS    => sub { build_config()->perl_config('lddlflags') },
    LIBS         => sub { '' },
    OPTIMIZE     => sub { build_config()->perl_config('optimize') },
    OTHERLDFLAGS => sub { build_config()->otherldflags },
    TYPEMAPS     => sub { build_config()->typemaps },
);

sub get_def_opt {
    my ($option) = @_;
    return $default{$option}->() if $default{$option};
    warn "ModPerl::MM: there is no default for $option\n";
    return '';
}

sub WriteMakefile {
    my %args = @_;
    $args{$_} = get_def_opt($_) for grep { !exists $args{$_} } qw(CCFLAGS INC LDDLFLAGS LIBS OPTIMIZE TYPEMAPS);
    $args{dynamic_lib} = { OTHERLDFLAGS => get_def_opt('OTHERLDFLAGS'), %{ $args{dynamic_lib} || {} } };
    # A Makefile.PL that names httpd's folder expects mod_perl's headers there, and so does who gives INC on the command line: ours are
    # looked at first, and where no other has a file the rest of what the build knows.
    my ($own) = split ' ', my $all = get_def_opt('INC');
    $_ = "$own $_ $all" for grep { index($_, $own) < 0 } $args{INC};
    local @ARGV = map { s/^INC=(.*)/INC=$own $1 $all/rs } @ARGV;
    my_import(__PACKAGE__);
    return ExtUtils::MakeMaker::WriteMakefile(%args);
}

# The subs of $package::MY become MakeMaker's overrides, where the Makefile.PL has none of its own. MakeMaker takes them away with
# each call.
sub my_import {
    my ($package) = @_;
    no strict 'refs';
    for my $name (grep { defined &{"${package}::MY::$_"} } keys %{"${package}::MY::"}) {
        *{"MY::$name"} = \&{"${package}::MY::$name"} unless defined &{"MY::$name"};
    }
    return;
}

sub ModPerl::MM::MY::post_initialize {
    my ($mm) = @_;
    $mm->{PM}{$_} = $PM{$_} for grep { -e } keys %PM;
    return '';
}

1;
