package ModInterp::ClassScript;

# What SetHandler perl-class does: a CGI script becomes a sub, as for ModPerl::Registry, and stays one for as long as its interpreter
# lives. Other than there, its END blocks run when the script goes: with its interpreter, when its file has changed, or when it
# has called exit with a status that is not 0, after which it is compiled anew.

use strict;
use warnings;

use ModPerl::Global         ();
use ModPerl::RegistryCooker ();

use ModPerl::Const -compile => 'EXIT';

our $VERSION = '0.1.0';
our @ISA     = 'ModPerl::RegistryCooker';

ModInterp::script_handler(__PACKAGE__);

*should_compile = \&ModPerl::RegistryCooker::should_compile_if_modified;

# Packages of scripts that have been compiled here.
my %compiled;

# All classes of this kind name packages alike, so that a script is compiled once.
sub namespace_root { return 'ModPerl::ROOT::ModInterp::ClassScript' }
ModPerl::RegistryCooker::_is_known_step(namespace_root => \&namespace_root);

sub compile {
    my ($self, $text) = @_;
    $self->_gone($self->{PACKAGE});
    $compiled{ $self->{PACKAGE} } = 1;
    { no strict 'refs'; undef &{"$self->{PACKAGE}::handler"} if defined &{"$self->{PACKAGE}::handler"} }
    return $self->SUPER::compile($text);
}

# $0 is set around each run: here the first one's, and by shim/script.c the next ones'.
sub _name_line   { return '' }
sub _name_at_run { return $_[0]->get_script_name }

sub run {
    my ($self, @more) = @_;
    local *0 = \join '', $self->get_script_name;
    return $self->SUPER::run(@more);
}
ModPerl::RegistryCooker::_is_known_step(run => \&run);

# The host looks at the status.
sub _takes_status { return undef }

# Nothing ends with a run.
sub _ends_of_run { return [] }
sub _exits_count { return 1 }

# Called after each run, with what it died of in $@.
sub _run_end_blocks {
    my ($self, $status) = @_;
    if (ref $@ eq 'APR::Error' && $@ == ModPerl::EXIT && ModInterp::exit_status()) {
        $self->_gone($self->{PACKAGE});
        delete $self->cache_table->{ $self->{PACKAGE} }{mtime};
    }
    return $status;
}

# The script of a package goes.
sub _gone {
    my (undef, $package) = @_;
    delete $compiled{$package} or return;
    local $@;
    eval { ModPerl::Global::special_list_call(END => $package); 1 } or warn $@;
    ModPerl::Global::special_list_clear(END => $package);
    return;
}

END { __PACKAGE__->_gone($_) for sort keys %compiled }

1;
