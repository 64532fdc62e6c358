package APR::UUID;

# A universally unique number; the object holds its 16 bytes.

use strict;
use warnings;

use APR            ();
use APR::XSLoader ();

our $VERSION = '0.009000';

sub new {
    my ($class) = @_;
    open my $random, '<:raw', '/dev/urandom' or die "APR::UUID::new: /dev/urandom: $!";
    (sysread($random, my $bytes, 16) // 0) == 16 or die "APR::UUID::new: /dev/urandom: $!";
    ($bytes) = $bytes =~ /(.*)/s;    # under -T: the kernel's, and nobody else's
    # The version and variant of a number that is made of random bits.
    vec($bytes, 6, 8) = vec($bytes, 6, 8) & 0x0f | 0x40;
    vec($bytes, 8, 8) = vec($bytes, 8, 8) & 0x3f | 0x80;
    return bless \$bytes, $class;
}

sub parse {
    my ($class, $text) = @_;
    my @parts = ($text // '') =~ /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\z/i
        or die 'APR::UUID::parse: no such number: ' . ($text // '');
    my $bytes = pack 'H32', join '', @parts;
    return bless \$bytes, $class;
}

sub format {
    my ($self) = @_;
    return join '-', unpack 'H8 H4 H4 H4 H12', $$self;
}

# The object has nothing to free.
sub DESTROY {}

1;
