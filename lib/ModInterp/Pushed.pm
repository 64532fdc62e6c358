package ModInterp::Pushed;

use strict;
use warnings;

our $VERSION = '0.1.0';

# What code is wrapped in whose answer is more than a number. The two are second callbacks of Apache2::RequestUtil's
# register_auth_provider; src/host/provider.rs reads the note and the error.
my %role = (
    hash => sub {
        my ($code) = @_;
        require Apache2::RequestRec;
        require APR::Table;
        return sub {
            my ($r, $user, $realm) = @_;
            my $hash = '';
            my $status = $code->($r, $user, $realm, \$hash);
            $r->notes->set('mod_interp.realm_hash', $hash) if defined $hash;
            return $status;
        };
    },
    line => sub {
        my ($code) = @_;
        require Apache2::CmdParms;
        return sub {
            my $text = $code->(@_);
            die "$text\n" if defined $text && length $text;
            return 0;
        };
    },
);

# Names for code that start-up code pushed to a server: clones find it by its name.
sub keep {
    my ($name, $code, $role) = @_;
    $code = $role{$role}->($code) if defined $role && $role{$role};
    no strict 'refs';
    no warnings 'redefine';
    *$name = $code;
    return 0;
}

1;
