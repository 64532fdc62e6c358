package ModInterp::Page;

# What SetHandler perl-embed does: a page with Perl in it becomes a script, and is kept like one of SetHandler perl-class. Its text lies once in the process; the
# script sends the pieces by their numbers.

use strict;
use warnings;

use Apache2::RequestUtil   ();
use ModInterp::ClassScript ();
use ModInterp::PageText    ();

use Apache2::Const -compile => qw(DECLINED OK SERVER_ERROR);

our $VERSION = '0.1.0';
our @ISA     = 'ModInterp::ClassScript';

ModInterp::script_handler(__PACKAGE__);

# SetHandler is all that a page needs.
sub _forbidden { return }

# The page's text, then the script that it stands for. A page without code is the server's own to send.
sub read_script {
    my ($self) = @_;
    my $status = $self->SUPER::read_script;
    return $status unless $status == Apache2::Const::OK;
    my $r    = $self->{REQ};
    my $code = eval { ModInterp::PageText::script_of($r, ${ $self->{CODE} }, $r->is_perl_option_enabled('EmbedEscape')) };
    if ($@) {
        my ($why) = $@ =~ /\A[\w:]+: (.*?\n)/s;    # without the row's name and this place
        $self->log_error($why // "$@");
        return Apache2::Const::SERVER_ERROR;
    }
    return Apache2::Const::DECLINED unless defined $code;
    $self->{CODE} = \$code;
    return Apache2::Const::OK;
}

sub shebang_to_perl        { return '' }
sub strip_end_data_segment { delete $_[0]{DATA}; return }

sub _before_each_run {
    my ($self) = @_;
    return $self->SUPER::_before_each_run . 'my $r = $_[0];';
}

# Text for HTML, in which nothing of it is markup.
my %ENTITY = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;', "'" => '&#39;');

sub html {
    my $text = join '', map { defined ? $_ : '' } @_;
    $text =~ s/([&<>"'])/$ENTITY{$1}/g;
    return $text;
}

1;
