package ModInterp::ClassScript::Shown;

# PerlClassErrorPage plain and dev: the page of a script's error says what went wrong. With dev also where, and how it came there; that only to a
# browser on the server's own machine.

use strict;
use warnings;

use Apache2::Connection    ();
use Apache2::RequestRec    ();
use Apache2::Response      ();
use ModInterp::ClassScript ();
use ModInterp::Page        ();
use ModInterp::Status      ();

use Apache2::Const -compile => 'SERVER_ERROR';

our $VERSION = '0.1.0';
our @ISA     = 'ModInterp::ClassScript';

ModInterp::script_handler(__PACKAGE__);

# The calls at the moment at which the script died: [package, file, line, sub, arguments].
my @stack;

sub run {
    my ($self, @more) = @_;
    my $own = $SIG{__DIE__};
    local $SIG{__DIE__} = sub {
        @stack = _stack() unless $^S && !_is_last_eval();
        $own->(@_) if ref $own eq 'CODE';
    };
    @stack = ();
    return $self->SUPER::run(@more);
}

# Whether the innermost eval is the one that runs the script.
sub _is_last_eval {
    for (my $i = 1; my @call = caller $i; $i++) {
        return $call[0] eq 'ModPerl::RegistryCooker' if $call[3] eq '(eval)';
    }
    return 1;
}

sub _stack {
    my @calls;
    for (my $i = 1; ; $i++) {
        my @call = do { package DB; our @args = (); my @got = caller $i; (@got[0 .. 3], [@args]) };
        last unless defined $call[0];
        last if $call[0] eq 'ModPerl::RegistryCooker';
        push @calls, \@call;
    }
    return @calls;
}

sub log_error {
    my ($self, $message) = @_;
    $self->SUPER::log_error($message);
    my $r = $self->{REQ};
    my $page = ModInterp::Status->setting('ClassErrorPage') eq 'dev' && $r->useragent_ip =~ /\A(?:127\.|::1\z|::ffff:127\.)/
        ? _dev($r, $message) : _plain($message);
    @stack = ();
    $r->custom_response(Apache2::Const::SERVER_ERROR, $page);
    return;
}

sub _plain {
    my ($message) = @_;
    return '<!DOCTYPE html><title>500 Internal Server Error</title><h1>The script failed</h1><pre>' . ModInterp::Page::html($message) . "</pre>\n";
}

sub _dev {
    my ($r, $message) = @_;
    $r->subprocess_env;    # all of %ENV
    my ($file, $line) = $message =~ /\bat (\S.*?) line (\d+)/;
    my $page = _plain($message);
    $page .= '<h2>' . ModInterp::Page::html("$file, line $line") . '</h2><pre>' . _source($file, $line) . "</pre>\n" if defined $file;
    my @calls = map {
        my ($package, $from, $at, $sub, $args) = @$_;
        sprintf '%s(%s) called at %s line %d', $sub, join(', ', map { _shown($_) } @$args), $from, $at
    } grep { $_->[3] ne '(eval)' && $_->[3] !~ /__ANON__\z/ } @stack;
    $page .= '<h2>Calls</h2><pre>' . ModInterp::Page::html(join "\n", @calls) . "</pre>\n" if @calls;
    $page .= '<h2>Environment</h2><pre>' . ModInterp::Page::html(join "\n", map { "$_=" . ($ENV{$_} // '') } sort keys %ENV) . "</pre>\n";
    return $page;
}

sub _shown {
    my ($value) = @_;
    return 'undef' unless defined $value;
    return ref $value if ref $value;
    my $text = length $value > 60 ? substr($value, 0, 60) . '...' : $value;
    return $text =~ /\A-?\d+(?:\.\d+)?\z/ ? $text : "'$text'";
}

# The lines around an error.
sub _source {
    my ($file, $line) = @_;
    open my $source, '<', $file or return '';
    my $text = '';
    while (my $code = <$source>) {
        next if $. < $line - 5;
        last if $. > $line + 5;
        my $number = sprintf '%s%5d  ', $. == $line ? '>' : ' ', $.;
        $text .= ModInterp::Page::html($number . $code);
    }
    return $text;
}

1;
