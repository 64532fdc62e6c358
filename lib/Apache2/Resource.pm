package Apache2::Resource;

# Limits of the system for each child process: `PerlChildInitHandler Apache2::Resource`, and `PerlSetEnv PERL_RLIMIT_<NAME> soft:hard`.

use strict;
use warnings;

use Apache2::Module ();
use Apache2::Const -compile => qw(OK);

our $VERSION = '1.72';
our $Debug   = $ENV{PERL_RLIMIT_DEBUG};

my $is_usable = eval { require BSD::Resource };

# Counted in MiB, unless a number is so large that it must be meant in bytes.
my $MB         = 1024 * 1024;
my %IN_MB      = map { $_ => 1 } qw(AS CORE DATA FSIZE MEMLOCK RSS STACK);
my %BY_DEFAULT = (AS => 64, CORE => 0, CPU => 360, DATA => 64, FSIZE => 10, RSS => 16, STACK => 20);

sub handler {
    die "Apache2::Resource needs BSD::Resource (Debian: libbsd-resource-perl)\n" unless $is_usable;
    my $known = BSD::Resource::get_rlimits();
    my %limit = ($ENV{PERL_RLIMIT_DEFAULTS} && lc $ENV{PERL_RLIMIT_DEFAULTS} ne 'off' ? %BY_DEFAULT : ());
    $limit{ /^PERL_RLIMIT_(.*)/s && $1 } = $ENV{$_} for grep { /^PERL_RLIMIT_(?!DEFAULTS\z|DEBUG\z)/ && length $ENV{$_} } keys %ENV;
    for my $name (sort keys %limit) {
        my $number = $known->{"RLIMIT_$name"};
        if (!defined $number) {
            warn "Apache2::Resource: PERL_RLIMIT_$name: this system has no such limit\n";
            next;
        }
        my ($soft, $hard) = map { $IN_MB{$name} && $_ < $MB ? $_ * $MB : $_ } (split(/:/, $limit{$name}), $limit{$name})[0, 1];
        my $done = BSD::Resource::setrlimit($number, $soft, $hard);
        warn "Apache2::Resource: PERL_RLIMIT_$name $limit{$name}: $!\n" unless $done;
        warn "Apache2::Resource: process $$: RLIMIT_$name is $soft:$hard\n" if $done && $Debug;
    }
    return Apache2::Const::OK;
}

# The default limits, too, whatever the environment says of them.
sub default_handler {
    local $ENV{PERL_RLIMIT_DEFAULTS} = 'On';
    return handler(@_);
}

# A page of Apache2::Status.
sub status_rlimit {
    my $known = BSD::Resource::get_rlimits();
    my @rows;
    for my $name (sort keys %$known) {
        my $in_mb = $IN_MB{ $name =~ s/^RLIMIT_//r };
        my @cells = map { $_ == BSD::Resource::RLIM_INFINITY() ? 'unlimited' : $in_mb ? "$_ (" . int($_ / $MB) . 'Mb)' : $_ }
            map { $_ // 0 } BSD::Resource::getrlimit($known->{$name});
        push @rows, '<tr>' . join('', map { "<td>$_</td>" } $name, @cells) . "</tr>\n";
    }
    return ['<table border="1"><tr><th>Resource</th><th>Soft</th><th>Hard</th></tr>', @rows, "</table>\n", "<p><small>Apache2::Resource $VERSION</small></p>"];
}

Apache2::Status->menu_item(rlimit => 'Resource Limits', \&status_rlimit) if Apache2::Module::loaded('Apache2::Status') && $is_usable;

1;
