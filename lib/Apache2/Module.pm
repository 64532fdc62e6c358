package Apache2::Module;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# Whether a module is there: of httpd's by its source (mod_mime.c) or file (mod_mime.so), else of Perl's.
sub loaded {
    my $name = $_[0] // '';
    return exists $INC{ ($name =~ s{::}{/}gr) . '.pm' } ? 1 : 0 unless $name =~ /^([^.]*)\.(.*)\z/s;
    my ($base, $kind) = ($1, $2);
    my $module = find_linked_module("$base.c") or return 0;
    return $kind eq 'c' || $kind eq 'so' && $module->is_shared ? 1 : 0;
}

# Makes a package a module of httpd's, with directives: [{ name => 'MyDirective', ... }, ...].
sub add {
    my ($package, $commands) = @_;
    if (ref $commands ne 'ARRAY') {
        die 'Usage: Apache2::Module::add(__PACKAGE__, [])' . sprintf " at %s line %d.\n", (caller)[1, 2];
    }
    require ModInterp::Directives;
    return if eval { ModInterp::Directives::add($package, $commands); 1 };
    my $why = $@ =~ s/ at \S+ line \d+\.\n\z//r;
    chomp $why;
    die "Apache2::Module::add($package) failed : $why" . sprintf " at %s line %d.\n", (caller)[1, 2];
}

# What such a module (by its name or an object of it) has for a server, or with $r->per_dir_config for a directory.
sub get_config {
    my ($module, $server, $vector) = @_;
    my $index = $ModInterp::Directives::index{ ref $module || ($module // '') } // return undef;
    my $number = ModInterp::Directives::number($index, $server, $vector) // return undef;
    my $made = $ModInterp::Directives::made{$number};
    return $made if $made;
    return ModInterp::Directives::merged($index, $server, $vector, $number);
}

1;
