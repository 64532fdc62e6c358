package Demo::Both;

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Apache2::Log ();
use Apache2::RequestRec ();
use APR::Table ();

# PerlAccessHandler: notes are the request's, and every module sees them.
sub access {
    my ($r) = @_;
    $r->notes->set(perl => 'access: ' . scalar localtime $r->request_time);
    return Apache2::Const::OK;
}

# PerlLogHandler: what Lua noted is there.
sub logged {
    my ($r) = @_;
    $r->log->info('Lua noted: ', $r->notes->get('lua'));
    return Apache2::Const::OK;
}

1;
