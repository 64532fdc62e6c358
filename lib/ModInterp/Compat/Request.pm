package ModInterp::Compat::Request;

# What Apache2::compat adds to the classes of requests, connections and servers.

use strict;
use warnings;

use Apache2::Const (-compile => qw(OK REMOTE_NAME));
use Symbol         ();

our $VERSION = '0.1.0';

# All of a table, as a list of keys and values.
sub pairs {
    my ($table) = @_;
    my @pairs;
    $table->do(sub { push @pairs, @_[0, 1]; 1 });
    return @pairs;
}

package Apache2::RequestRec;

# What httpd 2 does by itself, or has no more.
for my $name (qw(soft_timeout hard_timeout kill_timeout reset_timeout cleanup_for_exec chdir_file stash_rgy_endav)) {
    no strict 'refs';
    *$name = sub { return };
}

sub seqno            { return 1 }
sub is_main          { return !$_[0]->main }
sub current_callback { require ModPerl::Util; return ModPerl::Util::current_callback() }

# The current request; with an argument that becomes it.
sub request {
    my $r = shift;
    return @_ || !ref $r ? Apache2::RequestUtil->request(@_) : $r;
}

# The newest request of a row of internal redirects.
sub last {
    my ($r) = @_;
    while (my $next = $r->next) { $r = $next }
    return $r;
}

# httpd sends headers with the first output. A type that was set also says that the output has no headers of its own.
sub send_http_header {
    my ($r, $type) = @_;
    $r->content_type(defined $type ? $type : $r->content_type || 'text/html');
    return;
}

# Of a table: itself, the values of a key, or a key's new value, where undef takes it away.
sub table_get_set {
    my ($r, $table, $key, @value) = @_;
    return $table if @_ < 3;
    return $table->get($key) unless @value;
    if (@value > 1) {
        my $name = (caller 1)[3] =~ s/.*:://r;
        return $r->warn("Usage: \$r->$name([key [,val]])");
    }
    return defined $value[0] ? $table->set($key, $value[0]) : $table->unset($key);
}

sub header_in      { my $r = shift; return $r->table_get_set(scalar $r->headers_in,      @_) }
sub header_out     { my $r = shift; return $r->table_get_set(scalar $r->headers_out,     @_) }
sub err_header_out { my $r = shift; return $r->table_get_set(scalar $r->err_headers_out, @_) }

# As a line of a CGI script's headers: some say more than the header.
my %OF_CGI = (
    'content-type' => sub { $_[0]->content_type($_[1]) },
    status         => sub { $_[0]->status($_[1] =~ /^(\d+)/ ? $1 : 200); $_[0]->status_line($_[1]) },
    location       => sub { $_[0]->headers_out->set(Location => $_[1]); $_[0]->status(302) if $_[1] !~ m{^/} },
);

sub cgi_header_out {
    my ($r, $key, @value) = @_;
    my $does = @value && $OF_CGI{ lc $key };
    return $does ? $does->($r, @value) : $r->header_out($key, @value);
}

# The variables of a CGI script: as a list, as a table, or one of them.
sub cgi_env {
    my $r = shift;
    return $r->subprocess_env(@_) if @_;
    $r->subprocess_env;
    my $table = $r->subprocess_env;
    return wantarray ? ModInterp::Compat::Request::pairs($table) : $table;
}
*cgi_var = \&cgi_env;

# A cleanup without an argument of its own is given the request.
sub register_cleanup {
    my ($r, $code, @argument) = @_;
    return $r->pool->cleanup_register($code, @argument ? @argument : $r);
}
*post_connection = \&register_cleanup;

sub get_remote_host {
    my ($r, $type) = @_;
    return $r->connection->get_remote_host(defined $type ? $type : Apache2::Const::REMOTE_NAME, $r->per_dir_config);
}

# In a list the names and values of a query or a form, else the text. A query that is no form (?word, ?a=b=c) is a list of words.
sub parse_args {
    my ($r, $text) = @_;
    return $text unless wantarray;
    return unless defined $text && length $text;
    my @words = $text =~ /[&;]/ ? map { (split(/=/, $_, 2), '')[0, 1] } grep { length } split /[&;]/, $text : split /=/, $text, -1;
    return map { Apache->unescape_url_info($_) } @words;
}

# What the client sent: in a list the pairs of a form, else the text.
sub content {
    my ($r) = @_;
    my $body = '';
    1 while $r->read($body, 65536, length $body);
    return $r->parse_args($body);
}

sub server_root_relative { return Apache->server_root_relative(@_[1 .. $#_]) }

# Sends what is left of a file, or so many bytes of it. Returns how many it were. The name of a handle is one of the caller's package.
sub send_fd { return _send($_[0], Symbol::qualify_to_ref($_[1], scalar caller), -1) }
sub send_fd_length { return _send($_[0], Symbol::qualify_to_ref($_[1], scalar caller), $_[2]) }

sub _send {
    my ($r, $handle, $left) = @_;
    my $sent = 0;
    CORE::binmode $handle;
    while ($left && (my $got = CORE::read $handle, my $piece, $left < 0 || $left > 65536 ? 65536 : $left)) {
        $sent += $r->puts($piece);
        $left -= $got if $left > 0;
    }
    return $sent;
}

*write_client      = \&puts;
*read_client_block = \&read;

# END blocks of a script that ModPerl::Registry runs.
sub clear_rgy_endav {
    my ($r, $package) = @_;
    require ModPerl::Global;
    return ModPerl::Global::special_list_clear(END => $package);
}

# mod_perl 1 ran the END blocks of scripts by a handler behind theirs. ModPerl::Registry runs them itself.
sub Apache2::compat::run_rgy_endav { return Apache2::Const::OK }

# What mod_perl 1 had as methods of requests, since these were objects of Apache.
for my $name (qw(define exit gensym httpd_conf module unescape_url unescape_url_info untaint)) {
    no strict 'refs';
    *$name = \&{"Apache::$name"};
}

package Apache2::Connection;

# These moved to the request; so there must be a current one.
sub auth_type      { my $c = shift; return Apache2::RequestUtil->request->ap_auth_type(@_) }
sub user           { my $c = shift; return Apache2::RequestUtil->request->user(@_) }
sub remote_logname { return Apache2::RequestUtil->request->get_remote_logname }

package Apache2::ServerRec;

sub uid { return Apache2::ServerUtil->user_id }
sub gid { return Apache2::ServerUtil->group_id }

1;
