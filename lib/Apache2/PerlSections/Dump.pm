package Apache2::PerlSections::Dump;

# The variables of saved <Perl> sections as Perl text, which leaves the same variables when it is run.

use strict;
use warnings;

use Data::Dumper         ();
use Apache2::PerlSections ();

our $VERSION = '0.01';
our @ISA     = 'Apache2::PerlSections';

# All packages that were saved; nothing of them is saved again, or becomes configuration again.
sub package     { return $_[0]->saved }
sub save        { return }
sub post_config { return }

# Those of the package that all sections share, whatever has been configuration.
sub _shared {
    my ($self) = @_;
    return Apache2::PerlSections::_variables($self->SPECIAL_PACKAGE);
}

sub dump {
    my ($self) = @_;
    $self = $self->new unless ref $self;
    $self->handler;
    return join "\n", @{ $self->directives }, '1;', '__END__', '';
}

sub store {
    my ($class, $file) = @_;
    open my $out, '>', $file or die "can't open $file: $!\n";
    print $out $class->dump or die "can't write $file: $!\n";
    close $out or die "can't write $file: $!\n";
    return;
}

sub _text {
    my ($self, $value, $name) = @_;
    local $Data::Dumper::Sortkeys = 1;
    return $self->add_config(Data::Dumper->Dump([$value], [$name]));
}

sub dump_array {
    my ($self, $name, $values) = @_;
    return @$values ? $self->_text($values, "*$name") : ();
}

sub dump_hash {
    my ($self, $name, $hash) = @_;
    for my $key (Apache2::PerlSections::_keys($hash)) {
        (my $quoted = $key) =~ s/([\\'])/\\$1/g;
        $self->_text($hash->{$key}, "\$$name\{'$quoted'}");
    }
    return;
}

sub dump_entry {
    my ($self, $name, $value) = @_;
    return unless defined $value;
    my $type = ref $value;
    return $self->dump_array($name, $value) if $type eq 'ARRAY';
    return $self->_text($type eq 'SCALAR' ? $$value : $value, $name);
}

sub dump_special {
    my ($self, @lines) = @_;
    return @lines ? $self->_text(\@lines, '*' . $self->SPECIAL_NAME) : ();
}

1;
