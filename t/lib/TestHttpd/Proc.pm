package TestHttpd::Proc;

# What the kernel says about the processes of the server under test (Linux, /proc).

use strict;
use warnings;

# pid, parent, process group and state of every process.
sub processes {
    my @all;
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $file or next;
        my $line = <$fh>;
        next unless defined $line && $line =~ /^(\d+) \(.*\) (\S) (\d+) (\d+) /s;
        push @all, { pid => $1, state => $2, parent => $3, group => $4 };
    }
    return @all;
}

# Processes of the server's group, children that scripts forked included; zombies are not counted.
sub group_pids {
    my ($s) = @_;
    my @pids = map { $_->{pid} } grep { $_->{group} == $s->{pid} && $_->{state} ne 'Z' } processes();
    return @pids;
}

sub child_pids {
    my ($s) = @_;
    my @pids = sort { $a <=> $b } map { $_->{pid} } grep { $_->{parent} == $s->{pid} && $_->{state} ne 'Z' } processes();
    return @pids;
}

sub describe_pid {
    my ($s, $pid) = @_;
    my $command = TestHttpd::slurp("/proc/$pid/cmdline");
    $command =~ tr/\0/ /;
    return "$pid ($command)";
}

# Bytes that this process shares with no other.
sub private_memory {
    my ($s, $pid) = @_;
    my $sum = 0;
    $sum += $_ for TestHttpd::slurp("/proc/$pid/smaps_rollup") =~ /^Private_\w+:\s+(\d+) kB/mg;
    return $sum * 1024;
}

sub threads      { my ($s, $pid) = @_; my @all = glob "/proc/$pid/task/*"; return scalar @all }
# Threads of the server's children that run, or would if they had a processor or memory.
sub threads_at_work {
    my ($s) = @_;
    return scalar grep { TestHttpd::slurp($_) =~ /^\d+ \(.*\) [RD] /s } map { glob "/proc/$_/task/*/stat" } $s->child_pids;
}
sub descriptors  { my ($s, $pid) = @_; my @all = glob "/proc/$pid/fd/*";   return scalar @all }

# Connections to the port that a process of the server has still open (IPv4).
sub connections {
    my ($s) = @_;
    my $port = sprintf '%04X', $s->{port};
    # Line by line: in one text perl looks for the port from each line's beginning to the end, which with 20,000 closed connections takes seconds.
    return scalar grep { /^ *\d+: [0-9A-F]{8}:$port [0-9A-F:]{13} (?:01|04|05|08|09|0B) / } split /\n/, TestHttpd::slurp('/proc/net/tcp');
}

sub mapped_files {
    my ($s, $pid) = @_;
    my %files = map { $_ => 1 } TestHttpd::slurp("/proc/$pid/maps") =~ m{^\S+ \S+ \S+ \S+ \d+\s+(/.*)$}mg;
    my @files = sort keys %files;
    return @files;
}

1;
