package TestHttpd::Log;

# What the server under test has written: its log, with a test on lines that should not be there, and the trace.

use strict;
use warnings;

use Test::More ();

# Everything written to stderr before the log was open, and the log itself.
sub log { TestHttpd::slurp("$_[0]{root}/stderr") . TestHttpd::slurp($_[0]{errorlog}) }

# From here on log_since gives what was added.
sub mark_log  { $_[0]{mark} = length $_[0]->log }
sub log_since { substr $_[0]->log, $_[0]{mark} || 0 }

sub wait_for_log {
    my ($self, $re, $seconds) = @_;
    return TestHttpd::wait_until(sub { $self->log_since =~ $re }, defined $seconds ? $seconds : 20);
}

# Tests that a line of the log matches, waiting a little for it: httpd logs after it has answered.
sub log_like {
    my ($self, $re, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $self->expect_log($re);
    my $ok = $self->wait_for_log($re, 20);
    Test::More::ok($ok, $name || "log matches $re") or Test::More::diag($self->log_since);
    return $ok;
}

sub log_unlike {
    my ($self, $re, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::unlike($self->log_since, $re, $name || "log does not match $re");
}

# Lines that match may stand in the log at error or above.
sub expect_log {
    my ($self, @re) = @_;
    push @{ $self->{expected} }, @re;
}

my $BAD = qr{
      ^\[[^]]*\]\s\[[\w-]*:(?:error|crit|alert|emerg)\]
    | exit\ signal | AH00052 | AH02032
    | ^panic: | \bpanicked\ at\b | Attempt\ to\ free\ (?:unreferenced|temp)
    | AddressSanitizer | LeakSanitizer | double\ free | corrupted
    | \*\*\*\ stack\ smashing
}x;

sub unexpected {
    my ($self) = @_;
    my @lines;
    for my $line (split /\n/, $self->log) {
        next unless $line =~ $BAD;
        # httpd's own: a connection is to linger when the ending child has closed its pollset.
        next if $line =~ /\(9\)Bad file descriptor: AH03092: process_lingering_close/;
        # httpd's own: a small test server whose threads are all at work for a moment.
        next if $line =~ /AH(?:10159|00287): server is within MinSpareThreads of MaxRequestWorkers|AH00(?:161|286|484): server reached MaxRequestWorkers setting/;
        # Behind a message: it belongs to the line before.
        next if $line =~ /\] (?:stack traceback:|  \S)/;
        next if grep { $line =~ $_ } @{ $self->{expected} };
        push @lines, $line;
    }
    return @lines;
}

# The lines that T::Trace::note wrote since the last call.
sub trace {
    my ($self) = @_;
    my $text = TestHttpd::slurp("$self->{root}/var/trace");
    my $new  = substr $text, $self->{traced} || 0;
    $self->{traced} = length $text;
    my @lines = split /\n/, $new;
    return @lines;
}

# Waits until the trace has a line that matches, and returns all new lines.
sub wait_for_trace {
    my ($self, $re, $seconds) = @_;
    TestHttpd::wait_until(sub { substr(TestHttpd::slurp("$self->{root}/var/trace"), $self->{traced} || 0) =~ $re }, defined $seconds ? $seconds : 20);
    return $self->trace;
}

sub show_log {
    my ($self) = @_;
    my @lines = split /\n/, $self->log;
    splice @lines, 0, @lines - 60, '...' if @lines > 60;
    Test::More::diag("log of $self->{name}, $self->{root}:");
    Test::More::diag("    $_") for @lines;
}

1;
