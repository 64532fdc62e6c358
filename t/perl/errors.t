# die, warn, exit and $@ in a handler: what the client gets, what the log says, and that all goes on.
use lib 't/lib';
use TestHttpd;

my $HANDLER = <<'P';
package My::Err;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => qw(OK NOT_FOUND);
use APR::Table ();
package My::Err::Object { use overload '""' => sub { "text of an object" } }
package My::Err::Bad    { use overload '""' => sub { die "no text\n" } }
package My::Err;
sub handler {
    my $r = shift;
    my $how = $r->args;
    $r->content_type('text/plain');
    if ($how eq 'die')      { die "plain death" }
    if ($how eq 'newline')  { die "death with newline\n" }
    if ($how eq 'object')   { die bless {}, 'My::Err::Object' }
    if ($how eq 'bad')      { die bless {}, 'My::Err::Bad' }
    if ($how eq 'number')   { die 404 }
    if ($how eq 'binary')   { die "bin\x01\xff\n" }
    if ($how eq 'runtime')  { my $x; no warnings; return $x->method }
    if ($how eq 'late')     { $r->print("sent before\n"); die "late death\n" }
    if ($how eq 'warn')     { warn "a warning\n"; $r->print("warned\n") }
    if ($how eq 'eval')     { eval { die "inner\n" }; $r->print("caught $@") }
    if ($how eq 'evalexit') { eval { exit }; $r->print('exit is caught: ', ref $@ ? 'object' : 'text') }
    if ($how eq 'exit')     { $r->print("before exit\n"); exit; $r->print('after') }
    if ($how eq 'deepexit') { my $f; $f = sub { $_[0] ? $f->($_[0] - 1) : exit }; $r->print("deep\n"); $f->(50) }
    if ($how eq 'sig')      { local $SIG{__DIE__} = sub { warn "hook saw: $_[0]" }; die "hooked\n" }
    if ($how eq 'empty')    { $r->print($@ eq '' ? 'empty' : "left: $@") }
    if ($how eq 'recurse')  { my $f; no warnings; $f = sub { $_[0] && $f->($_[0] - 1) }; $f->(20_000); $r->print('deep enough') }
    if ($how eq 'croak')    { require Carp; Carp::croak('croaked') }
    if ($how eq 'sort')     { my @x = sort { die "in sort\n" } 1 .. 3 }
    if ($how eq 'loopexit') { for (1) { my @x = map { exit } 1 } }
    if ($how eq 'notfound') { return Apache2::Const::NOT_FOUND }
    if ($how eq 'printed404') { $r->print("text first\n"); return Apache2::Const::NOT_FOUND }
    return Apache2::Const::OK;
}
sub log { my $r = shift; my $notes = $r->notes->get('error-notes'); warn "NOTES: $notes\n" if defined $notes; 0 }
1;
P

# args, status, content (undef: httpd's page), log line
my @CASES = (
    ['die',      500, undef, qr/\[perl:error\].*\[client [^]]*\] .*plain death at .*Err\.pm line \d+\./, 'die'],
    ['newline',  500, undef, qr/\[perl:error\].*death with newline\\n/, 'a newline is written as \\n'],
    ['object',   500, undef, qr/text of an object/, 'an object in its string form'],
    ['number',   500, undef, qr/404 at /, 'a number is no status'],
    ['binary',   500, undef, qr/bin\\x01\\xff/, 'control characters escaped'],
    ['runtime',  500, undef, qr/Can't call method "method" on an undefined value/, 'an error of perl itself'],
    ['warn',     200, "warned\n", qr/a warning/, 'warn'],
    ['eval',     200, "caught inner\n", undef, 'eval'],
    ['evalexit', 200, 'exit is caught: object', undef, 'an eval sees exit as an object'],
    ['exit',     200, "before exit\n", undef, 'exit keeps what was printed'],
    ['deepexit', 200, "deep\n", undef, 'exit from deep inside'],
    ['sig',      500, undef, qr/hook saw: hooked/, 'a die hook runs'],
    ['empty',    200, 'empty', undef, '$@ is empty in the next request'],
    ['recurse',  200, 'deep enough', undef, 'deep recursion'],
    ['croak',    500, undef, qr/croaked at /, 'croak'],
    ['sort',     500, undef, qr/in sort/, 'die in a sort block'],
    ['loopexit', 200, '', undef, 'exit in a map in a loop'],
    ['notfound', 404, undef, undef, 'a status gives the page of httpd'],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Err.pm' => $HANDLER }, config => <<'C');
PerlModule My::Err
PerlInterpMax 2
<Location /err>
    SetHandler modperl
    PerlResponseHandler My::Err
    PerlLogHandler      My::Err::log
</Location>
C
    for my $round (1, 2) {
        for my $case (@CASES) {
            my ($how, $status, $content, $log, $name) = @$case;
            $s->mark_log;
            my $answer = $s->get("/err?$how");
            is $answer->{status}, $status, "$how: $name";
            is $answer->{content}, $content, '  body' if defined $content;
            unlike $answer->{content}, qr/death|object|Err\.pm/, '  nothing of it reaches the client' if $status == 500;
            $s->log_like($log, '  log') if $log;
            if (ours && $how eq 'die') {
                $s->log_like(qr/plain death.*(?:My::Err.*PerlResponseHandler|PerlResponseHandler.*My::Err)/, '  with handler and phase');
            }
        }
    }
    $s->mark_log;
    $s->get('/err?newline');
    $s->log_like(qr/NOTES: death with newline/, 'the text is in the notes under error-notes');
    my $late = $s->raw("GET /err?late HTTP/1.0\r\n\r\n");
    like $late, qr/sent before\n/, 'what was printed before a late death arrives';
    $s->log_like(qr/late death/);
    my $page = $s->raw("GET /err?printed404 HTTP/1.0\r\n\r\n");
    like $page, qr/^HTTP\/1\.1 200 .*text first\n.*404 Not Found/s, 'a status after output: header 200, the text, the error page behind it';
    $s->expect_log(qr/death with|hooked|no text|My::Err::Bad/);
    is $s->get('/err?bad')->{status}, 500, 'an object whose text dies' if ours;    # ends the process with mod_perl
    is $s->get('/err?empty')->{content}, 'empty', 'all goes on';
});

done_testing;
