package ModInterp::Status;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '0.1.0';

Apache2::XSLoader::load(__PACKAGE__);

# For ModPerl::InterpPool and its kin, none of which loads another: a figure of the pool, and an object of InterpPool.
sub figure {
    my ($name) = @_;
    my %figures = ModInterp::Status->pool;
    return $figures{$name} || 0;
}

sub interp_pool {
    my $server = ModInterp::Status->server;
    return bless \(my $address = $server ? $$server : 0), 'ModPerl::InterpPool';
}

1;
