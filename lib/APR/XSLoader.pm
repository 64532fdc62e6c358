package APR::XSLoader;

# Binds the compiled half of a module. Inside the server the interpreter defines BOOTSTRAP as true and brings our own rows;
# what it does not know is a third party's and is loaded as usual.

use strict;
use warnings;
use XSLoader ();

BEGIN {
    *BOOTSTRAP = sub () { 0 } unless defined &BOOTSTRAP;
}

my ($lib) = __FILE__ =~ m{^(.*)/APR/XSLoader\.pm\z};

sub load {
    my $module = @_ ? $_[0] : caller;
    return unless BOOTSTRAP;
    return 1 if ModInterp::bind($module) || index((caller)[1], "$lib/") == 0;
    goto &XSLoader::load;
}

1;
