# A thread that a handler makes crashed the server.
use lib 't/lib';
use TestHttpd;

my $HANDLER = <<'P';
package My::Threads;
use strict;
use warnings;
use threads;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my %answers = (
    plain  => sub { threads->create(sub { 6 * 7 })->join },
    name   => sub { local $0 = 'other'; threads->create(sub { 'named' })->join },
    eval   => sub { eval 'sub made { threads->create(sub { $_[0] + 1 }, 1)->join } 1' or die; made() },
    dies   => sub { no warnings; my $t = threads->create(sub { die "in the thread\n" }); $t->join; ref $t->error || $t->error },
    env    => sub { threads->create(sub { $ENV{NEW} = 1; $ENV{REQUEST_METHOD} || 'none' })->join . ($ENV{NEW} || 0) },
    object => sub { my $r = shift; threads->create(sub { ref $r })->join },
);
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print($answers{ $r->args }->($r));
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Threads.pm' => $HANDLER }, config => <<'C');
PerlInterpMax 2
<Location /m>
    SetHandler modperl
    PerlResponseHandler My::Threads
</Location>
<Location /p>
    SetHandler perl-script
    PerlResponseHandler My::Threads
</Location>
C
    for my $round (1 .. 3) {
        for my $how (qw(m p)) {
            is $s->get("/$how?plain")->{content},  42,              "$how: a thread and its result";
            is $s->get("/$how?name")->{content},   'named',         "$how: with \$0 localized";
            is $s->get("/$how?eval")->{content},   2,               "$how: made by a string that is evaluated";
            is $s->get("/$how?dies")->{content},   "in the thread\n", "$how: one that dies";
            is $s->get("/$how?object")->{content}, 'Apache2::RequestRec', "$how: with the request in its scope";
        }
        is $s->get('/p?env')->{content}, 'GET0', 'its %ENV is a copy';
    }
});

done_testing;
