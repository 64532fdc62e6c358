# What a filter does that nobody would find otherwise: a handler's odd result, a name that no filter has, and a filter of connections in a
# section. Each had no line in the log, or one for each request that named no line of the configuration.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl says nothing' unless ours;

my @NUMBERS = (1, 200, 302, -2, 120_000, 403, 500);
my $CODE = <<'P';
package My::Told;
use strict;
use warnings;
use base 'Apache2::Filter';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Filter ();
use APR::Table ();
sub r { $_[0]->r->args // 0 }
sub at_once { r(shift) }
sub late { my $f = shift; while ($f->read(my $b)) { $f->print($b) } my $n = ($f->ctx // 0) + 1; $f->ctx($n); $n > 1 ? r($f) : 0 }
sub passes_on { my ($f, $bb) = @_; $f->next->pass_brigade($bb) }
sub asks_on { my ($f, $bb, $mode, $block, $bytes) = @_; $f->next->get_brigade($bb, $mode, $block, $bytes) }
sub no_return { my $f = shift; my $n = $f->print("text"); $f->remove; $n }
sub of_connection : FilterConnectionHandler { my ($f, $bb) = @_; $f->next->pass_brigade($bb) }
sub of_both : FilterConnectionHandler FilterRequestHandler { my ($f, $bb) = @_; $f->next->pass_brigade($bb) }
sub of_requests : FilterRequestHandler { my ($f, $bb) = @_; $f->next->pass_brigade($bb) }
package My::Told::Later;
use base 'Apache2::Filter';
sub of_connection : FilterConnectionHandler { my ($f, $bb) = @_; $f->next->pass_brigade($bb) }
package My::Told;
sub adds { my $r = shift; $r->add_output_filter(\&late); hello($r) }
sub pieces { my $r = shift; $r->content_type('text/plain'); $r->print("first\n"); $r->rflush; $r->print("second\n"); 0 }
sub hello { my $r = shift; $r->content_type('text/plain'); $r->print("hello\n"); 0 }
sub body { my $r = shift; $r->content_type('text/plain'); my $n = eval { $r->read(my $b, 100) } // "raised $@"; $r->print("read $n"); 0 }
1;
P
my %LINE;
my $conf = <<'C';
PerlModule My::Told
PerlOutputFilterHandler My::Told::of_connection
<Location />
    SetHandler modperl
    PerlResponseHandler My::Told::hello
</Location>
<Location /at_once>
    PerlOutputFilterHandler My::Told::at_once
</Location>
<Location /late>
    PerlResponseHandler My::Told::pieces
    PerlOutputFilterHandler My::Told::passes_on
    PerlOutputFilterHandler My::Told::late
</Location>
<Location /input>
    PerlResponseHandler My::Told::body
    PerlInputFilterHandler My::Told::asks_on
    PerlInputFilterHandler My::Told::at_once
</Location>
<Location /too_long>
    LimitRequestBody 10
    PerlResponseHandler My::Told::body
    PerlInputFilterHandler My::Told::asks_on
</Location>
<Location /no_return>
    PerlOutputFilterHandler My::Told::no_return
</Location>
<Location /unknown>
    PerlSetOutputFilter NoSuch;DEFLATE
    PerlSetInputFilter NoSuchEither
    PerlSetOutputFilter INCLUDES
</Location>
<Location /in_a_section>
    PerlOptions +MergeHandlers
    PerlOutputFilterHandler My::Told::of_connection My::Told::of_requests
    PerlInputFilterHandler My::Told::of_both
    PerlOutputFilterHandler -My::Told::Later::of_connection
</Location>
<Directory "@root@/htdocs">
    AllowOverride All
</Directory>
<Location /text.txt>
    SetHandler none
</Location>
PerlOptions +Htaccess
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['deflate'], modules => { 'My/Told.pm' => $CODE }, config => "\@one_child\@\n$conf",
        files => { 'htdocs/text.txt' => "some text\n", 'htdocs/.htaccess' => "PerlSetOutputFilter NoSuchHere\nPerlOutputFilterHandler My::Told::of_connection\n" });
    my $line = sub { my ($text) = @_; my $n = () = (split /^\s*\Q$text\E/m, slurp($s->root . '/httpd.conf'), 2)[0] =~ /\n/g; '/httpd\.conf:' . ($n + 1) };
    my $lines = sub { my ($re) = @_; scalar grep { /$re/ } split /\n/, $s->log };

    # What is known when the server starts. INCLUDES is not loaded here.
    for (['PerlSetOutputFilter NoSuch', 'PerlSetOutputFilter NoSuch;DEFLATE'], ['PerlSetInputFilter NoSuchEither'], ['PerlSetOutputFilter INCLUDES']) {
        my ($name, $text) = (@$_, @$_);
        $s->log_like(qr/perl:warn.*\Q$name\E, \S*${\ $line->($text)}: no module has a filter of this name/, "$name: told at the start, with the line");
    }
    $s->log_unlike(qr/DEFLATE/, 'nothing of one that is there');
    for (['PerlOutputFilterHandler My::Told::of_connection', 'PerlOutputFilterHandler My::Told::of_connection My'], ['PerlInputFilterHandler My::Told::of_both']) {
        my ($name, $text) = (@$_, @$_);
        $s->log_like(qr/perl:warn.*\Q$name\E, \S*${\ $line->($text)}: not called, since it has the attribute FilterConnectionHandler/, "$name in a section: told at the start");
    }
    my $before = $lines->(qr/no module has a filter|not called, since/);
    is $before, 5, 'nothing else is told, above all not of the line at server level';
    for (1 .. 3) { is $s->get("/$_")->{content}, "hello\n", "$_: data passes without it" for qw(unknown in_a_section) }
    $s->log_like(qr/PerlOutputFilterHandler My::Told::Later::of_connection, \S*${\ $line->('PerlOutputFilterHandler -My')}: not called/, 'one that is loaded late: told when it is');
    is $s->get('/text.txt')->{content}, "some text\n", 'a file with a .htaccess' for 1 .. 3;
    $s->log_like(qr{perl:error.*\[client .*PerlSetOutputFilter NoSuchHere, \S*/\.htaccess:1: no module has a filter}, 'a name in a .htaccess is told with the request');
    $s->log_like(qr{perl:warn.*\[client .*PerlOutputFilterHandler My::Told::of_connection, \S*/\.htaccess:2: not called}, 'so is a filter of connections');
    is $lines->(qr/no module has a filter|not called, since/), $before + 3, 'each is told once';

    # What handlers return.
    for my $n (@NUMBERS) {
        $s->mark_log;
        my $is_error = $n >= 400 && $n < 600;
        my $raw = $s->raw("GET /late?$n HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 10);
        like $raw, qr/first/, "$n behind a part of the answer";
        unlike $raw, qr/second/, '  which breaks off';
        $s->log_like(qr/perl:error.*\[client .*PerlOutputFilterHandler My::Told::late, \S*${\ $line->('PerlOutputFilterHandler My::Told::late')}: returned $n: the answer breaks off/, '  the log says what came back, and from whom');
        $s->log_unlike(qr/passes_on/, '  and nothing of a filter that passes that on');
        $s->expect_log(qr/AH00524.*invalid result code $n/);
        $s->mark_log;
        my $res = $s->get("/at_once?$n");
        is $res->{status}, $n, "$n at once is the answer's status" if $is_error;
        $is_error ? $s->log_unlike(qr/returned $n/, '  and not in the log')
                  : $s->log_like(qr/PerlOutputFilterHandler My::Told::at_once, \S*:\d+: returned $n: the answer breaks off, since this is no result of a filter: return Apache2::Const::OK/, "$n at once is in the log");
        $s->mark_log;
        like $s->post("/input?$n", 'body')->{content}, qr/raised/, "$n of an input filter: who reads is told";
        $s->log_like(qr/perl:error.*PerlInputFilterHandler My::Told::at_once, \S*:\d+: returned $n: nothing of the body is read any more/, '  and the log has it');
        $s->log_unlike(qr/asks_on/, '  once');
    }
    $s->mark_log;
    $s->post('/too_long', 'x' x 100);
    $s->expect_log(qr/AH01588|AH00\d+.*(?:content-length|larger)/);
    $s->log_unlike(qr/returned 413/, 'a status of a filter further on is not told as the handler\'s');
    $s->mark_log;
    $s->expect_log(qr/AH00524.*invalid result code 4$/);
    $s->get('/no_return');
    $s->log_like(qr/My::Told::no_return, \S*:\d+: returned 4: the answer breaks off, since this is no result of a filter/, 'a handler without a return');
});

done_testing;
