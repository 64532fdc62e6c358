package Apache2::porting;

# For whoever ports code from mod_perl 1: a method or function that is not there dies with the name of the module that brings it,
# or with what to write in its place; so does loading a package of mod_perl 1's. It does nothing for what Apache2::compat brings.

use strict;
use warnings;

use ModInterp::Compat::Names ();
use ModPerl::MethodTable     ();

our $VERSION = '2.000012';

my $replaced = \%ModInterp::Compat::Names::METHODS;
my $packages = \%ModInterp::Compat::Names::PACKAGES;

# Perl looks for these by itself.
my %of_perl = map { $_ => 1 } qw(DESTROY CLONE CLONE_SKIP import unimport);

# In place of a sub of $class that is not there.
sub _missing {
    my ($class, $full, @args) = @_;
    my ($name) = $full =~ /(\w+)\z/;
    return if $of_perl{$name};
    die _hint($class, $name, @args) . sprintf " at %s line %d.\n", (caller 1)[1, 2];
}

sub _hint {
    my ($class, $name, @args) = @_;
    my $is_method = @args && defined $args[0] && UNIVERSAL::isa($args[0], $class);
    my @modules = map { $_->[0] } grep { $_->[1] eq $class } @{ $ModPerl::MethodTable::METHODS{$name} || [] };
    return "$name of $class is in $modules[0]: write use $modules[0] ();" if @modules;
    return "$name is of mod_perl 1: write $replaced->{$name}, or load Apache2::compat" if $replaced->{$name};
    return _moved($class) if $packages->{$class};
    return $is_method ? qq{Can't locate object method "$name" via package "$class"} : "Undefined subroutine &${class}::$name called";
}

sub _moved {
    my ($package) = @_;
    my $modules = join ', ', @{ $packages->{$package} };
    return "mod_perl 2 has no package $package" . ($modules && ": look for its methods in $modules");
}

my %classes = map { $_->[1] => 1 } map { @$_ } values %ModPerl::MethodTable::METHODS;
for my $class (keys %$packages, keys %classes) {
    next if do { no strict 'refs'; defined &{"${class}::AUTOLOAD"} };
    eval "package $class; our \$AUTOLOAD; sub AUTOLOAD { Apache2::porting::_missing('$class', \$AUTOLOAD, \@_) } 1" or die $@;
}

# Where a package of mod_perl 1's is asked for.
unshift @INC, sub {
    my (undef, $file) = @_;
    my $package = $file =~ s{/}{::}gr =~ s/\.pm\z//r;
    return unless $packages->{$package};
    die _moved($package) . sprintf " at %s line %d.\n", (caller)[1, 2];
};

1;
