package PerlEx::DBI;

# Connections that last, one per interpreter and arguments, for scripts that were written for PerlEx: DBI->connect and PerlEx::DBI->connect
# give the handle of these arguments again if it still answers, and disconnect does nothing. What a request has left open is rolled back when
# it is over. Start-up code gets connections of its own, since no clone could use them.

use strict;
use warnings;

use DBI ();
use ModInterp::Databases ();

our $VERSION = '0.1.0';
our @ISA = ('DBI');

$DBI::connect_via = __PACKAGE__ . '::connect';

my %handles;
my $is_awaited;

# Called by scripts with the class, by DBI with the driver.
sub connect {
    my ($self, @about) = @_;
    return DBI->connect(@about) unless ref $self;
    $is_awaited ||= eval { ModInterp::Databases->at_end(\&over); 1 } or return $self->connect(@about);
    my %attributes = %{ $about[3] || {} };
    my $key = join "\1", $self->{Name}, map { defined ? $_ : '' } @about[0 .. 2], map { ($_, $attributes{$_}) } sort keys %attributes;
    my $dbh = $handles{$key};
    return $dbh if $dbh && $dbh->FETCH('Active') && eval { $dbh->ping };
    delete $handles{$key};
    $dbh = $self->connect(@about) or return;
    $dbh->{AutoInactiveDestroy} = 1;
    return $handles{$key} = bless $dbh, 'PerlEx::DBI::db';
}

# The request is over.
sub over {
    undef $is_awaited;
    eval { $_->rollback } for grep { $_->FETCH('Active') && !$_->FETCH('AutoCommit') } values %handles;
}

package PerlEx::DBI::db;
our @ISA = ('DBI::db');
sub disconnect { return 1 }

1;
