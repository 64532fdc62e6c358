package ModPerl::Util;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';
our $DEFAULT_UNLOAD_METHOD ||= 'unload_package_pp';

Apache2::XSLoader::load(__PACKAGE__);

*current_perl_id = \&ModInterp::current_perl_id;
*untaint         = \&ModInterp::untaint;

sub unload_package {
    no strict 'refs';
    goto &$DEFAULT_UNLOAD_METHOD;
}

# Empties the variables and subs of a package and forgets its file. The globs stay: code that was compiled before, in other
# packages, finds what is defined under these names later. A variable or sub that another package shares stays there. The packages below
# this one stay, and so does its shared object.
sub unload_package_pp {
    my ($package) = @_;
    close $_ for grep { fileno $_ } ModInterp::empty_package($package);
    (my $file = "$package.pm") =~ s{::}{/}g;
    delete $INC{$file};
    return;
}

# Both names of mod_perl's.
*unload_package_xs = \&unload_package_pp;

1;
