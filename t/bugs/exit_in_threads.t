# An exit, or an error of the API's, in a thread that a script made ended the whole process.
use lib 't/lib';
use TestHttpd;

my $HANDLER = <<'P';
package My::Leaves;
use strict;
use warnings;
use threads;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use APR::Base64 ();
use APR::Date ();
use APR::Error ();
use APR::Pool ();
use APR::Status ();
use APR::String ();
use APR::Table ();
use APR::Util ();
use ModPerl::Util ();
no warnings 'threads';
sub error { bless { rc => $_[0], func => 'My::func', file => 'here', line => 7 }, 'APR::Error' }
my $r;
sub ended { my $t = shift; $t->join; my $e = $t->error; return ref $e ? ref($e) . ' ' . ($e->{rc} + 0) : defined $e ? $e : 'no error' }
sub calls { my $sub = shift; return threads->create({ context => 'list' }, sub { map { defined $_ ? "$_" : 'undef' } $sub->() })->join }
my %in = (
    exit        => sub { ended(threads->create(sub { exit })) },
    exit3       => sub { ended(threads->create(sub { exit 3 })) },
    util        => sub { ended(threads->create(sub { ModPerl::Util::exit(0) })) },
    only        => sub { ended(threads->create({ exit => 'thread_only' }, sub { exit })) },
    nested      => sub { ended(threads->create(sub { my $e = ended(threads->create(sub { exit })); die "inner: $e\n" })) },
    error       => sub { ended(threads->create(sub { die error(2) })) },
    own         => sub { ended(threads->create(sub { die error(120_001) })) },
    apr         => sub { ended(threads->create(sub { die error(70_014) })) },
    unknown     => sub { ended(threads->create(sub { die bless {}, 'APR::Error' })) =~ /^APR::Error/ },
    plain       => sub { ended(threads->create(sub { die "plain\n" })) },
    end         => sub { ended(threads->create(sub { threads->exit })) },
    detached    => sub {
        my $t = threads->create(sub { exit });
        $t->detach;
        for (my $until = time + 20; $t->is_running && time < $until;) { select undef, undef, undef, 0.01 }
        return $t->is_running ? 'runs' : 'ended';
    },
    caught      => sub { calls(sub { eval { exit }; ref $@ && $@ == 120_000 ? 'caught' : "not: $@" }) },
    text        => sub { calls(sub { error(2) }) },
    operators   => sub { calls(sub { my $e = error(2); join ' ', $e ? 1 : 0, $e == 2 ? 1 : 0, $e != 2 ? 1 : 0, 0 + $e->{rc} }) },
    strerror    => sub { calls(sub { APR::Error::strerror(120_000), APR::Error::strerror(2) }) },
    rows        => sub { calls(sub { APR::Status::is_ENOENT(2), APR::Base64::encode('abc'), APR::String::format_size(42 * 1024), APR::Date::parse_http('Thu, 01 Jan 1970 00:00:09 GMT') }) },
    usage       => sub { calls(sub { eval { APR::Error::strerror() }; $@ ? 'dies' : 'lives' }) },
    server      => sub { calls(sub { eval { $r->uri }; $@ =~ /in a thread of the script's/ ? 'dies' : "lives: $@" }) },
    uncaught    => sub { ended(threads->create(sub { $r->uri })) =~ /in a thread of the script's/ },
    warn_hook   => sub { local $SIG{__WARN__} = \&Apache2::ServerRec::warn; use warnings 'threads'; ended(threads->create(sub { die "hooked\n" })) },
    destroy     => sub { ended(threads->create(sub { my $o = bless [], 'My::Exits'; undef $o; die "after\n" })) },
);
sub My::Exits::DESTROY { exit if threads->tid }
sub handler {
    $r = shift;
    $r->content_type('text/plain');
    if ($r->args =~ /^cleanup=(\w+)/) {
        my $how = $1;
        $r->push_handlers(PerlCleanupHandler => sub { open my $fh, '>', "@var@/cleanup" or die; print {$fh} "$$ " . $in{$how}->(); close $fh; rename '@var@/cleanup', '@var@/cleaned'; 0 });
        $r->print($$);
        return 0;
    }
    $r->print("$$ ", join '|', $in{ $r->args }->());
    undef $r;
    return 0;
}
1;
P

my @WANTED = (
    [exit      => 'APR::Error 120000',           'exit ends the thread'],
    [exit3     => 'APR::Error 120000',           'exit with a status'],
    [util      => 'APR::Error 120000',           'ModPerl::Util::exit'],
    [only      => 'APR::Error 120000',           'exit in one that was made with exit => thread_only'],
    [nested    => "inner: APR::Error 120000\n",  'exit in a thread of a thread'],
    [error     => 'APR::Error 2',                'an APR::Error with a code of the system'],
    [own       => 'APR::Error 120001',           'one with a code of mod_perl'],
    [apr       => 'APR::Error 70014',            'one with a code of APR'],
    [unknown   => 1,                             'one without any field'],
    [plain     => "plain\n",                     'a plain die'],
    [end       => 'no error',                    'threads->exit'],
    [detached  => 'ended',                       'exit in a detached thread'],
    [caught    => 'caught',                      'an eval catches exit'],
    [text      => 'My::func: (2) No such file or directory at here line 7', 'an APR::Error has its text'],
    [operators => '1 1 0 2',                     'and its operators'],
    [strerror  => 'exit was called|No such file or directory', 'APR::Error::strerror answers'],
    [rows      => '1|YWJj| 42K|9',               'so do other functions that need no server'],
    [usage     => 'dies',                        'one of those called without arguments dies, and can be caught'],
    [server    => 'dies',                        'what needs the server dies, and can be caught'],
    [uncaught  => 1,                             'and ends the thread if it is not'],
    [warn_hook => "hooked\n",                    'a die where $SIG{__WARN__} is a function of the server'],
    [destroy   => "after\n",                     'exit in a DESTROY'],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Leaves.pm' => $HANDLER }, config => <<'C');
StartServers 1
<IfModule mpm_prefork_module>
    MinSpareServers 1
    MaxSpareServers 1
    MaxRequestWorkers 1
</IfModule>
<IfModule !mpm_prefork_module>
    ServerLimit 1
    MinSpareThreads 1
    MaxSpareThreads 5
    ThreadsPerChild 5
    MaxRequestWorkers 5
</IfModule>
PerlInterpMax 1
<Location /m>
    SetHandler modperl
    PerlResponseHandler My::Leaves
</Location>
<Location /p>
    SetHandler perl-script
    PerlResponseHandler My::Leaves
</Location>
C
    $s->expect_log(qr/called in|while the interpreter is being cloned|terminated abnormally|in cleanup|AH00161/);
    my ($pid) = $s->get('/m?plain')->{content} =~ /^(\d+)/;
    for my $how (qw(m p)) {
        for (@WANTED) {
            my ($form, $wanted, $name) = @$_;
            is $s->get("/$how?$form")->{content}, "$pid $wanted", "$how: $name";
        }
    }
    for my $form (qw(exit error)) {
        is $s->get("/m?cleanup=$form")->{content}, $pid, "a request whose cleanup makes a thread ($form)";
        my $done = $s->root . '/var/cleaned';
        ok wait_until(sub { -s $done }), '  the cleanup ends';
        like slurp($done), qr/^$pid APR::Error/, '  in that process, with the error';
        unlink $done;
    }
    $s->log_like(qr/terminated abnormally: hooked/, 'what the hook was given is in the log');
    $s->log_unlike(qr/exit signal/, 'no process ended');
    is $s->get('/m?plain')->{content}, "$pid plain\n", 'the same process serves on';
});

done_testing;
