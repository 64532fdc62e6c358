package ModPerl::Util;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

*unload_package = \&unload_package_pp unless defined &unload_package;

# Empties a package, forgets its file and its shared object. Packages below it stay.
sub unload_package_pp {
    my ($package) = @_;
    no strict 'refs';
    my $stash = \%{"${package}::"};
    for my $name (grep { !/::\z/ } keys %$stash) {
        my $full = "${package}::$name";
        if (defined &$full && defined(my $proto = prototype $full)) {
            # a sub inlined elsewhere may still be called: leave it without a body
            no warnings;
            undef &$full;
        }
        delete $stash->{$name};
    }
    (my $file = "$package.pm") =~ s{::}{/}g;
    delete $INC{$file};
    return;
}

# Both names of mod_perl's.
*unload_package_xs = \&unload_package_pp;

1;
