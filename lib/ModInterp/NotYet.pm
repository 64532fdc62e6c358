package ModInterp::NotYet;

# For the files of classes of mod_perl that are not there yet: another copy further on in @INC is loaded in their place, and
# without one the class dies when it is loaded, instead of being empty.

use strict;
use warnings;

our $VERSION = '0.1.0';

# A copy of this library further on is no other copy: each takes its own folder out of @INC.
sub import {
    my ($class, $file) = (caller)[0, 1];
    (my $name = "$class.pm") =~ s{::}{/}g;
    my ($folder) = $file =~ m{^(.*)/\Q$name\E\z};
    local @INC = grep { ref || !defined $folder || $_ ne $folder } @INC;
    delete $INC{$name};
    return if defined $folder && eval { require $name };
    my $error = $@;
    die $error if $error && $error !~ /^(?:Can't locate \Q$name\E |\Q$class\E is not there yet)/;
    die "$class is not there yet in mod_interp, and no other copy of it is in \@INC\n";
}

1;
