package ModPerl::InterpPool;

# The interpreters of a server: the parent, and under a threaded MPM the tipool of its clones.

use strict;
use warnings;

use Apache2::XSLoader ();
use ModInterp::Status ();

our $VERSION = '2.000012';

sub server { ModInterp::Status->server }

# An object without an address: a script can do nothing with the parent.
sub parent {
    return bless \(my $address = 0), 'ModPerl::Interpreter';
}

# undef where the server has no threads, and so no pool.
sub tipool {
    my ($self) = @_;
    return undef unless ModInterp::Status::figure('PerlInterpMax');
    return bless \(my $address = $$self), 'ModPerl::TiPool';
}

1;
