package TestPlain;

# A perl that is not the server's, with the library that comes beside the module under test (libapr_perl.so): `plain_lib` is a folder as
# `make install` leaves it, `plain_perl(words)` runs perl with it and returns what it printed, errors too, and how it ended.

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp ();
use TestHttpd ();

our @EXPORT = qw(plain_so plain_lib plain_perl plain_folder has_plain);

sub plain_so { dirname(TestHttpd::module_so()) . '/libapr_perl.so' }

# Only for our own module, which is built with it.
sub has_plain { TestHttpd::ours() && -e plain_so() }

# The folder for which the library was built: 5.36.0/x86_64-linux-gnu-thread-multi.
sub plain_folder { my ($for) = TestHttpd::slurp(plain_so()) =~ m{\0APR\.so for perl ([^\0]+)\0}; return $for }

my $lib;

sub plain_lib {
    return $lib if $lib;
    $lib = File::Temp::tempdir('mod_interp_plain.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0755, $lib;
    TestHttpd::copy_tree(TestHttpd::top() . '/lib', $lib);
    my $auto = "$lib/" . plain_folder() . '/auto/APR';
    make_path($auto);
    symlink plain_so(), "$auto/APR.so" or die "symlink: $!";
    return $lib;
}

# The words follow `perl -I...`; environment by a leading hash.
sub plain_perl {
    my %env = ref $_[0] ? %{ +shift } : ();
    my $pid = open my $out, '-|';
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        delete @ENV{qw(PERL5LIB PERL5OPT)};
        $ENV{LD_PRELOAD} = $ENV{T_PRELOAD} if $ENV{T_PRELOAD};
        @ENV{ keys %env } = values %env;
        no warnings 'exec';
        exec $ENV{T_PLAIN_UNDER} ? split(' ', $ENV{T_PLAIN_UNDER}) : (), $^X, '-I' . plain_lib(), @_;
        require POSIX;
        POSIX::_exit(127);
    }
    local $/;
    my $text = <$out>;
    close $out;
    return wantarray ? ($text, $?) : $text;
}

1;
