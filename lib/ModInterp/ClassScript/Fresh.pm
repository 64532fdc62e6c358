package ModInterp::ClassScript::Fresh;

# PerlClassInterpreters 0: the interpreter has served nobody before and will serve nobody after, so the script ends with its run.

use strict;
use warnings;

use ModInterp::ClassScript ();

our $VERSION = '0.1.0';
our @ISA     = 'ModInterp::ClassScript';

ModInterp::script_handler(__PACKAGE__);

sub _run_end_blocks {
    my ($self, $status) = @_;
    local $@;
    $self->_gone($self->{PACKAGE});
    return $status;
}

1;
