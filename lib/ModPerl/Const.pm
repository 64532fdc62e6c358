package ModPerl::Const;

# use Apache2::Const qw(OK :http);            names for the caller
# use Apache2::Const -compile => qw(OK);      Apache2::Const::OK only
# `compile` is the interpreter's; a plain perl has the printed tables.

use strict;
use warnings;

use constant   ();
use mod_perl2 ();

our $VERSION = '2.000012';

require ModPerl::ConstValues unless defined &compile;

sub import {
    my $class = shift;
    my $into = @_ && $_[0] =~ /^-compile/ ? shift : caller;
    return $class->compile($into, @_ ? @_ : ':common');
}

1;
