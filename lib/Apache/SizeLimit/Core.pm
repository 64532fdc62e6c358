package Apache::SizeLimit::Core;

# How large a process is, and whether that is too large. All sizes are in KiB. What is done then is said by a class above this one.

use strict;
use warnings;

our $VERSION = '0.97';

our ($MAX_PROCESS_SIZE, $MAX_UNSHARED_SIZE, $MIN_SHARE_SIZE);
our ($CHECK_EVERY_N_REQUESTS, $USE_SMAPS) = (1, 1);
our ($REQUEST_COUNT, $START_TIME)         = (1, undef);

# With threads the address space has room for stacks and arenas that nobody uses: what counts there is the memory in use.
our $COUNTS_RESIDENT = 0;

sub set_max_process_size  { $MAX_PROCESS_SIZE       = $_[1] }
sub set_max_unshared_size { $MAX_UNSHARED_SIZE      = $_[1] }
sub set_min_shared_size   { $MIN_SHARE_SIZE         = $_[1] }
sub set_check_interval    { $CHECK_EVERY_N_REQUESTS = $_[1] || 1 }
sub get_check_interval    { return $CHECK_EVERY_N_REQUESTS }

sub set_start_time             { return $START_TIME ||= time }
sub get_start_time             { return $START_TIME }
sub get_request_count          { return $REQUEST_COUNT }
sub get_and_pinc_request_count { return $REQUEST_COUNT++ }

sub _limits_are_exceeded {
    my ($class) = @_;
    my ($size, $shared, $unshared) = $class->_check_size;
    return 1 if $MAX_PROCESS_SIZE && $size > $MAX_PROCESS_SIZE;
    return 0 unless $shared;    # not to be had on this system
    return 1 if $MIN_SHARE_SIZE && $shared < $MIN_SHARE_SIZE;
    return 1 if $MAX_UNSHARED_SIZE && $unshared > $MAX_UNSHARED_SIZE;
    return 0;
}

# Size, shared and unshared; the latter two are 0 where the system does not tell.
sub _check_size {
    my ($class) = @_;
    my ($size, $shared) = $class->_platform_check_size;
    return ($size, $shared, $shared ? $size - $shared : 0);
}

sub _platform_check_size {
    if ($^O eq 'linux') {
        my @size = $USE_SMAPS ? _linux_smaps() : ();
        return @size ? @size : _linux_statm();
    }
    return ((-s '/proc/self/as') / 1024, 0) if $^O eq 'solaris';
    require BSD::Resource;
    my (undef, undef, $resident, $shared) = BSD::Resource::getrusage();
    return ($resident, $shared);
}

sub _platform_getppid { return getppid }

my $PAGE;    # KiB

# What the process has, and what of that is mapped from files or shared memory.
sub _linux_statm {
    $PAGE ||= do { require POSIX; POSIX::sysconf(POSIX::_SC_PAGESIZE()) / 1024 };
    open my $in, '<', '/proc/self/statm' or return (0, 0);
    my ($size, $resident, $shared) = split ' ', scalar readline $in;
    $size = _linux_used() || $size unless $COUNTS_RESIDENT;
    return map { $_ * $PAGE } $COUNTS_RESIDENT ? $resident : $size, $shared;
}

# Address space in pages, without what is only reserved, as states of Lua reserve it; 0 where the kernel does not tell.
sub _linux_used {
    open my $in, '<', '/proc/self/status' or return 0;
    my $size = 0;
    while (defined(my $line = readline $in)) {
        $size += $1 if $line =~ /^Vm(?:Data|Stk|Exe|Lib):\s+(\d+) kB/;
    }
    return $size / $PAGE;
}

# Also knows what is shared since a fork. Nothing where the kernel does not tell.
sub _linux_smaps {
    my $in;
    open $in, '<', '/proc/self/smaps_rollup' or open $in, '<', '/proc/self/smaps' or return;
    my %sum;
    while (defined(my $line = readline $in)) {
        $sum{$1} += $2 if $line =~ /^(Rss|Shared_Clean|Shared_Dirty):\s+(\d+) kB/;
    }
    return unless $sum{Rss};
    my ($size) = $COUNTS_RESIDENT ? $sum{Rss} : _linux_statm();
    return ($size, ($sum{Shared_Clean} || 0) + ($sum{Shared_Dirty} || 0));
}

1;
