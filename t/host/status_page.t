# SetHandler interp-status as a page, and what the page of mod_status says.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Figures qw(figures);
use TestHttpd::Lua ();

plan skip_all => 'is about this module' unless ours;
plan skip_all => 'the module is built without Lua' unless TestHttpd::Lua::has_lua();

my $CONFIG = <<'C';
LoadModule status_module "@modules@/mod_status.so"
PerlModule My::Do
<Location /status>
    SetHandler interp-status
    Require local
</Location>
<Location /metrics>
    SetHandler interp-metrics
    Require local
</Location>
<Location /elsewhere>
    SetHandler interp-status
    Require ip 192.0.2.1
</Location>
<Location /server-status>
    SetHandler server-status
    Require local
</Location>
<Location /do>
    SetHandler modperl
    PerlResponseHandler My::Do
</Location>
<Location /lua>
    SetHandler lua
    LuaResponseHandler do
</Location>
LuaModule do
<PerlInterpClass ab>
    PerlInterpStart 1
    PerlClassLocation /nowhere
</PerlInterpClass>
PerlJob nightly interval=1h handler=My::Do::job
C

my $DO = <<'P';
package My::Do;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub job { 1 }
sub handler {
    my $r = shift;
    die "as asked\n" if ($r->args // '') eq 'die';
    if ($r->args) {
        open my $there, '>', '@var@/there' or die $!;
        select undef, undef, undef, 0.02 until -e '@var@/go';
    }
    $r->print("done\n");
    return 0;
}
1;
P

# The elements of a page in order; dies where one is not closed, or another one is.
sub elements {
    my @open, my @all;
    while ($_[0] =~ m{<(/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*>|(<(?!!))}g) {
        die "what is this: " . substr($_[0], pos($_[0]) - 1, 40) . "\n" if $4;
        my ($closes, $name) = ($1, $2);
        push @all, $name unless $closes;
        next if $name =~ /^(?:meta|hr|br|link)$/;
        if (!$closes) { push @open, $name; next }
        my $was = pop @open // 'nothing';
        die "$name closes $was\n" if $was ne $name;
    }
    die "not closed: @open\n" if @open;
    return @all;
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, config => $CONFIG, modules => { 'My/Do.pm' => $DO },
        files => { 'lua/do.lua' => "local M = {}\nfunction M.handler(r) r:puts('done') return 0 end\nreturn M\n" });
    $s->get('/do') for 1 .. 5;
    $s->get('/do?die');
    $s->expect_log(qr/as asked/);
    my $page = $s->get('/status', Accept => 'text/html,*/*;q=0.8');
    is $page->{headers}{'content-type'}, 'text/html; charset=utf-8', 'a browser gets a page';
    is $page->{headers}{'cache-control'}, 'no-store', 'which nobody keeps';
    is $page->{headers}{'content-security-policy'}, "default-src 'none'; style-src 'unsafe-inline'", 'and to which nobody adds a script';
    my @elements = eval { elements($page->{content}) };
    is $@, '', 'each element is closed';
    is_deeply [ grep { /^(?:script|img|link|iframe|form)$/ } @elements ], [], 'it has no script, and needs nothing of others';
    unlike $page->{content}, qr{https?://}, 'it names no other server';
    like $page->{content}, qr{<meta http-equiv="refresh" content="5">}, 'it is loaded anew without a script';
    like $s->get('/status?html&refresh=15')->{content}, qr{<meta http-equiv="refresh" content="15">}, 'as often as its reader likes';
    unlike $s->get('/status?html&refresh=0')->{content}, qr{http-equiv}, 'or not at all';
    like $page->{content}, qr{>requests</th><td>6</td>}, 'it has the figures';
    like $page->{content}, qr{>errors</th><td><span title="the code died">died <b>1</b></span></td>}, 'what went wrong by its kind';
    like $page->{content}, qr{class ab}, 'a class has its name';
    like $page->{content}, qr{<td title="Perl of the main server">nightly</td><td>0</td>}, 'jobs are there, too';
    is $s->get('/status')->{headers}{'content-type'}, 'application/json', 'a program gets JSON';
    is $s->get('/status?json', Accept => 'text/html')->{headers}{'content-type'}, 'application/json', 'as does who asks for it';
    is $s->get('/elsewhere')->{status}, 403, 'access is what the configuration says';
    $s->expect_log(qr/AH01630: client denied/);

    my $waiting = $s->background(sub { $s->get('/do/%3Cscript%3E?wait') });
    wait_until(sub { -e "$s->{root}/var/there" });
    my $busy = $s->get('/status?html')->{content};
    like $busy, qr{<td class="busy">busy [\d.]+ \w+</td><td>\d+</td><td>[\d.]+ \w+</td><td class="uri">/do/&lt;script&gt;</td>}, 'an interpreter that is busy has its request';
    like $busy, qr{<p class="oldest">The oldest request has been here for <b>[\d.]+ \w+</b>: <code>/do/&lt;script&gt;</code> in \d+-\d+</p>}, 'the oldest one is named';
    like $busy, qr{<p class="now"><b>1</b> busy}, 'and counted';
    is eval { elements($busy); 1 } // $@, 1, 'each element is closed still';
    my $auto = $s->get('/server-status?auto')->{content};
    like $auto, qr/^PerlRequests: 7$/m, "mod_status's lines for programs have the sums";
    like $auto, qr/^PerlInterpretersBusy: 1$/m, 'of this moment';
    like $auto, qr/^PerlErrorsDied: 1$/m, 'and of what went wrong';
    like $auto, qr/^LuaRequests: 0$/m, 'of each language';
    my $status = $s->get('/server-status')->{content};
    like $status, qr{<h2>Perl interpreters</h2>.*<tr><td>the main server</td><td>7</td>}s, 'its page has a table';
    like $status, qr{<td>class ab of the main server</td>}, 'with a line for each class';
    spew("$s->{root}/var/go", '');
    waitpid $waiting, 0;
    is $s->get('/lua')->{content}, 'done', 'Lua serves';
    is figures($s, 'requests_total', { language => 'Lua', class => 'default' }), 1, 'and is counted by itself';
});

done_testing;
