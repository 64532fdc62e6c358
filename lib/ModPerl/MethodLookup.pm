package ModPerl::MethodLookup;

# Tells which module brings a method, and which methods a module or an object has, also from the command line:
#   perl -MModPerl::MethodLookup -e print_method dir_config
# The table is printed from the rows (ModPerl::MethodTable). Methods that are written in Perl, such as those of ModPerl::Registry, are not in it.

use strict;
use warnings;

use Exporter                 ();
use ModInterp::Compat::Names ();
use ModPerl::MethodTable     ();

our $VERSION = '2.000012';
our @ISA     = ('Exporter');
our @EXPORT  = qw(print_method print_module print_object);

my $methods = \%ModPerl::MethodTable::METHODS;      # name => [[module, class], ...]
my $compat  = \%ModInterp::Compat::Names::METHODS;  # name => what to write today

# By module or by class: [[method, class], ...] or [[method, module], ...].
my (%by_module, %by_class);
for my $name (sort keys %$methods) {
    for my $place (@{ $methods->{$name} }) {
        my ($module, $class) = @$place;
        push @{ $by_module{$module} }, [$name, $class];
        push @{ $by_class{$class} },   [$name, $module];
    }
}

sub avail_methods        { return keys %$methods }
sub avail_modules        { return keys %by_module }
sub avail_methods_compat { return keys %$compat }

sub preload_all_modules {
    for my $module (sort keys %by_module) { eval "require $module" }
    return;
}

# What to write to have the method, and the modules: of a class or an object, if one is given.
sub lookup_method {
    my ($method, $object) = @_;
    return "no method was named\n" unless defined $method;
    $method =~ s/.*(?:::|->)//;
    my $places = $methods->{$method} or return of_compat($method);
    my %brings = map { $_->[0] => 1 } @$places;
    if (defined $object && keys %brings > 1) {
        my @fit = grep { ref $object ? $object->isa($_->[1]) : $object eq $_->[1] } @$places;
        return "modules with a method '$method' (" . join(', ', sort keys %brings) . "), none of class '" . (ref $object || $object) . "'\n" unless @fit;
        %brings = ($fit[0][0] => 1);
    }
    my @modules = sort keys %brings;
    my $use = join '', map { "\tuse $_ ();\n" } @modules;
    return (@modules == 1 ? "To use method '$method' add:\n$use" : "There is more than one class with method '$method'; try one of:\n$use", @modules);
}

sub of_compat {
    my ($method) = @_;
    my $today = $compat->{$method} or return "no module has a method '$method'\n";
    return ("Method '$method' is of mod_perl 1. Write $today; or to use it add:\n\tuse Apache2::compat ();\n", 'Apache2::compat');
}

sub table_of {
    my ($title, $other, $list) = @_;
    my ($width) = sort { $b <=> $a } map { length $_->[0] } @$list, ['Method'];
    my $line = '-' x ($width + 30) . "\n";
    return join '', "\n$title\n\n", sprintf("%-${width}s %s\n", 'Method', $other), $line, (map { sprintf "%-${width}s %s\n", @$_ } @$list), $line;
}

# A table of the module's methods, and their names.
sub lookup_module {
    my ($module) = @_;
    return "no module was named\n" unless defined $module;
    my $list = $by_module{$module} or return "no module '$module' is known\n";
    return (table_of("Module '$module' brings these methods:", 'Of objects of class', $list), map { $_->[0] } @$list);
}

# The same of an object or a class.
sub lookup_object {
    my ($object) = @_;
    return "no object was named\n" unless defined $object;
    my $class = ref $object || $object;
    my $list = $by_class{$class} or return "no objects of class '$class' are known\n";
    return (table_of("Objects of class '$class' have these methods:", 'Module', $list), map { $_->[0] } @$list);
}

sub print_module { print +(lookup_module($_))[0] for @_ ? @_ : @ARGV; return }
sub print_object { print +(lookup_object($_))[0] for @_ ? @_ : @ARGV; return }

# Method names, each perhaps followed by a class or an object.
sub print_method {
    my @args = @_ ? @_ : @ARGV;
    while (@args) {
        my $method = shift @args;
        my $is_class = @args && (ref $args[0] || $args[0] =~ /^(?:Apache2|APR|ModPerl)\b/);
        print +(lookup_method($method, $is_class ? shift @args : undef))[0];
    }
    return;
}

1;
