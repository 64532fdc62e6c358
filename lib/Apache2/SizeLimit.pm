package Apache2::SizeLimit;

# Ends a process that has become too large, after its request. Under a threaded MPM it takes no more connections, and ends when those
# that it has are over.

use strict;
use warnings;

use Apache2::Log            ();
use Apache2::MPM            ();
use Apache2::RequestRec     ();
use Apache2::RequestUtil    ();
use Apache2::ServerUtil     ();
use Apache::SizeLimit::Core ();
use APR::Table              ();
use ModInterp::Status       ();
use Apache2::Const -compile => qw(OK DECLINED);

our $VERSION = '0.97';
our @ISA     = 'Apache::SizeLimit::Core';

# The variables may be set here, too.
our ($MAX_PROCESS_SIZE, $MAX_UNSHARED_SIZE, $MIN_SHARE_SIZE, $CHECK_EVERY_N_REQUESTS, $USE_SMAPS, $REQUEST_COUNT, $START_TIME);
for my $name (qw(MAX_PROCESS_SIZE MAX_UNSHARED_SIZE MIN_SHARE_SIZE CHECK_EVERY_N_REQUESTS USE_SMAPS REQUEST_COUNT START_TIME)) {
    no strict 'refs';
    *$name = \${"Apache::SizeLimit::Core::$name"};
}

$Apache::SizeLimit::Core::COUNTS_RESIDENT = Apache2::MPM->is_threaded;

sub handler : method {
    my ($class, $r) = @_;
    $class->set_start_time;
    my $count = $class->get_and_pinc_request_count;
    return Apache2::Const::DECLINED if !$r->is_initial_req || $count % ($class->get_check_interval || 1);
    return $class->_exit_if_too_big($r);
}

# For this request only, and once.
sub add_cleanup_handler {
    my ($class, $r) = @_;
    $r ||= Apache2::RequestUtil->request;
    return if $r->notes->get('Apache2::SizeLimit');
    $r->notes->set('Apache2::SizeLimit' => 1);
    $r->push_handlers(PerlCleanupHandler => "$class->handler");
    return;
}

sub _exit_if_too_big {
    my ($class, $r) = @_;
    return Apache2::Const::DECLINED unless $class->_limits_are_exceeded;
    my ($size, $shared, $unshared) = $class->_check_size;
    my $text = "SIZE=$size KB" . ($shared ? " SHARE=$shared KB UNSHARED=$unshared KB" : '') . ' REQUESTS=' . ($class->get_request_count - 1)
        . ' LIFETIME=' . (time - $class->get_start_time) . ' seconds';
    # With -X it is the server itself.
    if (Apache2::ServerUtil::exists_config_define('ONE_PROCESS')) {
        $r->log->warn("Apache2::SizeLimit main process too big, $text");
        return Apache2::Const::OK;
    }
    my $is_new = 1;
    if   (Apache2::MPM->is_threaded) { $is_new = ModInterp::Status->end_process }
    else                             { $r->child_terminate }
    $r->log->warn("Apache2::SizeLimit httpd process too big, exiting at $text") if $is_new;
    return Apache2::Const::OK;
}

# For scripts, as in mod_perl 1: a limit, and the check after this request.
sub setmax          { _set(set_max_process_size  => @_) }
sub setmin          { _set(set_min_shared_size   => @_) }
sub setmax_unshared { _set(set_max_unshared_size => @_) }

sub _set {
    my ($method, $size) = @_;
    __PACKAGE__->$method($size);
    __PACKAGE__->add_cleanup_handler;
    return;
}

1;
