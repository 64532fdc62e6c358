package TestHttpd::Figures;

# The figures of a server that has SetHandler interp-metrics at /metrics and interp-status at /status.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

our @EXPORT_OK = qw(figures status interpreters samples);

# All that is told Prometheus: [name, {label => value}, number] each.
sub samples {
    my ($s) = @_;
    my $answer = $s->get('/metrics');
    die "/metrics: $answer->{status}\n" if $answer->{status} != 200;
    my @samples;
    for my $line (grep { /^[^#]/ } split /\n/, $answer->{content}) {
        my ($name, $labels, $number) = $line =~ /^(\w+)(?:\{(.*)\})? ([\d.]+)$/ or die "/metrics: $line\n";
        push @samples, [$name, { ($labels // '') =~ /(\w+)="((?:[^"\\]|\\.)*)"/g }, $number];
    }
    return @samples;
}

# The number of mod_interp_NAME with these labels; undef if there is none.
sub figures {
    my ($s, $name, $labels, %more) = @_;
    my %wanted = (%$labels, %more);
    for my $sample (samples($s)) {
        next if $sample->[0] ne "mod_interp_$name";
        return $sample->[2] unless grep { ($sample->[1]{$_} // '') ne $wanted{$_} } keys %wanted;
    }
    return undef;
}

sub status { JSON::PP::decode_json($_[0]->get('/status?json')->{content}) }

# The interpreters of a class, in all processes.
sub interpreters {
    my ($s, $class) = @_;
    return map { @{ $_->{interpreters} } } grep { ($_->{class} // 'default') eq $class } @{ status($s)->{stocks} };
}

1;
