package Apache2::compat;

# Names of mod_perl 1 for code that was written for it: methods of requests and connections (ModInterp::Compat::Request), and the
# packages Apache, Apache::Constants, Apache::File and so on (ModInterp::Compat::Packages). Where both generations have a name with
# another meaning, it keeps mod_perl 2's until override_mp2_api is called.

use strict;
use warnings;

use Apache2::Access      ();
use Apache2::Connection  ();
use Apache2::Filter      ();
use Apache2::Log         ();
use Apache2::Module      ();
use Apache2::RequestIO   ();
use Apache2::RequestRec  ();
use Apache2::RequestUtil ();
use Apache2::Response    ();
use Apache2::ServerRec   ();
use Apache2::ServerUtil  ();
use Apache2::SubRequest  ();
use Apache2::URI         ();
use Apache2::Util        ();
use APR::Brigade         ();
use APR::Bucket          ();
use APR::Const           (-compile => 'FINFO_NORM');
use APR::Date            ();
use APR::Finfo           ();
use APR::Pool            ();
use APR::SockAddr        ();
use APR::Table           ();
use APR::URI             ();
use APR::Util            ();
use Carp                 ();
use Socket               ();
use mod_perl2            ();

use ModInterp::Compat::Packages ();
use ModInterp::Compat::Request  ();

our $VERSION = '2.000012';

# What `use Apache::File` and the like ask for. They are no files in @INC, so that code which looks whether it runs under mod_perl 1
# finds them only if somebody has loaded this module.
$INC{"Apache$_.pm"} ||= __FILE__
    for '', map { "/$_" } qw(Connection Constants File Log ModuleConfig SIG Server SubRequest Table URI Util);

# Modules of mod_perl 1's that are not always needed. Copies that are installed elsewhere come first.
push @INC, __FILE__ =~ s{Apache2/compat\.pm\z}{ModInterp/Compat/lib}r;

# Both as a function, as mod_perl 2 has them, and as mod_perl 1's method of the class.
for my $name (qw(top_module get_config)) {
    no strict 'refs';
    no warnings 'redefine';
    my $sub = \&{"Apache2::Module::$name"};
    *{"Apache2::Module::$name"} = sub { shift if @_ && $_[0] eq 'Apache2::Module'; goto &$sub };
}

# The current request, which is there in a perl-script response or with PerlOptions +GlobalRequest.
sub request { return Apache2::RequestUtil->request }

# A method of mod_perl 1's and what makes it of mod_perl 2's.
my %MAKE = (
    'APR::URI::unparse'                => \&_unparse,
    'Apache2::Connection::local_addr'  => sub { my ($sub) = @_; sub { _packed($_[0]->$sub) } },
    'Apache2::Connection::remote_addr' => \&_remote_addr,
    'Apache2::Module::get_config'      => sub { $_[0] },
    'Apache2::Module::top_module'      => sub { $_[0] },
    'Apache2::RequestRec::args'        => sub { my ($sub) = @_; sub { my $r = shift; $r->parse_args($r->$sub(@_)) } },
    'Apache2::RequestRec::filename'    => \&_filename,
    'Apache2::RequestRec::finfo'       => sub { sub { stat $_[0]->filename; \*_ } },
    'Apache2::RequestRec::notes'       => \&_notes,
    'Apache2::RequestRec::print'       => sub { my ($sub) = @_; sub { my $r = shift; $r->$sub(map { ref eq 'SCALAR' ? $$_ : $_ } @_) } },
    'Apache2::Util::ht_time'           => sub { \&Apache::Util::ht_time },
    map { ("Apache2::RequestRec::$_" => \&_listed) } qw(err_headers_out headers_in headers_out subprocess_env),
);
my %was;

# Packages whose code is for mod_perl 2 in any case. Scripts of ModPerl::Registry are in ModPerl::ROOT.
my $OF_2 = qr/^(?:APR|Apache2|ModInterp|ModPerl(?!::ROOT::))::/;

sub override_mp2_api {
    for my $name (@_) {
        my $make = _known($name);
        if ($was{$name}) {
            Carp::carp("Apache2::compat: $name has been overridden already");
            next;
        }
        no strict 'refs';
        no warnings 'redefine';
        my $sub = $was{$name} = \&$name;
        my $made = $make->($sub);
        *$name = sub { goto &{ caller =~ $OF_2 ? $sub : $made } };
    }
    return;
}

sub restore_mp2_api {
    for my $name (@_) {
        _known($name);
        if (!$was{$name}) {
            Carp::carp("Apache2::compat: $name has not been overridden");
            next;
        }
        no strict 'refs';
        no warnings 'redefine';
        *$name = delete $was{$name};
    }
    return;
}

sub _known {
    my ($name) = @_;
    return $MAKE{$name} || Carp::croak("Apache2::compat: $name is not overridable");
}

# An address without a scheme is one of http.
sub _unparse {
    my ($sub) = @_;
    return sub {
        my ($uri) = @_;
        $uri->scheme('http') if defined $uri->hostname && !defined $uri->scheme;
        goto &$sub;
    };
}

sub _packed {
    my ($address) = @_;
    my ($ip, $port) = ($address->ip_get, $address->port);
    return $ip =~ /:/
        ? Socket::pack_sockaddr_in6($port, Socket::inet_pton(Socket::AF_INET6(), $ip))
        : Socket::pack_sockaddr_in($port, Socket::inet_aton($ip));
}

# A new address is what the client is taken for; httpd goes on talking to the one it knows, on the same port.
sub _remote_addr {
    return sub {
        my ($c, $new) = @_;
        return _packed($c->client_addr) if @_ < 2;
        my $is_ipv6 = Socket::sockaddr_family($new) == Socket::AF_INET6();
        my $address = ($is_ipv6 ? Socket::unpack_sockaddr_in6($new) : Socket::unpack_sockaddr_in($new))[1];
        return $c->client_ip(Socket::inet_ntop($is_ipv6 ? Socket::AF_INET6() : Socket::AF_INET(), $address));
    };
}

# With a new name the request has the new file's finfo.
sub _filename {
    my ($sub) = @_;
    return sub {
        my ($r, $new) = @_;
        return $r->$sub unless defined $new;
        my $old = $r->$sub($new);
        Carp::croak("'$new' doesn't exist") unless -e $new;
        $r->finfo(APR::Finfo::stat($new, APR::Const::FINFO_NORM, $r->pool));
        return $old;
    };
}

sub _notes {
    my ($sub) = @_;
    return sub {
        my $r = shift;
        return $r->$sub(@_) if @_ == 1 && ref $_[0];
        return $r->table_get_set(scalar $r->$sub, @_);
    };
}

# In a list without arguments all pairs, else as it was.
sub _listed {
    my ($sub) = @_;
    return sub {
        return $_[0]->$sub(@_[1 .. $#_]) if @_ > 1 || !wantarray;
        return ModInterp::Compat::Request::pairs(scalar $_[0]->$sub);
    };
}

1;
