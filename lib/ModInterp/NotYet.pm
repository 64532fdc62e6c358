package ModInterp::NotYet;

# For the files of classes of mod_perl that are not there yet: another copy further on in @INC is loaded in their place, and
# without one the class dies when it is loaded, instead of being empty. A copy with a compiled part is none: that part was made
# for mod_perl, and would read this module's records by mod_perl's layout.

use strict;
use warnings;

our $VERSION = '0.1.0';

# A copy of this library further on is no other copy: each takes its own folder out of @INC.
sub import {
    my ($class, $file) = (caller)[0, 1];
    (my $path = $class) =~ s{::}{/}g;
    my ($last)   = $path =~ m{([^/]+)\z};
    my ($folder) = $file =~ m{^(.*)/\Q$path\E\.pm\z};
    local @INC = grep { ref || !defined $folder || ($_ ne $folder && !-e "$_/auto/$path/$last.so") } @INC;
    delete $INC{"$path.pm"};
    my $copy = $folder && (grep { !ref && -e "$_/$path.pm" } @INC)[0];
    return if defined $folder && eval { require "$path.pm" };
    my $error = $@;
    my $why = $copy ? "the copy in $copy does not load: $error" : "no other copy of it is in \@INC\n";
    die $error if $error =~ /^\Q$class\E is not there yet/;
    die "$class is not there yet in mod_interp, and $why";
}

1;
