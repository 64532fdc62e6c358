package Apache2::PerlSections;

# What <Perl> sections run in. Their code is run; variables that they leave are not turned into configuration yet, and a section
# that leaves some ends the start (ModInterp::Section).

use strict;
use warnings;

use APR::Table          ();
use Apache2::CmdParms   ();
use Apache2::Const      (-compile => 'OK');
use Apache2::Directive  ();
use Apache2::ServerRec  ();
use Apache2::ServerUtil ();

our $VERSION = '2.00';

# The server in whose configuration the running section stands.
sub server { return Apache2::ServerUtil->section_server }

# All that belongs to variables as configuration.
for my $name (qw(new parms directives package save saved dump store handler symdump dump_special dump_any dump_hash dump_section dump_array
    dump_entry add_config post_config))
{
    no strict 'refs';
    *$name = sub { die __PACKAGE__ . "->$name is not there yet in mod_interp" . sprintf " at %s line %d.\n", (caller)[1, 2] };
}

1;
