package ModInterp::Compiles;

# What `httpd -t` does with the files of PerlPostConfigRequire, which it must not run: it compiles them.

# First in this file: the file is compiled in sight of no variable and no pragma of ours.
sub _compiled { no strict; no warnings; return eval $_[0] }

use strict;
use warnings;

our $VERSION = '0.1.0';

sub file {
    my (undef, $name) = @_;
    my ($file) = grep { -e } $name =~ m{^/} ? $name : map { "$_/$name" } grep { !ref } @INC;
    die "Can't locate $name in \@INC (\@INC contains: @INC).\n" unless defined $file;
    open my $in, '<', $file or die "Can't read $file: $!\n";
    my $text = do { local $/; readline $in };
    close $in;
    $text =~ s/^__(?:END|DATA)__\b.*//ms;
    local $@;
    return 1 if _compiled("package main; sub {\n#line 1 \"$file\"\n$text\n}");
    die $@;
}

1;
