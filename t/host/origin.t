# Entries that another module begins in C: from a request, a connection, a server, a pool and from nothing. With
# PerlInterpMax 1 every one of them must find the interpreter that its request has already.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'enters by functions whose behaviour differs in mod_perl' unless ours;

my %modules = (trace_module, 'My/C.pm' => <<'P');
package My::C;
use strict;
use warnings;
use T::Trace ();
use APR::Table ();
use APR::Error ();
use ModPerl::Util ();
use Apache2::Connection ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use Apache2::SubRequest ();
use Apache2::Const -compile => qw(OK DECLINED FORBIDDEN);
our ($started, $kept) = ('no');
sub id { ModPerl::Util::current_perl_id() }

# Called by the module in C.
sub request {
    my ($uri, $r) = @_;
    $kept = $r;
    $r->notes->set(seen => "$uri in C");
    return join '|', id(), uri($r), $r->uri, note($r, 'seen'), users();
}
sub connection { my ($text, $c) = @_; T::Trace::note('connection', $text, $c->id >= 0 ? 'id' : 'none', id()); '' }
sub pool_gone  { T::Trace::note('pool', $_[0], id()); '' }
sub merge      { T::Trace::note('merge', id()); '' }
sub child      { my ($text, $s) = @_; T::Trace::note('child', $started, $s->port == Apache2::ServerUtil->server->port ? 'port' : 'none', users()); '' }
sub named      { my ($r, $text, $n) = @_; $r->notes->set(named => "$text $n " . $r->uri); Apache2::Const::OK }
sub forbids    { Apache2::Const::FORBIDDEN }
sub dies       { die "in a callback\n" }
sub exits      { exit }

# Handlers.
sub page {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print(join '|', id(), $started, $r->notes->get('named') || '', users());
    return Apache2::Const::OK;
}
sub looks { my $r = shift; T::Trace::note('handler', id()); $r->lookup_uri('/merged/x')->status; page($r) }
sub api {
    my $r = shift;
    my @got = (uri($r), uri('Apache2::RequestRec') // 'undef', uri(bless { r => $r }, 'My::Wrapped') // 'undef');
    my $notes = notes($r);
    $notes->{tied} = 'yes';
    push @got, ref $notes, note(bless({ _r => { r => $r } }, 'My::Wrapped'), 'tied'), join ',', sort keys %$notes;
    eval { uri([]) };
    push @got, $@ =~ /expected a request/ ? 'refused' : $@;
    eval { notes(bless { x => 1 }, 'My::Wrapped') };
    push @got, $@ =~ /no `r' key/ ? 'no key' : $@;
    eval { croak(70014) };
    push @got, ref $@, $@->{rc}, $@->{func}, strerror(120000), strerror(70014);
    eval { uri($kept) };
    push @got, $@ =~ /gone/ ? 'gone' : defined $kept ? "old: $@" : 'none';
    $r->content_type('text/plain');
    $r->print(join '|', @got);
    return Apache2::Const::OK;
}
sub pins      { my $r = shift; $r->pnotes(pinned => [1]); T::Trace::note('pinned', id()); Apache2::Const::OK }
sub access_ok { T::Trace::note('access', id()); Apache2::Const::OK }
1;
P
my $CONF = <<'C';
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMinSpare 1
PerlInterpMaxSpare 1
PerlInterpMaxWait 2
PerlModule My::C
TestStartParent "require My::C; $My::C::started = 'while read'; 1"
TestConnectionFilter On
PerlOptions +GlobalRequest
<Location /page>
    SetHandler modperl
    PerlResponseHandler My::C::page
    TestRequest request
    TestPool On
</Location>
<Location /keep>
    SetHandler modperl
    PerlResponseHandler My::C::page
    TestRequest request
    TestKeep On
</Location>
<Location /api>
    SetHandler modperl
    PerlResponseHandler My::C::api
</Location>
<Location /looks>
    SetHandler modperl
    PerlResponseHandler My::C::looks
</Location>
<Location /merged>
    TestMerge On
</Location>
<Location /named>
    SetHandler modperl
    PerlResponseHandler My::C::page
    TestCallback My::C::named
</Location>
<Location /forbids>
    TestCallback My::C::forbids
</Location>
<Location /exits>
    TestCallback My::C::exits
</Location>
<Location /dies>
    TestCallback My::C::dies
</Location>
<Location /missing>
    TestCallback No::Such::Handler
</Location>
<Location /hold>
    SetHandler c-hold
    PerlAccessHandler My::C::access_ok
</Location>
<Location /sleep>
    SetHandler c-sleep
</Location>
<Location /pinned>
    SetHandler c-sleep
    PerlAccessHandler My::C::pins
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, c_module => 't/c/mod_interp_test.c', modules => \%modules, config => $CONF,
        files => { 'htdocs/merged/x' => 'x', map { ("htdocs/$_" => "$_\n") } qw(exits forbids) });

    # server
    my @child = grep { /^child/ } $s->wait_for_trace(qr/^child/m);
    is $child[0], 'child while read port 1', 'server: a child enters the parent, which began while the file was read';

    # request
    my $answer = $s->get('/page/1');
    my ($id, $uri, $r_uri, $note, $in_c) = split /\|/, $answer->{headers}{'x-request'} || '';
    my ($page_id, $started, undef, $users) = split /\|/, $answer->{content};
    is $answer->{status}, 200, 'request: one interpreter is enough for an entry in C and the handler';
    is $id, $page_id, '  and it is the same';
    is "$uri $r_uri", '/page/1 /page/1', '  an object made in C works in Perl and in C';
    is $note, '/page/1 in C', '  and so does a table';
    is $in_c, 1, '  the count is one inside';
    is $users, 1, '  and one in the handler, whose call is one user';
    is $started, 'while read', 'what the code did while the file was read is there in what serves';

    # connection and pool
    my @trace = $s->wait_for_trace(qr/^pool/m);
    ok scalar(grep { /^connection out id / } @trace), 'connection: a filter enters';
    is((grep { /^pool/ } @trace)[0], "pool /page/1 $id", q{pool: the cleanup of a request's subpool enters the same interpreter});

    # none
    $answer = $s->get('/looks');
    is $answer->{status}, 200, 'none: a merge inside a handler needs no second interpreter';
    @trace = grep { /^(?:handler|merge)/ } $s->wait_for_trace(qr/^merge/m);
    my ($handler_id) = map { /^handler (.*)/ } @trace;
    is_deeply [grep { /^merge/ && $_ ne "merge $handler_id" } @trace], [], '  it enters the one that this thread is in';
    $s->get('/merged/x');
    if ($s->is_threaded) {
        is_deeply [grep { /^merge/ } $s->trace], [], '  and none where there is none';
        ok $s->wait_for_log(qr/a merge outside of interpreters/), '  though it ran';
    } else {
        ok scalar(grep { /^merge/ } $s->wait_for_trace(qr/^merge/m)), '  and where there is no call that of the process';
    }

    # the count
    for my $n (1 .. 3) {
        $answer = $s->get('/keep');
        is $answer->{status}, 200, "kept by its count, an interpreter comes back when the request ends ($n)";
    }
    is((split /\|/, $answer->{content})[3], 2, '  in the handler two use it');

    # callbacks
    is +(split /\|/, $s->get('/named/x')->{content})[2], 'text 7 /named/x', 'a handler called from C gets its arguments';
    is $s->get('/forbids')->{headers}{'x-callback'}, 403, 'its status comes back';
    is $s->get('/exits')->{headers}{'x-callback'}, 0, 'exit counts as OK';
    is $s->get('/dies')->{status}, 500, 'die is 500';
    $s->log_like(qr/in a callback/, '  with its reason in the log');
    is $s->get('/missing')->{status}, 500, 'a handler that is not there, too';
    $s->log_like(qr/No::Such::Handler|No\/Such\/Handler/, '  with its name in the log');

    # XSUBs
    # Under prefork another child may answer, which has kept none.
    my $api = wait_until(sub { my $said = $s->get('/api')->{content}; $said !~ /\|none\z/ && $said });
    is_deeply [split /\|/, $api],
        ['/api', '/api', 'undef', 'APR::Table', 'yes', 'tied', 'refused', 'no key', 'APR::Error', 70014, 'My::C::croak',
            'exit was called', 'End of file found', 'gone'],
        "an XS module's functions";

    # a foreign response handler
    my $client = $s->background(sub { $s->get('/hold?30') });
    $s->wait_for_trace(qr/^access/m);
    is $s->get('/page/2')->{status}, 200, 'an access handler in front of a foreign handler holds no interpreter';
    spew($s->root . '/var/release', '');
    waitpid $client, 0;
    is $s->get('/sleep')->{content}, "slept\n", 'the other foreign handler';

    # a pinned interpreter and a connection's filter under a foreign handler
    $s->trace;
    is $s->get('/pinned')->{content}, "slept\n", 'a connection filter during a foreign handler';
    @trace = $s->wait_for_trace(qr/^connection/m);
    my ($pinned) = map { /^pinned (.*)/ } @trace;
    my ($filter) = map { /^connection out id (.*)/ } @trace;
    ok $pinned && ($filter || '') eq $pinned, '  enters the interpreter that the request has pinned' or diag "@trace";

    $s->graceful;
    is $s->get('/page/3')->{status}, 200, 'all of it again after a restart';
});

# Before httpd has read the next line: nothing of the configuration is known yet.
my $early = TestHttpd->start(c_module => 't/c/mod_interp_test.c', lib => 0, config => <<'C');
TestStartOnRead "$My::Early::pid = $$; sub My::Early::handler { my $r = shift; $r->content_type('text/plain'); $r->print($$ == $My::Early::pid ? 'child' : 'parent'); 0 } 1"
PerlModule Apache2::RequestRec Apache2::RequestIO
<Location /early>
    SetHandler modperl
    PerlResponseHandler My::Early
</Location>
C
is $early->get('/early')->{content}, 'parent', 'the parent may start before the rest of the file is read';

# What the C code died of is what httpd says.
my ($status, $log) = TestHttpd->start_fails(c_module => 't/c/mod_interp_test.c', config => qq(TestStartParent "die 'not today'"\n));
ok $status, 'code that dies while the file is read ends the start';
like $log, qr/TestStartParent: not today/, '  with its reason';

done_testing;
