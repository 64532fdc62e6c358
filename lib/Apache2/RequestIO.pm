package Apache2::RequestIO;

use strict;
use warnings;

use Apache2::XSLoader ();

our $VERSION = '2.000012';

Apache2::XSLoader::load(__PACKAGE__);

# Perl's own sprintf makes the text. An error or a warning has the caller's line.
sub Apache2::RequestRec::printf {
    my ($r, $format) = splice @_, 0, 2;
    my ($sent, $text) = (undef, sprintf $format, @_);
    local $@;
    return $sent if eval { $sent = $r->print($text); 1 };
    my $error = $@;
    if (!ref $error) {
        my (undef, $file, $line) = caller;
        $error =~ s/\$r->print\b/\$r->printf/;
        $error =~ s/ at \Q${\ __FILE__}\E line \d+\.?\n\z/ at $file line $line.\n/;
    }
    die $error;
}
*Apache2::RequestRec::PRINTF = \&Apache2::RequestRec::printf;

# `tie *STDOUT, $r`, or tied to the class: to the request given, else to the current one.
sub Apache2::RequestRec::TIEHANDLE {
    for my $r (@_[1, 0]) {
        return $r if ref $r;
    }
    return Apache2::RequestUtil->request;
}

# As $/ says; in a list all lines that are left.
sub Apache2::RequestRec::READLINE {
    my ($r) = @_;
    return _next($r) unless wantarray;
    my @lines;
    while (defined(my $line = _next($r))) { push @lines, $line }
    return @lines;
}

sub _next {
    my ($r) = @_;
    return $r->read_line($/) if defined $/ && length $/ && !ref $/;
    my $text = '';
    if (!defined $/ || ref $/) {    # all, or a record
        my $left = $/ && ${$/};
        1 while $r->read($text, $left || 65536, length $text) && !$left;
    }
    else {                          # a paragraph, without the empty lines before it
        until (length $text) { defined($text = $r->read_line("\n\n")) or return undef; $text =~ s/^\n+// }
    }
    return length $text ? $text : undef;
}

# A body has no places to go to.
sub Apache2::RequestRec::SEEK { require Errno; $! = Errno::ESPIPE(); return 0 }

# Where STDOUT is tied, the number of the handle below the tie.
sub Apache2::RequestRec::FILENO { _untied($_[0], sub { fileno STDOUT }) }

sub Apache2::RequestRec::OPEN {
    my ($r, $mode, @name) = @_;
    untie *STDOUT if tied *STDOUT;
    return @name ? open STDOUT, $mode, @name : open STDOUT, $mode;
}

sub _untied {
    my ($r, $code) = @_;
    return $code->() unless tied *STDOUT;
    no warnings 'untie';
    untie *STDOUT;
    my $result = $code->();
    tie *STDOUT, ref $r, $r;
    return $result;
}

1;
