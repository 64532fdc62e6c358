# The life of a server under load: graceful restarts, hard restarts, children killed and told to end, interpreters recycled.
# Whoever asks is answered whole or sees the connection end; nobody is answered wrongly, nobody waits for ever, and afterwards
# every request is answered. 6 seconds here, 200 under `make soak`.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use Time::HiRes qw(time);

my $SECONDS = soak(6, 200);
my $SEED    = $ENV{TEST_SEED} || 20261130;
my $has_lua = ours && TestHttpd::Lua::has_lua();
my $class   = $has_lua ? 'TestHttpd::Lua' : 'TestHttpd';

my %modules = ('My/Life.pm' => <<'P');
package My::Life;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Const -compile => qw(OK DECLINED);
sub page { my $r = shift; $r->content_type('text/plain'); $r->print('answer to ', $r->args, "\n" x 20_000, 'end'); return Apache2::Const::OK }
sub script { my $r = shift; $r->content_type('text/plain'); print "answer to $ENV{QUERY_STRING}\nend"; return Apache2::Const::OK }
sub pinned { my $r = shift; $r->pnotes(kept => bless {}, 'My::Life::Kept'); page($r) }
sub cleanup { return Apache2::Const::OK }
sub My::Life::Kept::DESTROY { }
1;
P
my $CONF = <<'C';
PerlModule My::Life
PerlInterpMaxRequests 200
PerlCleanupHandler My::Life::cleanup
GracefulShutdownTimeout 10
C
$CONF .= "<Location /$_>\n    SetHandler modperl\n    PerlResponseHandler My::Life::$_\n</Location>\n" for qw(page pinned);
$CONF .= "<Location /script>\n    SetHandler perl-script\n    PerlResponseHandler My::Life::script\n</Location>\n";
my @paths = qw(/page /pinned /script);
if ($has_lua) {
    $CONF .= qq{LuaMapHandler ^/lua "\@lua\@/life.lua"\n};
    push @paths, '/lua';
}
my %scripts = ('life.lua' => <<'L');
function handle(r) r.content_type = "text/plain" r:puts("answer to ", r.args, "\nend") return apache2.OK end
L

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = $class->start(mpm => $mpm, perl => 1, modules => \%modules, scripts => \%scripts, config => $CONF);
    my $results = $s->root . '/var';
    my @clients = map {
        my $n = $_;
        $s->background(sub {
            srand $SEED + $n;
            my ($stop, %count, @wrong) = (0);
            local $SIG{TERM} = sub { $stop = 1 };
            until ($stop) {
                my $token = int rand 2**31;
                my $answer = $s->get($paths[rand @paths] . "?$token");
                # 599: no connection, or it ended before the whole answer was there. Longer than the deadline is a hang.
                my $kind = $answer->{status} != 599 ? $answer->{status} : $answer->{content} =~ /timed? ?out/i ? 'hang' : 'ended';
                $count{$kind}++;
                push @wrong, substr $answer->{content}, 0, 80 if $kind eq '200' && $answer->{content} !~ /\Aanswer to $token\n+end\z/;
            }
            open my $fh, '>', "$results/client$n" or die $!;
            print {$fh} join(' ', map { "$_=$count{$_}" } sort keys %count), "\n", map { "WRONG $_\n" } @wrong;
            close $fh;
        });
    } 1 .. 4;
    srand $SEED;
    my ($end, %done) = (time + $SECONDS);
    while (time < $end) {
        my $what = (qw(graceful graceful restart kill term))[rand 5];
        $done{$what}++;
        my @children = $s->child_pids;
        if    ($what eq 'graceful') { $s->graceful }
        elsif ($what eq 'restart')  { $s->restart }
        elsif (@children)           { kill uc($what), $children[rand @children] }
        wait_until(sub { $s->get('/page?1')->{status} == 200 }, 10) or fail("no answer within 10 s after $what");
    }
    kill TERM => @clients;
    waitpid $_, 0 for @clients;
    note join ', ', map { "$_: $done{$_}" } sort keys %done;
    my $said = join '', map { slurp("$results/client$_") } 1 .. 4;
    note $said;
    unlike $said, qr/WRONG/, 'no answer that came whole is another one';
    unlike $said, qr/hang/, 'no client waited for ever';
    unlike $said, qr/\b(?!200|ended)\d+=/, 'every answer is a page';
    my $good = grep { $s->get("/pinned?$_")->{content} =~ /\Aanswer to $_\n+end\z/ } 1 .. 800;
    is $good, 800, '800 of 800 requests are answered afterwards';
    $s->expect_log(qr/exit signal Killed|exit signal Terminated|AH00052|AH00045|AH00046|AH00047|still did not exit/,
        # A child that is told to end at once closes the connections of those that are still being answered.
        qr/Bad file descriptor|Broken pipe|Connection (?:reset|aborted)|Software caused connection abort/);
});

done_testing;
