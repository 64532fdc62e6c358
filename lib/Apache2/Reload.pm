package Apache2::Reload;

# Loads modules again whose files have changed: `PerlInitHandler Apache2::Reload`, or PerlPreConnectionHandler. Each interpreter looks
# for itself, when it serves.

use strict;
use warnings;

use File::Basename         ();
use Time::HiRes            ();
use Apache2::Connection    ();
use Apache2::RequestRec    ();
use Apache2::RequestUtil   ();
use Apache2::ServerRec     ();
use Apache2::ServerUtil    ();
use APR::Table             ();
use ModPerl::Util          ();
use Apache2::Const -compile => qw(OK DECLINED);

our $VERSION = '0.13';
our $DEBUG   = 0;

# All by the key that a module has in %INC, `My/Page.pm`; what is known of a file is `_version`.
my (%registered, %excluded, %known, %broken);
my %touched;                  # what was known of a touch file at the last look, by its path
my $looked;                   # when %INC was last looked through, in seconds since the epoch

my $OUR_LIBRARY = File::Basename::dirname(File::Basename::dirname(__FILE__));
my $TICK        = 0.02;       # seconds by which a file's time may lie before the clock's

# ------------------------------------------------------------------------------------------------- registering

# `use Apache2::Reload;` in a module registers it.
sub import { $_[0]->register_module(scalar caller) }

sub register_module {
    my ($class, $package, $file) = @_;
    my $key = _key($package);
    $file = $INC{$key} unless defined $file;
    return unless defined $file && !ref $file;
    $registered{$key} = $file;
    delete $excluded{$key};
    return;
}

sub unregister_module {
    my ($class, $package) = @_;
    my $key = _key($package);
    delete $_->{$key} for \(%registered, %broken);
    $excluded{$key} = 1;
    return;
}

sub _key     { (my $key     = "$_[0].pm") =~ s{::}{/}g;                              return $key }
sub _package { (my $package = $_[0])      =~ s{\.pm\z}{} or return; $package =~ s{/}{::}g; return $package }

# ------------------------------------------------------------------------------------------------- the handler

sub handler {
    my ($about) = grep { ref } @_;
    my $is_request = $about->isa('Apache2::RequestRec');
    return Apache2::Const::DECLINED if $is_request && !$about->is_initial_req;    # the outer one is running such code

    my $from = $is_request ? $about : $about->base_server;
    my %is = map { ($_ => lc($from->dir_config("Reload$_") // '')) } qw(All ByModuleName ConstantRedefineWarnings Debug);
    local $DEBUG = $DEBUG || $is{Debug} eq 'on';
    return Apache2::Const::OK unless _is_asked_for($from);

    my @changed = _changed($is{All} ne 'off', map { _list($from, "Reload$_") } qw(Modules Directories));
    _load(\@changed, $is{ByModuleName} eq 'on', $is{ConstantRedefineWarnings} ne 'off') if @changed;
    return Apache2::Const::OK;
}

# The words of a variable that PerlSetVar sets and PerlAddVar adds to.
sub _list {
    my ($from, $name) = @_;
    my $variables = $from->dir_config;
    return [map { split } $variables ? $variables->get($name) : ()];
}

# Whether to look at all: always without a touch file, and as long as a module is broken.
sub _is_asked_for {
    my ($from) = @_;
    my $file = $from->dir_config('ReloadTouchFile');
    return 1 unless defined $file && length $file;
    my ($version, $time) = _version($file);
    return scalar %broken unless defined $version;
    my $before = $touched{$file};
    $touched{$file} = $version;
    my $is_touched = defined $before ? $version ne $before : $time >= $^T;
    warn "Apache2::Reload: process $$: $file was touched\n" if $is_touched && $DEBUG;
    return $is_touched || scalar %broken;
}

# What tells one content of a file from the next, also behind a symbolic link that was set anew, and when it was written.
sub _version {
    my ($file) = @_;
    my ($device, $inode, $size, $written) = (Time::HiRes::stat($file))[0, 1, 7, 9];
    return unless defined $inode;
    return ("$device $inode $size $written", $written);
}

# Modules whose files are others than those that were loaded, as [key, file]. `$modules` counts where not all are wanted.
sub _changed {
    my ($all, $modules, $directories) = @_;
    my %watched = (%broken, %registered, $all ? %INC : _chosen($modules));
    my ($now, @changed) = Time::HiRes::time();
    for my $key (sort keys %watched) {
        my $file = $watched{$key};
        next if !defined $file || ref $file || $excluded{$key} || !_lies_in($file, $directories);
        my $path = _path($file);
        my ($version, $written) = defined $path ? _version($path) : ();
        if (!defined $version) {
            warn "Apache2::Reload: process $$: can't find $key ($file)\n" if $DEBUG;
            next;
        }
        my $before = $known{$key};
        my $is_changed = exists $broken{$key} || (defined $before ? $before ne $version : $written > $looked - $TICK);
        $known{$key} = $version;
        push @changed, [$key, $path] if $is_changed;
    }
    $looked = $now;
    return @changed;
}

# Modules in %INC by their names; `My::*` is all below My.
sub _chosen {
    my ($modules) = @_;
    my %file;
    for my $name (@$modules) {
        if ($name =~ /^(.*)\*\z/) {
            (my $begin = $1) =~ s{::}{/}g;
            $file{$_} = $INC{$_} for grep { index($_, $begin) == 0 } keys %INC;
        }
        elsif (exists $INC{ _key($name) }) {
            $file{ _key($name) } = $INC{ _key($name) };
        }
    }
    return %file;
}

# This library itself is exchanged by a restart only.
sub _lies_in {
    my ($file, $directories) = @_;
    return 0 if index($file, "$OUR_LIBRARY/") == 0;
    return 1 unless @$directories;
    for my $directory (@$directories) {
        (my $begin = $directory) =~ s{/*\z}{/};
        return 1 if index($file, $begin) == 0;
    }
    return 0;
}

# A relative path in %INC may have been relative to a directory of @INC.
sub _path {
    my ($file) = @_;
    return $file if -e $file;
    return if $file =~ m{^/};
    my ($found) = grep { -e } map { "$_/$file" } grep { !ref } @INC;
    return $found;
}

# ------------------------------------------------------------------------------------------------- loading

# Empties the packages of all these modules, and then loads their files. The first that does not compile ends the request with its
# message; what is not loaded yet is tried again with each request, until all of it is.
sub _load {
    my ($changed, $by_name, $warns_of_constants) = @_;
    my %pending = map { ($_->[0] => $_->[1]) } @$changed;
    %broken = (%broken, %pending);
    for my $key (keys %pending) {
        my $package = _package($key);
        ModPerl::Util::unload_package($package) if defined $package;
        delete $INC{$key};
    }

    my $outer = $SIG{__WARN__};
    local $SIG{__WARN__} = sub {
        return if $_[0] =~ /^Constant subroutine \S+ redefined at /;
        ref $outer ? $outer->(@_) : warn @_;
    } unless $warns_of_constants;

    my $load = sub {
        my ($key) = @_;
        my $file = delete $pending{$key};
        warn "Apache2::Reload: process $$ reloading @{[_package($key) // $key]} from $file\n" if $DEBUG;
        _require($key, $by_name ? $key : $file);
        $INC{$key} //= $file;
        delete $broken{$key};
    };
    # A module that uses another of them finds that one's file, wherever it lies.
    local @INC = $by_name ? @INC : (sub { return unless exists $pending{ $_[1] }; $load->($_[1]); return \'1;' }, @INC);
    for my $key (sort keys %pending) {
        $load->($key) if exists $pending{$key};
    }
    return;
}

# Requires a file in the place of a key. Perl remembers a file that it could not compile, and would not try it again.
sub _require {
    my ($key, $file) = @_;
    my $is_key = $key eq $file;
    $INC{$key} = $file unless $is_key;
    delete $INC{$file} if $is_key;
    my $done  = eval { require $file; 1 };
    my $error = $@;
    delete $INC{$file} unless $is_key && $done;
    return if $done;
    delete $INC{$key};
    die $error;
}

# ------------------------------------------------------------------------------------------------- what was loaded

# Remembers what the files are that start-up code has loaded: clones and children compare with that. A file that was written since
# `$since` may be another than the one that was loaded.
sub _remember {
    my ($since) = @_;
    my $now = Time::HiRes::time();
    for my $key (grep { !exists $known{$_} && defined $INC{$_} && !ref $INC{$_} } keys %INC) {
        my $path = _path($INC{$key});
        my ($version, $written) = defined $path ? _version($path) : ();
        $known{$key} = $version if defined $version && $written < $since;
    }
    $looked = $now;
    return Apache2::Const::OK;
}

_remember($^T + 1);
Apache2::ServerUtil->server->push_handlers(PerlPostConfigHandler => sub { _remember($looked) }) unless defined ModPerl::Util::current_callback();

1;
