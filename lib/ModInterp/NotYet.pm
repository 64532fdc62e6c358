package ModInterp::NotYet;

# For the files of classes of mod_perl that are not there yet: another copy further on in @INC is loaded in their place, and
# without one the class dies when it is loaded, instead of being empty.

use strict;
use warnings;

our $VERSION = '0.1.0';

my ($lib) = __FILE__ =~ m{^(.*)/ModInterp/NotYet\.pm\z};

sub import {
    my ($class, $file) = (caller)[0, 1];
    my ($name) = $file =~ m{^\Q$lib\E/(.*)\z} or return;
    local @INC = grep { ref || $_ ne $lib } @INC;
    delete $INC{$name};
    my $there = eval { require $name };
    return if $there;
    my $error = $@;
    die $error if $error !~ /^Can't locate \Q$name\E /;
    die "$class is not there yet in mod_interp, and no other copy of it is in \@INC\n";
}

1;
