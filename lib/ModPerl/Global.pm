package ModPerl::Global;

# END blocks of a package that are not perl's to run: while a perl-script response runs, the interpreter puts those of a package
# listed in %ModInterp::END there, and whoever listed it (ModPerl::Registry) runs them as often as it likes. There is no other
# list than END.

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

sub special_list_register {
    my ($name, $package) = @_;
    return 0 unless $name eq 'END';
    $ModInterp::END{$package} ||= [];
    return 1;
}

# Runs the END blocks of a package in the order in which they were compiled. One that dies ends this.
sub special_list_call {
    my ($name, $package) = @_;
    return 0 unless $name eq 'END';
    for my $code (@{ $ModInterp::END{$package} || [] }) {
        next if eval { $code->(); 1 };
        die ref $@ ? $@ : "$@$name failed--call queue aborted";
    }
    return 1;
}

sub special_list_clear {
    my ($name, $package) = @_;
    return 0 unless $name eq 'END';
    my $list = $ModInterp::END{$package};
    @$list = () if $list;
    return 1;
}

1;
