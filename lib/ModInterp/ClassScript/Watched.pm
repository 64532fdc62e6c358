package ModInterp::ClassScript::Watched;

# PerlClassReloadOn watch, for those who write scripts: before each run all files in %INC are looked at, and those that have
# changed are loaded again.

use strict;
use warnings;

use ModInterp::ClassScript ();

our $VERSION = '0.1.0';
our @ISA     = 'ModInterp::ClassScript';

ModInterp::script_handler(__PACKAGE__);

# File => its version, of all files in %INC.
my %seen;

sub default_handler {
    my ($self) = @_;
    my $changed = _reload();
    delete $self->cache_table->{$_}{mtime} for $changed ? keys %{ $self->cache_table } : ();
    my $status = $self->SUPER::default_handler;
    _version_of($_) for grep { !exists $seen{$_} } keys %INC;
    return $status;
}

# What differs when a file was written again; notes it. Empty for what is no file.
sub _version_of {
    my ($name) = @_;
    my $file = $INC{$name};
    return $seen{$name} = defined $file && !ref $file ? join '-', map { $_ // '' } (stat $file)[1, 7, 9] : '';
}

# Loads files anew that have changed; returns how many. What fails to compile is tried again when it has changed again.
sub _reload {
    my $changed = 0;
    for my $name (sort keys %INC) {
        my ($file, $was) = ($INC{$name}, $seen{$name});
        my $now = _version_of($name);
        next if !defined $was || $was eq $now || $now !~ /\d/;
        $changed++;
        no warnings 'redefine';
        delete $INC{$name};
        next if eval { require $name };
        warn "PerlClassReloadOn: $name has changed and cannot be loaded: $@";
        $INC{$name} = $file;
    }
    return $changed;
}

1;
