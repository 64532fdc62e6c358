package APR;

# The door to the APR family. In the server nothing is left to do: the interpreter has brought the rows. A plain perl loads the library that
# `make install` put into the folder of this perl's version and architecture; another perl's is never looked at.

use strict;
use warnings;
use constant ();

our $VERSION = '0.009000';

_load() unless defined &ModInterp::bind;

sub _load {
    require Config;
    require DynaLoader;
    my $lib    = __FILE__ =~ m{^(.*)/APR\.pm\z} ? $1 : '.';
    my $perl   = "$Config::Config{version}/$Config::Config{archname}";
    my $file   = "$lib/$perl/auto/APR/APR.so";
    my @others = map { m{^\Q$lib\E/(.+)/auto/APR/APR\.so\z} } glob _quoted($lib) . '/*/*/auto/APR/APR.so';
    -e $file or die "APR: there is no library for this perl, $perl: $file"
        . (@others ? "; there is one for @others" : '') . ". It comes with `make install` of mod_interp that was built with PERL=$^X\n";
    my $handle = DynaLoader::dl_load_file($file, 0) or die 'APR: ' . DynaLoader::dl_error() . "\n";
    my $symbol = DynaLoader::dl_find_symbol($handle, 'boot_APR') or die "APR: $file is not this module's library\n";
    push @DynaLoader::dl_librefs, $handle;
    push @DynaLoader::dl_modules, 'APR';
    return DynaLoader::dl_install_xsub('APR::_boot', $symbol, $file)->('APR');
}

sub _quoted { my ($text) = @_; $text =~ s/([\\\[\]{}*?~'" ])/\\$1/g; return $text }

1;
