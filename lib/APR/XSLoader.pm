package APR::XSLoader;

# Binds the compiled half of a module. The interpreter in the server brings our own rows, and defines BOOTSTRAP as true; in a plain perl
# APR.pm has loaded them. What is not known is a third party's and is loaded as usual.

use strict;
use warnings;
use XSLoader ();

BEGIN {
    *BOOTSTRAP = sub () { 0 } unless defined &BOOTSTRAP;
}

my ($lib) = __FILE__ =~ m{^(.*?)APR/XSLoader\.pm\z};     # with a slash at its end, or empty

sub load {
    my $module = @_ ? $_[0] : caller;
    return 1 if defined &ModInterp::bind && (ModInterp::bind($module) || (caller)[1] eq $lib . ($module =~ s{::}{/}gr) . '.pm');
    goto &XSLoader::load;
}

1;
