package Apache2::Module;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# Whether a module is there: of httpd's by its source (mod_mime.c) or file (mod_mime.so), else of Perl's.
sub loaded {
    my ($name) = @_;
    return exists $INC{ ($name =~ s{::}{/}gr) . '.pm' } ? 1 : 0 unless $name =~ /^([^.]*)\.(.*)\z/s;
    my ($base, $kind) = ($1, $2);
    my $module = find_linked_module("$base.c") or return 0;
    return $kind eq 'c' || $kind eq 'so' && $module->is_shared ? 1 : 0;
}

# Directives in Perl are not there yet: no class has a configuration of its own.
sub add { require Carp; Carp::croak('Apache2::Module::add: mod_interp does not have directives in Perl yet') }
sub get_config { return undef }

1;
