package Apache2::SubProcess;

use strict;
use warnings;

use APR::PerlIO        ();
use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# Runs a program with the request's subprocess_env and ends it with the request. A scalar: its output to read from; a list: its
# input to write to, its output, its errors.
sub Apache2::RequestRec::spawn_proc_prog {
    my ($r, $program, $arguments) = @_;
    if (@_ < 2 || @_ > 3 || @_ == 3 && ref $arguments ne 'ARRAY') {
        die 'usage: $r->spawn_proc_prog($program, [\@arguments])' . sprintf " at %s line %d.\n", (caller)[1, 2];
    }
    my @number = $r->spawned($program, map { "$_" } @{ $arguments || [] }) or return undef;
    my @handle;
    for my $mode (qw(>&= <&= <&=)) {
        open my $handle, $mode, shift @number or die "spawn_proc_prog: $!";
        push @handle, $handle;
    }
    select((select($handle[0]), $| = 1)[0]);
    return wantarray ? @handle : $handle[1];
}

1;
