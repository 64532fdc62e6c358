package ModInterp::LoadHandlers;

# Loads the modules of the handlers that `mod_interp-check --load` has found in a configuration, and tells what became of each.
# It is the last PerlModule of a configuration test; the variable names a file with one handler on each line.

use strict;
use warnings;

our $VERSION = '0.1.0';

# Why a handler cannot be called, or nothing.
sub trouble {
    my ($handler) = @_;
    (my $name = $handler) =~ s/->.*//s;
    (my $file = "$name.pm") =~ s{::}{/}g;
    return if eval { require $file };
    my $why = $@;
    return if $why =~ /^Can't locate \Q$file\E/ && (defined &$name || $name->can('handler'));
    my ($line) = $why =~ /^([^\n]*)/;
    return $line;
}

sub answer {
    my ($list) = @_;
    open my $in,  '<', $list        or die "$list: $!\n";
    open my $out, '>', "$list.told" or die "$list.told: $!\n";
    while (my $handler = <$in>) {
        chomp $handler;
        my $why = trouble($handler);
        print {$out} join("\t", $handler, $why), "\n" if defined $why;
    }
    print {$out} "end\n";
    close $out or die "$list.told: $!\n";
}

answer($ENV{MOD_INTERP_CHECK_LOAD}) if $ENV{MOD_INTERP_CHECK_LOAD};

1;
