package ModInterp::Section;

# What is around the code of a <Perl> section (src/host/perl/section.rs).

use strict;
use warnings;

use ModPerl::Util ();

our $VERSION = '0.1.0';

# Before the code: its server.
sub begin {
    ($Apache2::PerlSections::Server) = @_;
    return 0;
}

# When its variables have become configuration: they are done with, unless the administrator wants to dump them.
sub end {
    my ($package) = @_;
    ModPerl::Util::unload_package($package) unless $Apache2::PerlSections::Save;
    return 0;
}

1;
