package APR::Error;

# What API functions throw, and exit. Fields: rc (the status), func, file, line.

use strict;
use warnings;

use APR            ();
use APR::XSLoader ();
use APR::Util      ();
use Carp           ();
use Carp::Heavy    ();
use overload
    '""'     => \&str,
    'bool'   => sub { 1 },     # perl asks outside of any eval, where nothing would catch what it dies of
    '0+'     => \&num,
    '=='     => \&num_cmp,
    '!='     => \&num_cmp_not,
    nomethod => \&fatal;

our $VERSION = '0.009000';

APR::XSLoader::load(__PACKAGE__);

sub new { my ($class, %field) = @_; return bless \%field, $class }

sub str {
    my $self = shift;
    no warnings 'uninitialized';
    return sprintf '%s: (%d) %s at %s line %d', $self->{func}, $self->{rc}, strerror($self->{rc}), @$self{qw(file line)};
}

sub num         { $_[0]{rc} }
sub num_cmp     { $_[0]{rc} == (ref $_[1] ? $_[1]{rc} : $_[1]) }
sub num_cmp_not { !num_cmp(@_) }
sub fatal       { die __PACKAGE__ . ": Can't handle '$_[3]'" }

# No goto: these are used as $SIG{__DIE__}, which perl keeps from calling itself only while the hook's own sub runs.
sub cluck   { return Carp::cluck(ref $_[0] eq __PACKAGE__ ? _short($_[0]) : @_) }
sub confess { Carp::confess(ref $_[0] eq __PACKAGE__ ? _short($_[0]) : @_) }
sub _short  { "$_[0]{func}: ($_[0]{rc}) " . strerror($_[0]{rc}) }

$Carp::CarpInternal{+__PACKAGE__}++;

1;
