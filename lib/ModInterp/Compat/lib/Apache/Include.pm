package Apache::Include;

# mod_perl 1's name for running a subrequest, once Apache2::compat is loaded.

use strict;
use warnings;

# The answer of another address goes where the request's goes. Returns its status.
sub virtual {
    my ($class, $uri, $r) = @_;
    my $inner = ref $uri ? $uri : ($r || Apache->request)->lookup_uri($uri);
    my $error = $inner->run;
    return $error >= 400 ? $error : $inner->status;
}

1;
