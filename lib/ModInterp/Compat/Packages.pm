package ModInterp::Compat::Packages;

# The packages of mod_perl 1 that Apache2::compat brings.

use strict;
use warnings;

use Apache2::Const (-compile => qw(DECLINED OK));

our $VERSION = '0.1.0';

package Apache;

use File::Spec ();
use Symbol     ();

# The current request; with an argument that becomes it.
sub request { my $class = shift; return Apache2::RequestUtil->request(@_) }

# The current request's server, or the main one.
sub server {
    my $r = eval { Apache2::RequestUtil->request };
    return $r ? $r->server : Apache2::ServerUtil->server;
}

sub import             { return }
sub can_stack_handlers { return 1 }
sub perl_hook          { return 1 }
sub gensym             { return Symbol::gensym() }
sub untaint            { require ModPerl::Util; shift; return &ModPerl::Util::untaint }
sub define             { shift if @_ == 2; return Apache2::ServerUtil::exists_config_define(@_) }
sub log_error          { shift if @_ && $_[0] eq 'Apache'; return Apache2::ServerUtil->server->log_error(@_) }
sub warn               { shift if @_ && $_[0] eq 'Apache'; return Apache2::ServerRec::warn(@_) }
sub push_handlers      { shift; return Apache2::ServerUtil->server->push_handlers(@_) }
sub set_handlers       { shift; return Apache2::ServerUtil->server->set_handlers(@_) }
sub get_handlers       { shift; return Apache2::ServerUtil->server->get_handlers(@_) }

sub module {
    die 'Usage: Apache->module($name)' . sprintf " at %s line %d.\n", (caller)[1, 2] if @_ != 2;
    return Apache2::Module::loaded($_[1]);
}

# A request's query: in a list the pairs of it.
sub args {
    my $r = shift;
    return $r->parse_args(scalar Apache2::RequestRec::args($r, @_));
}

sub unescape_url {
    my $text = pop;
    return Apache2::URI::unescape_url($text);
}

sub unescape_url_info {
    my $text = pop;
    return unescape_url($text =~ tr/+/ /r);
}

sub server_root_relative {
    my ($class, @path) = @_;
    my $is_absolute = @path && defined $path[0] && File::Spec->file_name_is_absolute($path[0]);
    return File::Spec->catfile($is_absolute ? () : Apache2::ServerUtil::server_root(), @path);
}

# Apache->exit($status), Apache::exit($status) or without a status.
sub exit {
    require ModPerl::Util;
    @_ = @_ == 2 || @_ && !ref $_[0] && $_[0] =~ /^-?\d+\z/ ? $_[-1] : 0;
    goto &ModPerl::Util::exit;
}

# Lines of configuration: for the current request, or else the server.
sub httpd_conf {
    my ($class, @lines) = @_;
    my $of = eval { Apache2::RequestUtil->request } || Apache2::ServerUtil->server;
    my $error = $of->add_config([split /\n/, join '', @lines]);
    die $error if $error;
    return;
}

package Apache::Server;

our $CWD            = Apache2::ServerUtil::server_root();
our $AddPerlVersion = 1;
our $Starting       = Apache2::ServerUtil::restart_count() == 1 ? 1 : 0;
our $ReStarting     = 1 - $Starting;

sub warn { shift if @_ && $_[0] eq 'Apache::Server'; return Apache2::ServerRec::warn(@_) }

package Apache::Constants;

# Names that mod_perl 2 has not, and its names for them.
my %OLD = (
    BAD_GATEWAY       => 'HTTP_BAD_GATEWAY',
    BAD_REQUEST       => 'HTTP_BAD_REQUEST',
    CONTINUE          => 'HTTP_CONTINUE',
    DOCUMENT_FOLLOWS  => 'HTTP_OK',
    MOVED             => 'HTTP_MOVED_PERMANENTLY',
    NOT_AUTHORITATIVE => 'HTTP_NON_AUTHORITATIVE',
    NOT_IMPLEMENTED   => 'HTTP_NOT_IMPLEMENTED',
    USE_LOCAL_COPY    => 'HTTP_NOT_MODIFIED',
);
my @SERVER = qw(MODULE_MAGIC_NUMBER SERVER_BUILT SERVER_VERSION);
my %GROUP  = (
    ':args_how' => [':cmd_how'],
    ':response' => [':common', keys %OLD],
    ':server'   => \@SERVER,
);

Apache2::Const->compile(__PACKAGE__,
    map { ":$_" } qw(cmd_how common config http methods options override remotehost satisfy types));

for my $old (keys %OLD) {
    no strict 'refs';
    *$old = \&{ $OLD{$old} };
}

sub SERVER_VERSION { return Apache2::ServerUtil::get_server_version() }
sub SERVER_BUILT   { return Apache2::ServerUtil::get_server_built() }

sub MODULE_MAGIC_NUMBER {
    my $core = Apache2::Module::find_linked_module('core.c');
    return $core->ap_api_major_version . ':' . $core->ap_api_minor_version;
}

my %OWN = map { $_ => 1 } keys %OLD, @SERVER;

# use Apache::Constants qw(OK :response); without a name the common ones.
sub import {
    my ($class, @names) = @_;
    my $into = caller;
    my %name = map { $_ => 1 } map { $GROUP{$_} ? @{ $GROUP{$_} } : $_ } @names ? @names : ':common';
    for my $own (grep { $OWN{$_} } keys %name) {
        no strict 'refs';
        *{"${into}::$own"} = \&$own;
    }
    return Apache2::Const->compile($into, grep { !$OWN{$_} } keys %name);
}

# Everything may be imported here.
sub export { return }

package Apache::File;

# A file handle that closes itself. The methods of mod_perl 1's Apache::File that are about requests are mod_perl 2's methods of these.

use Carp       ();
use File::Spec ();
use Symbol     ();

sub new {
    my ($class, @name) = @_;
    my $self = bless Symbol::gensym(), ref $class || $class;
    return !@name || $self->open(@name) ? $self : undef;
}

# As open: a name that may begin with the mode, or a mode and a name.
sub open {
    my ($self, $mode, @name) = @_;
    Carp::croak('open is a method of an object of Apache::File') unless ref $self;
    return @name ? CORE::open($self, $mode, @name) : CORE::open($self, $mode);
}

sub close { return CORE::close($_[0]) }

# A new file that is removed at the end of the current request: its handle, in a list its name and its handle.
sub tmpfile {
    my ($class) = @_;
    my $r = Apache2::RequestUtil->request;
    require File::Temp;
    my ($handle, $name) = File::Temp::tempfile('apacheXXXXXXXX', DIR => File::Spec->tmpdir);
    $r->pool->cleanup_register(sub { unlink $name });
    bless $handle, ref $class || $class;
    return wantarray ? ($name, $handle) : $handle;
}

package Apache::ModuleConfig;

# What a module of Perl's is configured with, for a request's place or a server.
sub get {
    my ($class, $of, $module) = @_;
    $module = caller unless defined $module;
    return Apache2::Module::get_config($module, $of->isa('Apache2::RequestRec') ? ($of->server, $of->per_dir_config) : $of);
}

package Apache::SIG;

# mod_perl 1 caught SIGPIPE here; httpd 2 ignores it.
sub handler { return Apache2::Const::DECLINED }

package Apache::Table;

sub new {
    my ($class, $r, $room) = @_;
    return APR::Table::make($r->pool, $room || 10);
}

package Apache::URI;

# An address, without one the request's own.
sub parse {
    my ($class, $r, $text) = @_;
    return APR::URI->parse($r->pool, $text || $r->construct_url);
}
*Apache2::URI::parse = \&parse;

package Apache::Util;

use Exporter ();

our @ISA         = ('Exporter');
our @EXPORT_OK   = qw(escape_html escape_path escape_uri ht_time parsedate size_string unescape_uri unescape_uri_info validate_password);
our %EXPORT_TAGS = (all => \@EXPORT_OK);

*escape_path       = \&Apache2::Util::escape_path;
*parsedate         = \&APR::Date::parse_http;
*unescape_uri      = \&Apache2::URI::unescape_url;
*validate_password = \&APR::Util::password_validate;

my $ht_time = \&Apache2::Util::ht_time;     # also while that is overridden
my %ENTITY  = ('<' => '&lt;', '>' => '&gt;', '&' => '&amp;', '"' => '&quot;');

sub escape_html       { my ($text) = @_; return $text =~ s/([<>&"])/$ENTITY{$1}/gr }
sub escape_uri        { my ($path) = @_; return Apache2::Util::escape_path($path, APR::Pool->new) }
sub unescape_uri_info { return Apache->unescape_url_info($_[0]) }
sub ht_time           { return $ht_time->(APR::Pool->new, @_) }

# Bytes in five columns.
sub size_string {
    my ($bytes) = @_;
    return '   0k' if !$bytes;
    return '    -' if $bytes == -1;
    return '   1k' if $bytes < 1024;
    return sprintf '%4dk', ($bytes + 512) / 1024 if $bytes < 1 << 20;
    return sprintf '%4.1fM', $bytes / (1 << 20) if $bytes < 99 << 20;
    return sprintf '%4dM', ($bytes + (1 << 19)) / (1 << 20);
}

1;
