# One request for each kind of handler under Valgrind, prefork -X: no invalid access, no definite loss from our frames.
# Run by `make valgrind`, not by `make t`: it takes minutes.
use lib 't/lib';
BEGIN { $ENV{T_DEADLINE} ||= 300 }
use TestHttpd;

plan skip_all => 'run by make valgrind' unless $ENV{VALGRIND};
plan skip_all => 'needs valgrind' unless grep { -x "$_/valgrind" } split /:/, $ENV{PATH};

my $log = File::Temp->new;
my $s = TestHttpd->start(
    mpm => 'prefork', args => ['-X'],
    wrap => ['valgrind', "--log-file=$log", '--leak-check=full', '--show-leak-kinds=definite', '--num-callers=30',
        -e 't/soak/supp/valgrind.supp' ? '--suppressions=' . TestHttpd::top() . '/t/soak/supp/valgrind.supp' : ()],
    modules => { 'My/V.pm' => <<'P' }, config => <<'C');
package My::V;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use APR::Table ();
use Apache2::Const -compile => qw(OK DECLINED NOT_FOUND);
sub ok      { Apache2::Const::OK }
sub handler {
    my $r = shift;
    my $how = $r->args || '';
    $r->content_type('text/plain');
    if ($how eq 'die')    { die "as asked\n" }
    if ($how eq 'exit')   { $r->print('before'); exit }
    if ($how eq 'read')   { my $all = ''; while ($r->read(my $piece, 100)) { $all .= $piece } $r->print(length $all) }
    if ($how eq 'pnotes') { $r->pnotes(a => [1 .. 10]); $r->pnotes(code => sub { 1 }); $r->print(scalar @{ $r->pnotes('a') }) }
    if ($how eq 'table')  { my $t = $r->notes; $t->add("k$_" => $_) for 1 .. 10; my $n = 0; $t->do(sub { $n++; 1 }); $r->print($n) }
    if ($how eq 'push')   { my $x = 'x' x 10; $r->push_handlers(PerlLogHandler => sub { length $x; 0 }); $r->print('pushed') }
    if ($how eq 'status') { return Apache2::Const::NOT_FOUND }
    if ($how eq '')       { $r->print('hello') }
    return Apache2::Const::OK;
}
sub script { my $r = shift; $r->content_type('text/plain'); print "$ENV{REQUEST_METHOD} ", join '', <STDIN>; 0 }
1;
P
PerlModule My::V
<Location />
    SetHandler modperl
    PerlHeaderParserHandler My::V::ok
    PerlAccessHandler       My::V::ok
    PerlTypeHandler         My::V::ok
    PerlFixupHandler        My::V::ok "sub { 0 }"
    PerlResponseHandler     My::V
    PerlLogHandler          My::V::ok
    PerlCleanupHandler      My::V::ok
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::V::script
</Location>
C
$s->expect_log(qr/as asked/);
my %want = (die => 500, status => 404);
for my $how ('', qw(die exit pnotes table push status)) {
    is $s->get("/v?$how")->{status}, $want{$how} || 200, "/v?$how";
}
is $s->post('/v?read', 'x' x 1000)->{content}, 1000, '/v?read';
is $s->post('/script', 'body')->{content}, 'POST body', '/script';
$s->stop;

my $report = slurp("$log");
my @blocks = split /\n==\d+== \n/, $report;
my @invalid = grep { /Invalid (?:read|write|free)|uninitialised|Mismatched free/ } @blocks;
is scalar(@invalid), 0, 'no invalid access' or diag join "\n", @invalid[0 .. ($#invalid > 4 ? 4 : $#invalid)];
my @lost = grep { /definitely lost/ && /mod_interp|interp_perl|shim/ } @blocks;
is scalar(@lost), 0, 'no definite loss from our frames' or diag join "\n", @lost[0 .. ($#lost > 4 ? 4 : $#lost)];

done_testing;
