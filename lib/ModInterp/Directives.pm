package ModInterp::Directives;

# Directives in Perl: what Apache2::Module::add and get_config are made of, and what the host calls for a line.
#
# A module keeps an object with each server and section in which its directives stand. httpd has a number in its place, and each
# interpreter the object, in %made: those of the configuration were made once, in the parent, and clones have copies. What two of them
# are merged to is made when it is first asked for, and stays; what a request's own lines (.htaccess, add_config) have a part in goes
# with the request. Such a number is negative.

use strict;
use warnings;

use APR::Pool           ();
use Apache2::CmdParms   ();
use Apache2::Const      (-compile => qw(DECLINE_CMD OR_ALL TAKE1));
use Apache2::Log        ();
use Apache2::Module     ();
use Apache2::ServerRec  ();
use Apache2::XSLoader   ();
use Scalar::Util        qw(blessed);

our $VERSION = '0.1.0';

# The number of each module, by its package; the package of each; objects by number.
our (%index, %package, %made);

Apache2::XSLoader::load(__PACKAGE__);

sub add {
    my ($package, $commands) = @_;
    my @all = map { _command($package, $commands->[$_], $_ + 1) } 0 .. $#$commands;
    my $index = make($package, $package->can('DIR_MERGE') ? 1 : 0, @all);
    $index{$package}   = $index;
    $package{$index} = $package;
    return;
}

# One of add's, a hash or an object with methods of these names, as six strings.
sub _command {
    my ($package, $command, $n) = @_;
    my $is_object = blessed $command;
    die "directive $n of $package is neither a hash nor an object\n" unless $is_object || ref $command eq 'HASH';
    my $get = sub {
        my ($what) = @_;
        return $command->{$what} unless $is_object;
        my $method = $command->can($what) or return;
        my $value = $command->$method;
        return $value ? $value : ();
    };
    my $name = $get->('name');
    die "directive $n of $package has no name\n" unless defined $name && length $name;
    my $data = $get->('cmd_data');
    return (
        $name,
        _constant($get->('args_how') // Apache2::Const::TAKE1, "args_how of $name"),
        _constant($get->('req_override') // Apache2::Const::OR_ALL, "req_override of $name"),
        $get->('errmsg') // "$name command",
        $get->('func')   // $name,
        defined $data ? "=$data" : '',
    );
}

# A constant of Apache2::Const, by its value or its name; several names with | between them.
sub _constant {
    my ($value, $what) = @_;
    return $value if $value =~ /^\d+\z/;
    my $bits = 0;
    for my $name (split /\s*\|\s*/, $value) {
        my $code = $name =~ /^\w+\z/ && eval { Apache2::Const->import(-compile => $name); Apache2::Const->can($name) };
        die "$what: Apache2::Const has no $name\n" unless $code;
        $bits |= $code->();
    }
    return $bits;
}

# A line of a directive, for the host: the package, the sub, the numbers of what the package has for the section and for the server (0:
# nothing, and nothing can be), the line, its words. 1 if the directive is left to other modules.
sub line {
    my ($package, $sub, $dir, $server, $parms, @words) = @_;
    # Of a virtual host with an interpreter of its own, whose code may be loaded in that of the main server only.
    require($package =~ s{::}{/}gr . '.pm') unless $index{$package};
    my $pool = $dir < 0 && $parms->pool;
    my $object = $made{$dir} // _create($package, DIR_CREATE => $dir, $parms, $pool);
    if ($server && !Apache2::Module::get_config($package, $parms->server)) {
        _create($package, SERVER_CREATE => $server, $parms, $pool);
    }
    my $answer = $object->$sub($parms, @words);
    return defined $answer && !ref $answer && $answer eq Apache2::Const::DECLINE_CMD ? 1 : 0;
}

sub _create {
    my ($package, $method, $number, $parms, $pool) = @_;
    my $create = $package->can($method);
    return _keep($number, $create ? scalar $package->$create($parms) : bless({}, $package), $pool);
}

# What is not for long goes with this pool.
sub _keep {
    my ($number, $object, $pool) = @_;
    $made{$number} = $object;
    $pool->cleanup_register(sub { delete $made{ $_[0] }; 0 }, $number) if $pool;
    return $object;
}

# What is not there yet in this interpreter: merged of others, which may have to be merged first. undef where a part is not there: it was
# made in another server's own interpreter.
sub merged {
    my ($index, $server, $vector, $number) = @_;
    my @steps = steps($index, $server, $vector);
    while (my ($result, $outer, $inner, $of_server) = splice @steps, 0, 4) {
        next if $made{$result};
        my $method = $of_server ? 'SERVER_MERGE' : 'DIR_MERGE';
        my $merge  = $package{$index}->can($method);
        my ($base, $add) = @made{ $outer, $inner };
        my $object = $add // $base;
        if (defined $base && defined $add && $merge) {
            local $@;
            $object = undef;
            eval { $object = $merge->($base, $add); 1 } or $server->log_error("$package{$index}->$method: $@");
        }
        _keep($result, $object, $result < 0 && request_pool()) if defined $object;
    }
    return $made{$number};
}

1;
