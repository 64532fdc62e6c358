# $s->push_handlers and set_handlers once the server serves: they hold in that process, from the next request on, where no
# section has handlers of its own.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module(), 'T/Later.pm' => <<'P');
package T::Later;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use T::Trace ();
sub conf   { T::Trace::note('conf');   -1 }
sub first  { T::Trace::note('first');  -1 }
sub second { T::Trace::note('second'); -1 }
my %do = (
    push   => sub { $_[0]->push_handlers(PerlFixupHandler => 'T::Later::first') },
    code   => sub { $_[0]->push_handlers(PerlFixupHandler => \&second) },
    get    => sub { scalar @{ $_[0]->get_handlers('PerlFixupHandler') || [] } },
    set    => sub { $_[0]->set_handlers(PerlFixupHandler => [ \&second, 'T::Later::first' ]) },
    none   => sub { $_[0]->set_handlers(PerlFixupHandler => undef) },
    log    => sub { $_[0]->push_handlers(PerlLogHandler => 'T::Later::first') },
    nolog  => sub { $_[0]->set_handlers(PerlLogHandler => undef) },
    end    => sub { $_[0]->push_handlers(PerlCleanupHandler => 'T::Later::first') },
    noend  => sub { $_[0]->set_handlers(PerlCleanupHandler => undef) },
    trans  => sub { $_[0]->push_handlers(PerlTransHandler => \&first) },
    closed => sub { my $n = 'closure'; $_[0]->push_handlers(PerlTransHandler => sub { T::Trace::note($n); -1 }) },
    notrans => sub { $_[0]->set_handlers(PerlTransHandler => []) },
    conn   => sub { $_[0]->push_handlers(PerlPreConnectionHandler => 'T::Later::first') },
    bad    => sub { $_[0]->push_handlers(PerlNoSuchHandler => 'T::Later::first') },
);
sub handler {
    my $r = shift;
    my $code = $do{ $r->args // '' } or return 0;
    my $got = eval { $code->($r->server) };
    $r->print($@ || $got);
    return 0;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule T::Later
StartServers 1
ServerLimit 1
<IfModule mpm_prefork_module>
    MaxRequestWorkers 1
</IfModule>
<IfModule !mpm_prefork_module>
    MinSpareThreads 1
    ThreadsPerChild 4
    MaxRequestWorkers 4
</IfModule>
SetHandler modperl
PerlResponseHandler T::Later
<Location /own>
    PerlFixupHandler T::Later::conf
</Location>
<Location /var>
    PerlSetVar Some thing
</Location>
C
    $s->expect_log(qr/server reached MaxRequestWorkers/);      # one process is wanted here
    my $do = sub { $s->get("/do?$_[0]")->{content} };
    # Read with a request of its own, whose lines are those of the log until its answer is there.
    my $run = sub { $s->trace; $s->get($_[0]); join ' ', $s->trace };
    is $run->('/x'), '', 'none at first';
    # Handlers of a request's end may run when its answer is there already. They run for the request that pushes them, too.
    my $end_of = sub { $s->get($_[0]); join ' ', $s->wait_for_trace(qr/^first$/m) };
    for my $end (['log', 'a log handler'], ['end', 'a cleanup handler']) {
        is $do->($end->[0]), 1, "$end->[1], before any other";
        $s->wait_for_trace(qr/^first$/m);
        is $end_of->('/x'), 'first', 'then it runs';
        is $do->("no$end->[0]"), 1, 'and is taken out';
        is $run->('/x'), '', 'then it does not';
    }
    is $do->('push'), 1, 'a name is pushed';
    is $run->($_->[0]), $_->[1], "then: $_->[0]" for [ '/x', 'first' ], [ '/var', 'first' ], [ '/own', 'conf' ];
    is $do->('code'), 1, 'a reference to a sub that has a name';
    is $run->('/x'), 'first second', 'then both';
    is $do->('get'), 2, 'get_handlers sees them';
    is $do->('set'), 1, 'set replaces them';
    is $run->('/x'), 'second first', 'then those';
    is $do->('none'), 1, 'undef takes them out';
    is $run->('/x'), '', 'then none';
    is $run->('/own'), 'conf', 'what a section says never changed';
    is $do->('trans'), 1, 'a phase of the server';
    is $run->('/own'), 'first conf', 'then everywhere';
    if ($mpm eq 'prefork') {
        is $do->('closed'), 1, 'a closure, where there is one interpreter';
        is $run->('/x'), 'first closure', 'then it, too';
    }
    else {
        # mod_perl takes it, and other interpreters of the process crash on it.
        like $do->('closed'), qr/a sub without a name is known to one interpreter only/, 'a closure is refused where there are several' if ours();
    }
    is $do->('notrans'), 1, 'an empty list';
    is $run->('/x'), '', 'takes them out';
    is $do->('conn'), 1, 'a phase of connections';
    is $run->('/x'), 'first', 'then on the next connection';
    is $do->('bad'), 0, 'a phase that there is not';
});

done_testing;
