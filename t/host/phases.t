# Every phase runs, in httpd's order, with the arguments that mod_perl gives.
use lib 't/lib';
use TestHttpd;

my $HANDLERS = <<'P';
package My::Phases;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => qw(OK DECLINED);
my %declines = map { $_ => 1 } qw(process_connection trans map_to_storage type);
for my $phase (qw(open_logs post_config child_init child_exit pre_connection process_connection post_read_request
    init_server trans map_to_storage header_parser init access authen authz type fixup log cleanup)) {
    # Named subs: mod_perl looks a handler up again by the name that its code has.
    eval "sub $phase { run('$phase', \@_) } 1" or die;
}
sub run {
    my $phase = shift;
    T::Trace::note($phase, @_);
    $_[0]->user('tester') if $phase eq 'authen';
    return $declines{$phase} ? Apache2::Const::DECLINED : Apache2::Const::OK;
}
sub response {
    my $r = shift;
    T::Trace::note('response', $r, @_);
    $r->content_type('text/plain');
    $r->print("body\n");
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Phases.pm' => $HANDLERS }, config => <<'C');
PerlModule My::Phases
PerlOpenLogsHandler          My::Phases::open_logs
PerlPostConfigHandler        My::Phases::post_config
PerlChildInitHandler         My::Phases::child_init
PerlChildExitHandler         My::Phases::child_exit
PerlPreConnectionHandler     My::Phases::pre_connection
PerlProcessConnectionHandler My::Phases::process_connection
PerlPostReadRequestHandler   My::Phases::post_read_request
PerlInitHandler              My::Phases::init_server
PerlTransHandler             My::Phases::trans
PerlMapToStorageHandler      My::Phases::map_to_storage
<Location /all>
    SetHandler modperl
    AuthType Basic
    AuthName test
    Require valid-user
    PerlHeaderParserHandler  My::Phases::header_parser
    PerlInitHandler          My::Phases::init
    PerlAccessHandler        My::Phases::access
    PerlAuthenHandler        My::Phases::authen
    PerlAuthzHandler         My::Phases::authz
    PerlTypeHandler          My::Phases::type
    PerlFixupHandler         My::Phases::fixup
    PerlResponseHandler      My::Phases::response
    PerlLogHandler           My::Phases::log
    PerlCleanupHandler       My::Phases::cleanup
</Location>
C
    my @start = $s->wait_for_trace(qr/^child_init/m);
    my $files = 'APR::Pool APR::Pool APR::Pool Apache2::ServerRec';
    is_deeply [grep { !/child_init|connection/ } @start], [("open_logs $files", "post_config $files") x 2],
        'files phases run in both configuration passes';
    is_deeply [(grep { /child_init/ } @start)[0]], ['child_init APR::Pool Apache2::ServerRec'], 'child_init';
    $s->wait_for_trace(qr/^process_connection/m, 5) unless grep { /^process_connection/ } @start;    # the harness itself connected once

    is $s->get('/all')->{content}, "body\n", 'the request is answered';
    my $r    = 'Apache2::RequestRec';
    my $c    = 'Apache2::Connection';
    my @want = (
        "pre_connection $c", "process_connection $c", "post_read_request $r", "init_server $r", "trans $r",
        "map_to_storage $r", "header_parser $r", "init $r", "access $r", "authen $r", "authz $r", "type $r", "fixup $r",
        "response $r", "log $r", "cleanup $r",
    );
    is_deeply [grep { !/child_init/ } $s->wait_for_trace(qr/^cleanup/m)], \@want, 'phases of a request, in order';

    my $client = $s->client;
    $client->get('/all') for 1, 2;
    my @lines = $s->wait_for_trace(qr/^cleanup.*^cleanup/ms);
    is scalar(grep { /^pre_connection/ } @lines), 1, 'connection phases once per connection';
    is scalar(grep { /^trans/ } @lines), 2, 'request phases once per request';

    $s->get('/other');
    is_deeply [grep { /^(?:access|trans|response|cleanup)/ } $s->wait_for_trace(qr/^map_to_storage/m)], ["trans $r"],
        'a request elsewhere meets only the handlers of its server';
    undef $client;

    $s->trace;
    my $var = $s->root;
    $s->terminate;
    $s->wait_ended;
    my @exit = grep { /child_exit/ } $s->wait_for_trace(qr/^child_exit/m);
    is $exit[0], 'child_exit APR::Pool Apache2::ServerRec', 'child_exit';
});

done_testing;
