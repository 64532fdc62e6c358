package ModInterp::DBPool;

# The handles of PerlDBPool. A handle of DBI's lives in one interpreter; that several interpreters together have no more of them than
# the line says is seen to by places, which the server lends: whoever opens a connection has a place for it until it is closed. A handle is
# in a request's hands, from its first DBI->connect to the request's end or to disconnect, or it is idle. While it is idle it may have to make
# way for another interpreter's: the server calls its closer, in this interpreter, when nothing else runs in it.

use strict;
use warnings;

use DBI 1.60 ();
use ModInterp::Databases ();
use Scalar::Util ();
use Time::HiRes  ();

our $VERSION = '0.1.0';

# Of this interpreter: idle handles by pool and arguments; those in use by request, then the same; all of them by DBI's handle, and by place.
my (%idle, %used, %by_handle, %by_place);

# What a request may have changed of a handle. connect sets AutoCommit and what its caller names, each time.
my @ATTRIBUTES = qw(RaiseError PrintError PrintWarn Warn HandleError HandleSetErr ShowErrorStatement FetchHashKeyName ChopBlanks
    LongReadLen LongTruncOk TaintIn TaintOut CompatMode Callbacks Profile);

# What DBI would connect by without us, Apache::DBI's way or its own.
my $plain = $DBI::connect_via;
tie $DBI::connect_via, 'ModInterp::DBPool::Via';

{
    no warnings 'redefine';
    my $connect_cached = \&DBI::connect_cached;
    *DBI::connect_cached = sub {
        my ($class, $dsn, $user, $password, $attributes) = @_;
        return $class->connect($dsn, $user, $password, { %{ $attributes || {} }, dbi_connect_method => __PACKAGE__ . '::connect_cached' });
    };
}

# Called by DBI->connect in place of the driver's own connect.
sub connect {
    my ($drh, @about) = @_;
    my @found = ModInterp::Databases->find("dbi:$drh->{Name}:$about[0]") or return $drh->$plain(@about);
    return handle_for($drh, \@about, @found);
}

sub connect_cached {
    my ($drh, @about) = @_;
    my @found = ModInterp::Databases->find("dbi:$drh->{Name}:$about[0]");
    return handle_for($drh, \@about, @found) if @found;
    my $method = $plain eq 'Apache::DBI::connect' ? $plain : 'connect_cached';
    return $drh->$method(@about);
}

# The same arguments give the same handle, in a request and from one to the next, unless a transaction is open on it.
sub handle_for {
    my ($drh, $about, $pool, $turn, $ping, $longest) = @_;
    my %attributes = %{ $about->[3] || {} };
    delete $attributes{dbi_connect_method};
    $about->[3] = \%attributes;
    my $key = join "\1", $pool, (map { defined ? $_ : '' } @$about[0 .. 2]), map { ($_, defined $attributes{$_} ? $attributes{$_} : '') } sort keys %attributes;

    my $used = $used{$turn};
    # DBI sets AutoCommit when it has connected, which commits what is open: who asks for that has another connection.
    if ($used && (!exists $attributes{AutoCommit} || $attributes{AutoCommit})) {
        $key .= "\1" while $used->{$key} && $used->{$key}{dbh} && !$used->{$key}{dbh}{AutoCommit};
    }
    my $self = $used && $used->{$key};
    if ($self) {
        $self->{times}++;
        return $self->{dbh} if $self->answers($ping);
        $self->let_go;
    }
    elsif ($self = idle_again($key)) {
        $self->{times} = 1;
        if ($self->answers($ping)) { $self->come_to_life }
        else                       { $self->let_go }
    }
    else {
        $self = bless { pool => $pool, key => $key, times => 1, longest => $longest }, __PACKAGE__;
        defined eval { $self->get_place; 1 } or return failed($drh, $@);
    }
    if (!$self->{dbh}) {
        my $dbh = eval { $drh->connect(@$about) };
        if (!$dbh) {
            my $died = $@;
            delete $used->{$key} if $used;
            $self->leave_place;
            die $died if $died;
            return;
        }
        $self->{dbh} = bless $dbh, 'ModInterp::DBPool::db';
        $dbh->{AutoInactiveDestroy} = 1;
        $self->{before} = [@$dbh{@ATTRIBUTES}];
        Scalar::Util::weaken($by_handle{ Scalar::Util::refaddr($dbh) } = $self);
    }
    if (!$used) {
        $used = $used{$turn} = {};
        ModInterp::Databases->at_end(sub { over($turn) });
    }
    $used->{$key} = $self;
    $self->{seen} = Time::HiRes::time();
    return $self->{dbh};
}

# Tells DBI why there is no handle.
sub failed {
    my ($drh, $why) = @_;
    $why =~ s/\AModInterp::Databases::take: | at \S+ line \d+\.?\n\z//g;
    # An error is added to the one before unless that is taken away.
    $drh->set_err(undef, undef);
    $drh->set_err(1, $why, 'HYT00');
    return;
}

# An idle handle whose place is still ours.
sub idle_again {
    my ($key) = @_;
    while (my $self = pop @{ $idle{$key} || [] }) {
        return $self if ModInterp::Databases->again($self->{pool}, $self->{place});
        $self->close;
    }
    delete $idle{$key};
    return;
}

# A place for a new handle, for which an idle one of this interpreter's may have to go. Who has to wait keeps none that is idle, since others may
# be waiting for that.
sub get_place {
    my ($self) = @_;
    Scalar::Util::weaken(my $weak = $self);
    my @take = ($self->{pool}, sub { $weak->make_way if $weak });
    my $place = ModInterp::Databases->take(@take);
    if (!defined $place) {
        $_->close for map { @$_ } values %idle;
        $place = ModInterp::Databases->take(@take, scalar map { values %$_ } values %used);
    }
    my $before = $by_place{"$self->{pool} $place"};
    $before->let_go if $before;
    $self->{place} = $place;
    Scalar::Util::weaken($by_place{"$self->{pool} $place"} = $self);
}

sub leave_place {
    my ($self) = @_;
    return unless defined(my $place = delete $self->{place});
    delete $by_place{"$self->{pool} $place"};
    ModInterp::Databases->closed($self->{pool}, $place);
}

# Whether the connection still answers; it is asked where it was not used for so long, and after an error.
sub answers {
    my ($self, $ping) = @_;
    my $dbh = $self->{dbh} or return 0;
    return 0 unless DBI::common::FETCH($dbh, 'Active');
    return 1 if !$self->{failed} && ($ping < 0 || ($ping > 0 && Time::HiRes::time() - $self->{seen} < $ping));
    local $SIG{__DIE__};
    return eval { $dbh->DBI::db::ping } ? 1 : 0;
}

# Closes the connection; the place is kept.
sub let_go {
    my ($self) = @_;
    my $dbh = delete $self->{dbh} or return;
    delete $by_handle{ Scalar::Util::refaddr($dbh) };
    if (my $idle = $idle{ $self->{key} }) {
        @$idle = grep { $_ != $self } @$idle;
        delete $idle{ $self->{key} } unless @$idle;
    }
    bless $dbh, 'DBI::db' if ref $dbh eq 'ModInterp::DBPool::Returned';
    local ($@, $SIG{__DIE__});
    eval { quietly($dbh, sub { $dbh->DBI::db::disconnect }) };
}

sub close {
    my ($self) = @_;
    $self->let_go;
    $self->leave_place;
}

# The closer: others want the place. A request may have taken the handle just before.
sub make_way {
    my ($self) = @_;
    $self->close if $self->{dbh} && !$self->{times};
}

# Runs code that tells of no error.
sub quietly {
    my ($dbh, $code) = @_;
    local @$dbh{qw(RaiseError PrintError PrintWarn Warn)} = (0) x 4;
    local $dbh->{HandleError};
    local $SIG{__WARN__} = sub { };
    return $code->();
}

# The request is done with the handle: what it left open is rolled back, attributes are as they were, and the handle is idle. One that others
# wait for is closed, since it cannot be theirs, and so is one of which that cannot be done.
sub give_back {
    my ($self) = @_;
    my $dbh = $self->{dbh};
    $self->{times} = 0;
    local ($@, $SIG{__DIE__});
    $self->{failed} = DBI::common::err($dbh);
    my $is_whole = eval {
        if ($dbh->{ActiveKids}) { $_ && $_->{Active} && $_->finish for @{ $dbh->{ChildHandles} } }
        @$dbh{@ATTRIBUTES} = @{ $self->{before} };
        # DBD::Pg asks its connection only then, and so learns of a BEGIN that a script sent as text. connect sets AutoCommit again.
        $dbh->{AutoCommit} = 0 if $dbh->{Driver}{Name} eq 'Pg';
        quietly($dbh, sub { $dbh->DBI::db::rollback }) unless $dbh->{AutoCommit};
        $dbh->{Active};
    };
    return $self->close if !$is_whole || ModInterp::Databases->wanted($self->{pool});
    $self->go_dead;
    $self->{seen} = Time::HiRes::time();
    push @{ $idle{ $self->{key} } }, $self;
    ModInterp::Databases->back($self->{pool}, $self->{place});
}

# The handle and its statements, those of prepare_cached and what a script has kept, are none until the handle is lent again. What has gone
# by then has done so by itself.
sub go_dead {
    my ($self) = @_;
    my $dbh = $self->{dbh};
    my @all = ([$dbh], $dbh->{Kids} ? map { [$_] } grep { $_ } @{ $dbh->{ChildHandles} } : ());
    for my $one (@all) {
        push @$one, ref $one->[0];
        bless $one->[0], 'ModInterp::DBPool::Returned' . ($one->[0] == $dbh ? '' : 'Statement');
        Scalar::Util::weaken($one->[0]);
    }
    $self->{dead} = \@all;
}

sub come_to_life {
    my ($self) = @_;
    for (@{ delete $self->{dead} }) {
        my ($handle, $class) = @$_;
        bless $handle, $class if $handle;
    }
}

# The request or connection is over.
sub over {
    my ($turn) = @_;
    my $used = delete $used{$turn} or return;
    $_->give_back for values %$used;
    # Where no keeper looks after them.
    my $now = Time::HiRes::time();
    $_->close for grep { $_->{longest} >= 0 && $now - $_->{seen} > $_->{longest} } map { @$_ } values %idle;
}

# A script has called disconnect as often as connect.
sub disconnected {
    my ($dbh) = @_;
    my $self = $by_handle{ Scalar::Util::refaddr($dbh) } or return 0;
    return 1 if --$self->{times} > 0;
    for my $used (values %used) {
        next unless $used->{ $self->{key} } && $used->{ $self->{key} } == $self;
        delete $used->{ $self->{key} };
        $self->give_back;
    }
    return 1;
}

# The interpreter ends.
END { $_->close for grep { $_ } values %by_place }

package ModInterp::DBPool::Via;

# $DBI::connect_via: who sets it, as Apache::DBI does, sets what connects to data sources that no pool has.
sub TIESCALAR { return bless \(my $tied), $_[0] }
sub FETCH     { return 'ModInterp::DBPool::connect' }
sub STORE     { $plain = $_[1] unless $_[1] eq 'ModInterp::DBPool::connect'; return }

package ModInterp::DBPool::db;

# A handle in a request's hands.
our @ISA = ('DBI::db');

sub disconnect {
    my ($dbh) = @_;
    return ModInterp::DBPool::disconnected($dbh) || $dbh->DBI::db::disconnect;
}

package ModInterp::DBPool::st;
our @ISA = ('DBI::st');

package ModInterp::DBPool::Returned;

# A handle that a script has kept beyond its request.
our $AUTOLOAD;

sub ping       { return 0 }
sub disconnect { return 1 }
sub FETCH      { return $_[1] eq 'Active' ? '' : DBI::common::FETCH(@_) }

sub AUTOLOAD {
    my ($method) = $AUTOLOAD =~ /(\w+)\z/;
    require Carp;
    Carp::croak("$method: this handle has gone back to PerlDBPool when its request was over, or by disconnect: call DBI->connect again");
}

sub DESTROY {
    my ($dbh) = @_;
    bless $dbh, 'DBI::db';
    return $dbh->DESTROY;
}

package ModInterp::DBPool::ReturnedStatement;

# A statement of such a handle.
our @ISA = ('ModInterp::DBPool::Returned');

sub DESTROY {
    my ($sth) = @_;
    bless $sth, 'DBI::st';
    return $sth->DESTROY;
}

1;
