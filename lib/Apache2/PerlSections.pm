package Apache2::PerlSections;

# The handler of <Perl> sections: turns the variables that a section has left in its package into lines of configuration. A subclass
# that a section names (<Perl handler=My::Sections>) may do any step in its own way.

use strict;
use warnings;

use APR::Table          ();
use Apache2::CmdParms   ();
use Apache2::Const      (-compile => 'OK');
use Apache2::Directive  ();
use Apache2::ServerRec  ();
use Apache2::ServerUtil ();
use Scalar::Util        qw(refaddr);
use overload             ();

our $VERSION = '2.00';
our ($Save, $Server);

# The variable whose text is lines as they are, and the package that all sections share.
use constant SPECIAL_NAME    => 'PerlConfig';
use constant SPECIAL_PACKAGE => 'Apache2::ReadConfig';

# Variables that mean something to perl and are no directives.
my $OF_PERL = qr/^(?:ISA|VERSION|AUTOLOAD|EXPORT(?:_OK|_FAIL|_TAGS)?|a|b)\z/;

my @saved;

# What a value is to a section, by the words of `ref`: what a class has made of an array or hash is one as well; an object that has a text
# of its own is text.
sub _type {
    my ($value) = @_;
    return '' unless ref $value;
    return '' if Scalar::Util::blessed($value) && overload::Method($value, '""');
    return Scalar::Util::reftype($value);
}

sub new {
    my ($class, @pairs) = @_;
    return bless { @pairs }, ref $class || $class;
}

sub parms      { return $_[0]{parms} }
sub directives { return $_[0]{directives} ||= [] }
sub package    { return $_[0]{args}{package} }
sub save       { return $Save }
sub saved      { return @saved }

# The server in whose configuration the running section stands.
sub server { return $Server }

sub handler : method {
    my ($self, $parms, $args) = @_;
    $self = $self->new(parms => $parms, args => $args) unless ref $self;
    push @saved, $self->package if $self->save;
    my $special = $self->SPECIAL_NAME;
    $self->dump_any(@$_) for grep { $_->[0] ne $special } $self->symdump;
    $self->dump_special(map { split /\n/ } $self->_special);
    $self->post_config;
    return Apache2::Const::OK;
}

# What $PerlConfig and @PerlConfig hold: first the array's elements.
sub _special {
    my ($self) = @_;
    my @found = grep { $_->[0] eq $self->SPECIAL_NAME } $self->symdump;
    my @arrays = grep { _type($_) eq 'ARRAY' } map { $_->[1] } @found;
    return grep { defined } (map { @$_ } @arrays), grep { _type($_) eq '' } map { $_->[1] } @found;
}

# [name, value] of each variable: of a name first the scalar, then references to the array and to the hash. In the order of _keys.
sub symdump {
    my ($self) = @_;
    return @{ $self->{symbols} ||= [(map { _variables($_) } $self->package), $self->_shared] };
}

sub _variables {
    my ($package) = @_;
    no strict 'refs';
    my $stash = \%{"${package}::"};
    my @found;
    for my $name (grep { !/::\z/ && !/$OF_PERL/ } _keys($stash)) {
        next if ref \$stash->{$name} ne 'GLOB';    # a sub or a constant
        my $glob = \*{"${package}::$name"};
        push @found, [$name, ${ *$glob{SCALAR} }] if defined ${ *$glob{SCALAR} };
        push @found, [$name, *$glob{$_}] for grep { *$glob{$_} } qw(ARRAY HASH);
    }
    return @found;
}

# What sections before this one have left in the package that all share is configuration already.
my %taken;

sub _shared {
    my ($self) = @_;
    my @new;
    for my $entry (_variables($self->SPECIAL_PACKAGE)) {
        my ($name, $value) = @$entry;
        my $type = _type($value);
        if ($type eq '') {
            next if defined $taken{$name}{text} && $taken{$name}{text} eq $value;
            $taken{$name}{text} = $value;
        }
        elsif ($type eq 'ARRAY') {
            my $before = $taken{$name}{elements} // 0;
            $taken{$name}{elements} = @$value;
            next if @$value <= $before;
            $entry = [$name, [@$value[$before .. $#$value]]];
        }
        elsif ($type eq 'HASH') {
            my %fresh = map { $_ => $value->{$_} } grep { !$taken{$name}{keys}{$_}++ } keys %$value;
            $entry = [$name, \%fresh];
        }
        push @new, $entry;
    }
    return @new;
}

sub dump_special {
    my ($self, @lines) = @_;
    return $self->add_config(@lines);
}

sub dump_any {
    my ($self, $name, $value) = @_;
    my $type = _type($value);
    return $type eq 'ARRAY' ? $self->dump_array($name, $value)
        : $type eq 'HASH'   ? $self->dump_hash($name, $value)
        :                     $self->dump_entry($name, $value);
}

# A hash has sections, by what stands behind their name: a hash for one, an array for several.
sub dump_hash {
    my ($self, $name, $hash) = @_;
    my $within = $self->_within($name, $hash);
    for my $argument (_keys($hash)) {
        my $section = $hash->{$argument};
        $self->dump_section($name, $argument, $_)
            for _type($section) eq 'HASH' ? $section : _type($section) eq 'ARRAY' ? @$section : ();
    }
    return;
}

# A tied hash has an order of its own. Of others what says how code is run (PerlOptions +Parent) comes first, and what adds comes behind
# what sets (PerlSetVar, PerlAddVar).
sub _keys {
    my ($hash) = @_;
    return () unless $hash;
    return keys %$hash if tied %$hash;
    return sort { _rank($a) <=> _rank($b) || $a cmp $b } keys %$hash;
}

sub _rank { return $_[0] =~ /^(?:Perl|Lua)(?:Options|Switches)\z/i ? 0 : $_[0] =~ /^(?:Perl)?Add/i ? 2 : 1 }

# Notes that a hash or an array is being turned into lines, until the result is dropped: one that holds itself has no end.
sub _within {
    my ($self, $name, $value) = @_;
    my $seen = $self->{within} ||= {};
    die "the value of $name holds itself\n" if $seen->{ refaddr $value }++;
    return Apache2::PerlSections::Within->new($seen, refaddr $value);
}

sub dump_section {
    my ($self, $name, $argument, $hash) = @_;
    my $within = $self->_within($name, $hash);
    $self->add_config("<$name $argument>");
    $self->dump_entry($_, $hash->{$_}) for _keys($hash);
    return $self->add_config("</$name>");
}

sub dump_array {
    my ($self, $name, $values) = @_;
    my $within = $self->_within($name, $values);
    $self->dump_entry($name, $_) for @$values;
    return;
}

# A directive: of text, of a reference to text; of an array the words of one line, or an entry for each if some are references. A
# hash has sections.
sub dump_entry {
    my ($self, $name, $value) = @_;
    my $type = _type($value);
    return defined $$value ? $self->add_config("$name $$value") : () if $type eq 'SCALAR';
    return $self->dump_hash($name, $value) if $type eq 'HASH';
    if ($type eq 'ARRAY') {
        return $self->add_config(join ' ', $name, grep { defined } @$value) unless grep { _type($_) ne '' } @$value;
        my $within = $self->_within($name, $value);
        $self->dump_entry($name, $_) for @$value;
        return;
    }
    die "Unknown type '$type' for directive $name\n" if $type ne '';
    return defined $value ? $self->add_config("$name $value") : ();
}

# Notes lines, up to the first that is undef.
sub add_config {
    my ($self, @lines) = @_;
    for my $line (@lines) {
        return unless defined $line;
        chomp $line;
        push @{ $self->directives }, $line;
    }
    return;
}

sub post_config {
    my ($self) = @_;
    return if eval { $self->parms->add_config($self->directives); 1 };
    my ($message) = $@ =~ /has failed: (.*) at \S+ line \d+\.$/s;
    die $message ? "$message\n" : $@;
}

package Apache2::PerlSections::Within {
    sub new { my ($class, @what) = @_; return bless \@what, $class }
    sub DESTROY { my ($seen, $address) = @{ $_[0] }; delete $seen->{$address}; return }
}

# Perl text of the variables of all sections that were run while $Apache2::PerlSections::Save was true.
sub dump {
    my ($class, @arguments) = @_;
    require Apache2::PerlSections::Dump;
    return Apache2::PerlSections::Dump->dump(@arguments);
}

sub store {
    my ($class, @arguments) = @_;
    require Apache2::PerlSections::Dump;
    return Apache2::PerlSections::Dump->store(@arguments);
}

1;
