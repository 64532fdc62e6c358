package ModPerl::RegistryLoader;

# Compiles scripts while the server starts, so that each process and interpreter begins with them:
#
#   my $loader = ModPerl::RegistryLoader->new(package => 'ModPerl::Registry');
#   $loader->handler($uri, $filename);
#
# For the steps of the class that compiles, an object of this one is the request as well.

use strict;
use warnings;

use APR::Finfo              ();
use APR::Pool               ();
use Apache2::Log            ();
use Apache2::ServerUtil     ();
use Carp                    ();
use File::Spec              ();
use ModPerl::RegistryCooker ();

use APR::Const -compile     => 'FINFO_MIN';
use Apache2::Const -compile => qw(OK HTTP_OK OPT_EXECCGI);

our $VERSION = '1.99';
our @ISA;

# Keys: package, the class that will run the scripts; trans, code that says a URI's file; debug.
sub new {
    my ($class, %given) = @_;
    my $self = bless {%given}, ref $class || $class;
    $self->{package} ||= 'ModPerl::Registry';
    $self->{pool} = APR::Pool->new;
    $self->load_package($self->{package});
    return $self;
}

# Compiles one script. URI, file and virtual host must be those of later requests.
sub handler {
    my ($self, $uri, $filename, $virthost) = @_;
    return $self->warn('uri is a required argument') unless defined $uri;
    $filename = $self->_file_of($uri, $filename);
    return unless defined $filename;
    $self->warn("*** uri=$uri, filename=$filename") if $self->{debug};

    @ISA = $self->{package} unless @ISA && $ISA[0] eq $self->{package};    # a change has perl look up all methods anew
    my $as_request = bless { uri => $uri, filename => $filename, package => $self->{package} }, ref $self;
    $as_request->{virthost} = $virthost if defined $virthost;
    # `new` of that class, since ours is another.
    return $self->{package}->can('new')->(ref $self, $as_request)->default_handler;
}

# The script's file, or a warning.
sub _file_of {
    my ($self, $uri, $filename) = @_;
    if (defined $filename) {
        return -e $filename ? $filename : $self->warn("Cannot find: $filename");
    }
    if (ref $self->{trans} eq 'CODE') {
        $filename = $self->{trans}->($uri);
        return $filename if defined $filename && -e $filename;
        return $self->warn('Cannot find a translated from uri: ' . ($filename // $uri));
    }
    $self->warn('Trying to guess filename based on uri') if $self->{debug};
    $filename = File::Spec->catfile(Apache2::ServerUtil::server_root(), $uri =~ s{^/}{}r);
    return $filename if -e $filename;
    return $self->warn("Cannot find guessed file: $filename provide \$filename or 'trans' sub");
}

sub load_package {
    my ($self, $package) = @_;
    Carp::croak("package to load wasn't specified") unless defined $package;
    require($package =~ s{::}{/}gr . '.pm');
    return;
}

sub warn {
    my ($self, @text) = @_;
    Apache2::ServerRec::warn(__PACKAGE__ . ": @text\n");
    return;
}

# ---------------------------------------------------------------------------------------------- a step of the class

sub namespace_root { return join '::', ModPerl::RegistryCooker::NAMESPACE_ROOT, $_[0]{REQ}{package} }

# It is compiled, and not run.
sub run { return Apache2::Const::OK }
sub _remember { return }

# ---------------------------------------------------------------------------------------------- a request's methods

sub uri             { return $_[0]{uri} }
sub filename        { return $_[0]{filename} }
sub path_info       { return }
sub status          { return Apache2::Const::HTTP_OK }
sub server          { return $_[0] }
sub is_virtual      { return exists $_[0]{virthost} }
sub get_server_name { return $_[0]{virthost} }
sub pool            { return $_[0]{pool} ||= APR::Pool->new }
sub finfo           { return $_[0]{finfo} ||= APR::Finfo::stat($_[0]{filename}, APR::Const::FINFO_MIN, $_[0]->pool) }

# Each request is asked whether its place allows scripts.
sub allow_options { return Apache2::Const::OPT_EXECCGI }

sub log_error {
    my ($self, @text) = @_;
    die @text if $@;
    CORE::warn @text;
    return;
}

sub slurp_filename {
    my ($self, $tainted) = @_;
    my $filename = $self->filename;
    open my $file, '<', $filename or die "can't open $filename: $!";
    local $/;
    my $text = <$file>;
    ($text) = $text =~ /(.*)/s unless $tainted // 1;
    return \$text;
}

1;
