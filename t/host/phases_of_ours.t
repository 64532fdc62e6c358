# Phases that httpd has and mod_perl lacks, in Perl and, as handlers, in Lua.
use lib 't/lib';
use TestHttpd;

my $HANDLERS = <<'P';
package My::Ours;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Connection ();
use Apache2::Access ();
use Apache2::ServerUtil ();
use Apache2::Log ();
use APR::Table ();
use Apache2::Const -compile => qw(OK DECLINED DONE NOT_FOUND FORBIDDEN);
# Each adds its name to the header; a handler at server level does so everywhere.
sub seen {
    my ($r, $what) = @_;
    my $table = $r->err_headers_out;
    $table->set('X-Seen', join ' ', grep { defined } $table->get('X-Seen'), $what);
    return Apache2::Const::DECLINED;
}
sub quick {
    my ($r, $is_look_up) = @_;
    my $uri = $r->uri;
    if ($uri eq '/quick/page') {
        $r->content_type('text/plain');
        $r->headers_out->set('X-Calls', ($r->main ? $r->main->notes->get('calls') || '' : '') . ($is_look_up ? 'l' : 'r'));
        $r->main->notes->set(calls => $r->headers_out->get('X-Calls')) if $r->main;
        $r->print('quick ', $r->method, $r->main ? ' below' : '');
        return Apache2::Const::OK;
    }
    if ($uri eq '/quick/body') { $r->read(my $body, 100); $r->print("got $body"); return Apache2::Const::OK }
    if ($uri eq '/quick/long') { $r->print('x' x 100_000); return Apache2::Const::OK }
    if ($uri eq '/quick/404')  { return Apache2::Const::NOT_FOUND }
    if ($uri eq '/quick/die')  { die "quick died\n" }
    if ($uri eq '/quick/no')   { $r->print('said in vain'); return Apache2::Const::DECLINED }
    return Apache2::Const::DECLINED;
}
sub pushes {
    my $r = shift;
    $r->push_handlers(PerlQuickHandler => sub { $_[0]->print('pushed'); Apache2::Const::OK }) if $r->uri eq '/pushed';
    $r->push_handlers(PerlPostPerdirConfigHandler => sub { seen($_[0], 'pushed-late') }) if $r->uri eq '/seen/pushed';
    return Apache2::Const::OK;
}
sub pre_translate { seen($_[0], 'pre_translate:' . $_[0]->uri) }
sub post_perdir { seen($_[0], 'post_perdir') }
sub insert_filter { seen($_[0], 'insert_filter'); return Apache2::Const::FORBIDDEN }
sub insert_error { seen($_[0], 'insert_error'); die "no error page dies of this\n" if $_[0]->uri =~ /dies/; return 500 }
sub allow { return ($_[0]->args || '') eq 'token' ? Apache2::Const::OK : Apache2::Const::DECLINED }
sub force { return ($_[0]->args || '') eq 'who' ? Apache2::Const::OK : Apache2::Const::DECLINED }
sub authen {
    my $r = shift;
    if (my $name = $r->headers_in->get('X-Name')) { $r->user($name); return Apache2::Const::OK }
    $r->note_auth_failure;
    return 401;
}
sub asks { my $r = shift; $r->err_headers_out->set('WWW-Authenticate', 'Mine realm="' . $r->auth_type . '"'); return Apache2::Const::OK }
sub authz { return Apache2::Const::OK }
sub page { my $r = shift; $r->content_type('text/plain'); $r->print('page of ', $r->user // 'nobody'); return Apache2::Const::OK }
sub below {
    my $r = shift;
    $r->print('[');
    my $below = $r->lookup_uri('/quick/page', $r->output_filters);
    $below->run;
    $r->print('] ', $r->notes->get('calls'));
    return Apache2::Const::OK;
}
sub logs { $_[0]->server->log_error('logged ' . $_[0]->uri) if $_[0]->uri eq '/quick/page'; return Apache2::Const::OK }
sub cleans { $_[0]->server->log_error('cleaned ' . $_[0]->uri) if $_[0]->uri eq '/quick/page'; return Apache2::Const::OK }
1;
P

my $CONF = <<'C';
PerlModule My::Ours
PerlInterpMax 1
PerlInterpMaxWait 2
PerlPostReadRequestHandler My::Ours::pushes
PerlQuickHandler My::Ours::quick
PerlLogHandler My::Ours::logs
PerlCleanupHandler My::Ours::cleans
PerlPreTranslateHandler My::Ours::pre_translate
<Location /quick>
    Require all denied
</Location>
<Location /seen>
    SetHandler modperl
    PerlResponseHandler My::Ours::page
    PerlPostPerdirConfigHandler My::Ours::post_perdir
    PerlInsertFilterHandler My::Ours::insert_filter
</Location>
<Location /below>
    SetHandler modperl
    PerlResponseHandler My::Ours::below
</Location>
<Location /missing>
    PerlInsertErrorFilterHandler My::Ours::insert_error
</Location>
<Location /mine>
    AuthType Mine
    Require valid-user
    SetHandler modperl
    PerlAuthenHandler My::Ours::authen
    PerlNoteAuthFailureHandler My::Ours::asks
    PerlResponseHandler My::Ours::page
</Location>
<Location /open>
    AuthType Mine
    Require all granted
    SetHandler modperl
    PerlForceAuthnHandler My::Ours::force
    PerlAuthenHandler My::Ours::authen
    PerlAuthzHandler My::Ours::authz
    PerlResponseHandler My::Ours::page
</Location>
<Location /private>
    AuthType Basic
    AuthName test
    AuthBasicProvider file
    Require valid-user
    SetHandler modperl
    PerlResponseHandler My::Ours::page
    PerlAccessExHandler My::Ours::allow
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Ours.pm' => $HANDLERS }, config => $CONF, load => ['authn_file']);
    $s->expect_log(qr/died|dies of this|returned|logged|cleaned|client denied/);

    my $answer = $s->get('/quick/page');
    is $answer->{content}, 'quick GET', 'a quick handler makes the page, whatever the section refuses';
    is "$answer->{status} $answer->{headers}{'content-type'} $answer->{headers}{'x-calls'}", '200 text/plain r', 'with its type, called once';
    $s->log_like(qr/logged \/quick\/page/, 'the log phase follows');
    $s->log_like(qr/cleaned \/quick\/page/, 'and the cleanup phase');
    is $s->head('/quick/page')->{status}, 200, 'HEAD';
    is $s->post('/quick/body', 'a body')->{content}, 'got a body', 'it reads the body';
    is length $s->get('/quick/long')->{content}, 100_000, 'a page longer than the buffer';
    is $s->get('/quick/404')->{status}, 404, 'a status';
    is $s->get('/quick/die')->{status}, 500, 'die';
    $s->log_like(qr/quick died/, 'is in the log');
    $answer = $s->get('/quick/no');
    is $answer->{status}, 403, 'who declines lets the request go its way';
    unlike $answer->{content}, qr/said in vain/, 'and what it printed is forgotten';
    is $s->get('/pushed')->{content}, 'pushed', 'a handler pushed before';
    is $s->get('/below')->{content}, '[quick GET below] lr', 'a subrequest is looked up and then run, and the page is sent once';

    $answer = $s->get('/seen/a%40b');
    is $answer->{headers}{'x-seen'}, 'pre_translate:/seen/a%40b post_perdir insert_filter',
        'phases in order: the URI as it came, the section, the filters';
    is "$answer->{status} $answer->{content}", '200 page of nobody', 'what PerlInsertFilterHandler returns has no effect';
    like $s->get('/seen/pushed')->{headers}{'x-seen'}, qr/pushed-late insert_filter/, 'and one pushed';
    $answer = $s->get('/missing');
    is "$answer->{status} $answer->{headers}{'x-seen'}", '404 pre_translate:/missing insert_error', 'an error page of httpd\'s';
    is $s->get('/missing/dies')->{status}, 404, 'whatever the handler raises';
    is $s->get('/private?token')->{content}, 'page of nobody', 'PerlAccessExHandler lets in without a user';
    is $s->get('/private')->{status}, 401, 'or does not';
    $answer = $s->get('/mine');
    is "$answer->{status} $answer->{headers}{'www-authenticate'}", '401 Mine realm="Mine"', 'a type of authentication of one\'s own asks in its own way';
    is $s->get('/mine', 'X-Name' => 'ann')->{content}, 'page of ann', 'and knows its users';
    is $s->get('/open', 'X-Name' => 'ann')->{content}, 'page of nobody', 'where all may come nobody is asked';
    is $s->get('/open?who', 'X-Name' => 'ann')->{content}, 'page of ann', 'unless PerlForceAuthnHandler says so';
    is scalar(grep { $s->get('/quick/page')->{status} == 200 } 1 .. 20), 20, 'the only interpreter is free after each';
});

# What nobody names costs nothing, and cannot be pushed later.
for_each_mpm('event', sub {
    my $s = TestHttpd->start(modules => { 'My/Late.pm' => <<'P' }, config => "PerlPostConfigRequire lib/late.pl\n<Location /late>\nSetHandler modperl\nPerlResponseHandler My::Late\n</Location>\n", files => { 'lib/late.pl' => <<'L' });
package My::Late;
use Apache2::RequestRec ();
use Apache2::ServerRec ();
use Apache2::RequestUtil ();
use Apache2::RequestIO ();
use Apache2::ServerUtil ();
sub handler {
    my $r = shift;
    eval { $r->push_handlers(PerlInsertErrorFilterHandler => sub { 0 }) };
    $r->print($@);
    eval { $r->server->push_handlers(PerlInsertFilterHandler => 'My::Late::none') };
    $r->print($@);
    return 0;
}
1;
P
use Apache2::ServerUtil ();
use Apache2::ServerRec ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub My::Start::quick { return -1 if $_[0]->uri ne '/start'; $_[0]->print('from start-up code'); return 0 }
Apache2::ServerUtil->server->push_handlers(PerlQuickHandler => 'My::Start::quick');
1;
L
    my $answer = $s->get('/late')->{content};
    like $answer, qr/PerlInsertErrorFilterHandler: httpd calls for this phase only where/, 'a phase of ours that nothing names cannot be pushed to a request';
    like $answer, qr/PerlInsertFilterHandler: httpd calls for this phase only where/, 'nor to a server';
    is $s->get('/start')->{content}, 'from start-up code', 'but start-up code can';
});

my ($status, $output) = TestHttpd->config_test(modules => { 'My/Ours.pm' => $HANDLERS }, config => "PerlOptions -Quick\nPerlQuickHandler My::Ours::quick\n");
isnt $status, 0, 'a switch forbids a phase of ours';
like $output, qr/PerlQuickHandler: this phase is switched off for this server by PerlOptions -Quick/, 'and says so';

done_testing;
