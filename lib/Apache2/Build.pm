package Apache2::Build;

# What a Makefile.PL asks to build an XS module for this server: paths, flags and versions of httpd, APR and perl, where the headers
# and the typemap lie. Each answer is asked of apxs, apr-1-config or perl when it is wanted. mod_perl's class of this name
# configures the build of mod_perl itself as well; that half is not here.

use strict;
use warnings;

use Config;
use File::Basename qw(dirname);
use File::Spec::Functions qw(catfile rel2abs path file_name_is_absolute);

our $VERSION = '0.01';
our $AUTOLOAD;

use constant {
    IS_MOD_PERL_BUILD => 0,
    PERL_HAS_ITHREADS => ($Config{useithreads} || '') eq 'define',
    REQUIRE_ITHREADS  => 0,
    BUILD_APREXT      => 0,
    (map { $_ => 0 } qw(AIX CYGWIN DARWIN DMAKE HPUX IRIX MSVC OPENBSD WIN32)),
};

# The folder of this library, beside the module: .../modules/mod_interp/lib
my $lib = rel2abs(dirname(dirname(__FILE__)));

# ---------------------------------------------------------------------------------------------------- making one

sub new {
    my ($class, %set) = @_;
    return bless { %set }, ref $class || $class;
}

# One that has what mod_perl's saves of its build, under the same names.
sub build_config {
    my ($class) = @_;
    my $self = $class->new;
    my $apxs = $self->find_apxs;
    my %apxs = map { $_ => $self->apxs(-q => $_) } qw(INCLUDEDIR LIBEXECDIR SBINDIR PROGNAME EXTRA_CFLAGS EXTRA_CPPFLAGS NOTEST_CPPFLAGS);
    %$self = (
        %$self,
        API_VERSION           => 2,
        VERSION               => '2.0.12',
        MP_APXS               => $apxs,
        MP_APR_CONFIG         => $self->apr_config_path,
        MP_CCOPTS             => '',
        MP_COMPAT_1X          => 1,
        MP_LIBNAME            => 'mod_interp',
        MP_TRACE              => 0,
        MP_USE_DSO            => 1,
        MP_USE_STATIC         => 0,
        MP_INCLUDE_DIR        => "$lib/ModInterp/include",
        MODPERL_AP_INCLUDEDIR => $apxs{INCLUDEDIR},
        MODPERL_AP_LIBEXECDIR => $apxs{LIBEXECDIR},
        MODPERL_AP_LIBS       => '',
        MODPERL_CCOPTS        => $self->ccopts,
        MODPERL_INC           => $self->inc,
        MODPERL_LDOPTS        => $self->ldopts,
        MODPERL_LIBNAME       => 'mod_interp',
        (map { $_ => 'mod_interp.so' } qw(MODPERL_LIB MODPERL_LIB_DSO MODPERL_LIB_SHARED)),
        (map { 'MODPERL_' . uc $_ => $self->perl_config($_) } qw(ar archlibexp cc cccdlflags dlext ld lddlflags optimize perlpath privlibexp ranlib)),
        (map { ("APXS_$_" => $apxs{$_}) } keys %apxs),
    );
    $self->$_ for qw(ap_includedir apr_includedir apr_bindir apu_config_path get_apr_config httpd_version);
    return $self;
}

# mp_xxx is the key MP_XXX: its words in a list, else as it is.
sub AUTOLOAD {
    my ($self) = @_;
    my ($name) = $AUTOLOAD =~ /(\w+)\z/;
    die "Apache2::Build has no method $name; mod_interp offers what builds modules, not what builds mod_perl\n" unless $name =~ /^mp_/i;
    my $value = ref $self ? $self->{ uc $name } : undef;
    return wantarray ? () : undef unless $value;
    return wantarray ? split ' ', $value : $value;
}

sub DESTROY { }

# ------------------------------------------------------------------------------------------------------- httpd

# apxs of the httpd in whose folder of modules this library lies, where its own bin/ is beside that folder; else the first that the
# variables APXS and MP_APXS or the path name.
sub find_apxs {
    my ($self) = @_;
    return $self->{MP_APXS} if ref $self && $self->{MP_APXS};
    my @known = map { dirname(dirname(dirname($lib))) . "/bin/$_" } qw(apxs apxs2);
    my @asked = grep { defined && length } @ENV{qw(APXS MP_APXS)};
    my ($apxs) = grep { -x && !-d } @asked, @known, map { my $dir = $_; map { catfile($dir, $_) } qw(apxs apxs2) } path(), qw(/usr/bin /usr/sbin);
    $self->{MP_APXS} = $apxs if ref $self;
    return $apxs || '';
}

# What apxs answers to these arguments, asked once; empty where there is no apxs.
my %asked;
sub apxs {
    my ($self, @arguments) = @_;
    my $apxs = (ref $self ? $self : Apache2::Build->new)->find_apxs or return '';
    return output($apxs, @arguments);
}

# The output of a command without its last newline. Under taint mode, too: what apxs names is trusted as apxs is.
sub output {
    my @command = map { /(.*)/s } @_;
    return $asked{"@command"} if exists $asked{"@command"};
    my $pid = open my $out, '-|';
    return '' unless defined $pid;
    if (!$pid) {
        open STDERR, '>', '/dev/null';
        if (${^TAINT}) {
            delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};
            $ENV{PATH} = '/usr/local/bin:/usr/bin:/bin';
        }
        { no warnings 'exec'; exec @command; }
        require POSIX;
        POSIX::_exit(127);
    }
    my $text = join '', <$out>;
    close $out;
    chomp $text;
    return $asked{"@command"} = $text;
}

sub quoted_apxs { my ($self, @what) = @_; return join(' ', map { $self->apxs(-q => $_) } @what) =~ s/"/\\"/gr }
sub apxs_cflags         { $_[0]->quoted_apxs('CFLAGS') }
sub apxs_extra_cflags   { $_[0]->quoted_apxs('EXTRA_CFLAGS') }
sub apxs_extra_cppflags { $_[0]->quoted_apxs('EXTRA_CPPFLAGS', 'NOTEST_CPPFLAGS') }

sub ap_includedir {
    my ($self, $dir) = @_;
    return $self->{ap_includedir} if $self->{ap_includedir} && -d $self->{ap_includedir};
    return $self->{ap_includedir} = $dir || $self->apxs(-q => 'INCLUDEDIR');
}
sub ap_exp_includedir   { $_[0]->ap_includedir }
sub install_headers_dir { $_[0]->ap_includedir }

# The first number that a header of httpd's gives to each of these names.
sub defined_in {
    my ($file, @names) = @_;
    my %value;
    open my $fh, '<', $file or return;
    while (my $line = <$fh>) { $value{$1} //= $2 if $line =~ /^\s*#\s*define\s+(\w+)\s+(\d+)/ }
    return @value{@names};
}

sub httpd_version {
    my ($self, $dir) = @_;
    $dir ||= $self->ap_includedir;
    return $self->{httpd_version}{$dir} //= do {
        my @parts = defined_in("$dir/ap_release.h", map { "AP_SERVER_${_}_NUMBER" } qw(MAJORVERSION MINORVERSION), 'PATCHLEVEL');
        @parts && !grep({ !defined } @parts) ? join '.', @parts : undef;
    };
}

sub httpd_version_as_int {
    my ($self, $dir) = @_;
    my $digits = ($self->httpd_version($dir) || '') =~ tr/0-9//cdr;
    return length $digits < 3 ? $digits . '0' : $digits;
}

sub module_magic_number {
    my ($self) = @_;
    return $self->{mmn} //= (defined_in($self->ap_includedir . '/ap_mmn.h', 'MODULE_MAGIC_NUMBER_MAJOR'))[0];
}
sub mmn_eq { 1 }

# httpd 2.4 chooses its MPM when it starts, so a build must reckon with threads; inside the server the one that runs is known.
sub mpm_name        { $ENV{MOD_PERL} && eval { require Apache2::MPM; Apache2::MPM->show } || 'dynamic' }
sub mpm_is_threaded { lc $_[0]->mpm_name ne 'prefork' ? 1 : 0 }

sub is_dynamic           { 1 }
sub should_build_apache  { 0 }
sub httpd_is_source_tree { '' }
sub dir                  { $_[0]{dir} }
sub default_dir          { $_[0]{dir} }
sub find                 { grep { defined && -d } $_[0]{dir} }

# --------------------------------------------------------------------------------------------------------- APR

sub config_program {
    my ($self, $what) = @_;
    my $key = "${what}_config_path";
    return $self->{$key} if $self->{$key} && -x $self->{$key};
    my ($found) = grep { -x && !-d } grep { defined && length } $self->{ 'MP_' . uc($what) . '_CONFIG' }, $self->apxs(-q => uc($what) . '_CONFIG'),
        map { my $dir = $_; map { catfile($dir, $_) } "$what-1-config", "$what-config" } $self->apxs(-q => uc($what) . '_BINDIR') || (), path();
    return $self->{$key} = $found || '';
}
sub apr_config_path { $_[0]->config_program('apr') }
sub apu_config_path { $_[0]->config_program('apu') }
sub apr_generation  { 1 }

sub apr_bindir {
    my ($self) = @_;
    return $self->{apr_bindir} //= $self->apr_config_path ? dirname($self->apr_config_path) : '';
}

sub apr_includedir {
    my ($self) = @_;
    return $self->{apr_includedir} //= do {
        my ($dir) = grep { -e "$_/apr.h" } grep { length } ($self->apr_config_path ? output($self->apr_config_path, '--includedir') : ''), $self->ap_includedir;
        $dir || die "Apache2::Build: apr.h is not found: apr-1-config is in Debian's libapr1-dev\n";
    };
}

sub apru_link_flags {
    my ($self) = @_;
    return map { output($_, qw(--link-ld --libs --ldflags)) } grep { length } $self->apu_config_path, $self->apr_config_path;
}

# HAS_THREADS and its like, of apr.h.
sub get_apr_config {
    my ($self) = @_;
    return $self->{apr_config} ||= do {
        my @names = map { "HAS_$_" } qw(THREADS DSO MMAP RANDOM SENDFILE LARGE_FILES FORK);
        my %found;
        @found{@names} = defined_in($self->apr_includedir . '/apr.h', map { "APR_$_" } @names);
        +{ HAS_INLINE => 1, map { $_ => $found{$_} } grep { defined $found{$_} } @names };
    };
}

# ----------------------------------------------------------------------------------------------------- perl and flags

sub perl_config {
    my ($self, $key) = @_;
    return defined $Config{$key} ? $Config{$key} : '';
}
sub perl_config_optimize { $_[0]->perl_config('optimize') }

sub perl_ccopts { " $Config{ccflags} " }

# What httpd's and APR's headers need; and for code in which an `inline` function has no other definition, as with mod_perl.
sub ap_ccopts {
    my ($self) = @_;
    my $options = join ' ', '-DMOD_PERL', grep { length } $self->{MP_CCOPTS} || '', $Config{gccversion} ? '-fgnu89-inline' : '', $self->apxs_extra_cppflags;
    return $options =~ s/(?:^|\s)-DAP_DEBUG\b//gr;
}

# All of them, those that perl and httpd both want once.
sub ccopts {
    my ($self) = @_;
    my %seen;
    return join ' ', grep { !/^-D/ || !$seen{$_}++ } split ' ', join ' ', $self->perl_ccopts, "-I$Config{archlibexp}/CORE", $self->ap_ccopts;
}

sub ldopts {
    require ExtUtils::Embed;
    local %ENV = (%ENV, PATH => '/usr/local/bin:/usr/bin:/bin') if ${^TAINT};     # it asks the compiler
    delete @ENV{qw(IFS CDPATH ENV BASH_ENV)} if ${^TAINT};
    chomp(my $options = ExtUtils::Embed::ldopts(1));
    return $options;
}

# XS modules are linked with neither httpd nor this module: both are in the process that loads them.
sub apache_libs     { '' }
sub modperl_libs    { '' }
sub modperl_libpath { '' }
sub mp_apr_lib      { '' }
sub otherldflags    { $_[0]->perl_config('ldflags') }
sub define          { '' }
sub strip_lfs       { $_[1] }
sub has_large_files_conflict { 0 }

# ------------------------------------------------------------------------------------------- headers and typemap

# The folders of our headers, httpd's and APR's. Ours come first: mod_perl's may lie among httpd's.
sub includes {
    my ($self) = @_;
    my $httpd = $self->ap_includedir;
    die "Apache2::Build: httpd's headers are not found: apxs is in Debian's apache2-dev\n" unless $httpd && -d $httpd;
    my %seen;
    return [ grep { !$seen{$_}++ } "$lib/ModInterp/include", $httpd, $self->apr_includedir ];
}
sub inc {
    my ($self) = @_;
    return join ' ', map { "-I$_" } @{ (ref $self ? $self : $self->new)->includes };
}
sub mp_include_dir { "$lib/ModInterp/include" }

sub typemaps { ["$lib/auto/Apache2/typemap"] }

# Paths as they are seen from the folder in which the object was made.
sub file_path {
    my ($self, @files) = @_;
    my @paths = map { file_name_is_absolute($_) ? $_ : rel2abs($_, $self->{cwd}) } @files;
    return wantarray ? @paths : $paths[0];
}

1;
