package ModPerl::InterpPool;

# The interpreters of a server: the parent, and under a threaded MPM the tipool of its clones.

use strict;
use warnings;

use ModInterp::Status ();

our $VERSION = '2.000012';

sub _new {
    my ($class) = @_;
    my $server = ModInterp::Status->server;
    return bless \(my $address = $server ? $$server : 0), $class;
}

sub _figure {
    my ($name) = @_;
    my %figures = ModInterp::Status->pool;
    return $figures{$name} || 0;
}

sub server { ModInterp::Status->server }

# Its address is not told: nothing is to be done with it.
sub parent {
    require ModPerl::Interpreter;
    return bless \(my $address = 0), 'ModPerl::Interpreter';
}

# Nothing without threads.
sub tipool {
    require ModPerl::TiPool;
    my ($self) = @_;
    return undef unless _figure('PerlInterpMax');
    return bless \(my $address = $$self), 'ModPerl::TiPool';
}

1;
