# Every outermost call left an entry of 16 bytes on perl's save stack: 1.6 MB in 100,000 requests. After calls of every kind,
# whichever way they end, each of perl's stacks is as high as it was.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'the module in C enters by functions whose behaviour differs in mod_perl' unless ours;

my %modules = (trace_module, 'My/C.pm' => <<'P');
package My::C;
use strict;
use warnings;
use T::Trace ();
use APR::Pool ();
use APR::Table ();
use Apache2::Access ();
use Apache2::Connection ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use Apache2::SubRequest ();
use Apache2::Process ();
use Apache2::Const -compile => ':auth', ':authn_status', 'OK', 'DECLINED', 'FORBIDDEN';

# Called by the module in C.
sub request    { 'x' }
sub connection { '' }
sub pool_gone  { '' }
sub merge      { '' }
sub child      { '' }
sub named      { Apache2::Const::OK }
sub dies       { die "in a callback\n" }

Apache2::RequestUtil::register_auth_provider(Apache2::ServerUtil->server->process->pconf, 'authn', 'perl-basic', Apache2::Const::AUTHN_PROVIDER_VERSION,
    sub { $_[1] eq 'dies' ? die "no such thing\n" : $_[2] eq 'pw' ? Apache2::Const::AUTH_GRANTED : Apache2::Const::AUTH_DENIED }, undef,
    Apache2::Const::AUTH_INTERNAL_PER_CONF);

sub stacks_of { my $r = shift; $r->content_type('text/plain'); $r->print(stacks(), " pid=$$"); Apache2::Const::OK }
sub ok        { Apache2::Const::OK }
sub declined  { Apache2::Const::DECLINED }
sub forbidden { Apache2::Const::FORBIDDEN }
sub die_      { die "on purpose\n" }
sub object    { die bless [1], 'My::Thrown' }
sub exit_     { exit }
sub core_exit { CORE::exit(1) }
sub method : method { Apache2::Const::OK }
sub no_status { [1] }
sub text      { 'text' }
sub deep      { local $_ = 1; for my $i (1) { for (1) { eval { local $My::x = 1; exit } ; sort { die "in sort\n" } 2, 1 } } 0 }
sub prints    { print 'x'; 0 }
sub cleanups  { my $r = shift; $r->pool->cleanup_register(sub { 1 }); $r->pool->cleanup_register(\&die_); $r->connection->pool->cleanup_register(sub { exit }); 0 }
sub pushes    { my $r = shift; $r->push_handlers(PerlLogHandler => sub { 0 }); $r->push_handlers(PerlCleanupHandler => sub { die "in a cleanup\n" }); 0 }
sub values_   { my $r = shift; $r->pnotes(guard => bless [], 'My::Guard'); $r->pnotes(left => bless [], 'My::Leaves'); 0 }
sub inner     { my $r = shift; $r->print('a'); $r->lookup_uri('/die')->run; $r->lookup_uri('/exit')->run; $r->lookup_uri('/script')->run; 0 }
sub nested    { my $r = shift; $r->headers_in->do(sub { eval { die 1 }; $r->headers_out->do(sub { 1 }); 1 }); eval { $r->headers_in->do(sub { die 1 }) }; $r->headers_in->do(sub { exit }); 0 }
package My::Guard;  sub DESTROY { eval { die 1 }; 1 }
package My::Leaves; sub DESTROY { die "in DESTROY\n" }
package My::Thrown; use overload '""' => sub { 'thrown' };
1;
P

my %by_handler = (
    ok => 'modperl', declined => 'modperl', forbidden => 'modperl', die_ => 'modperl', object => 'modperl', exit_ => 'modperl', no_status => 'modperl', text => 'modperl',
    deep => 'modperl', cleanups => 'modperl', pushes => 'modperl', values_ => 'modperl', inner => 'modperl', nested => 'modperl', prints => 'perl-script', core_exit => 'modperl',
);
my $locations = join '', map { my $name = s/_\z//r; <<"C" } sort keys %by_handler;
<Location /$name>
    SetHandler $by_handler{$_}
    PerlResponseHandler My::C::$_
</Location>
<Location /script/$name>
    SetHandler perl-script
    PerlResponseHandler My::C::$_
</Location>
C
my @phases = qw(PerlInitHandler PerlAccessHandler PerlFixupHandler PerlLogHandler PerlCleanupHandler PerlTypeHandler PerlHeaderParserHandler);
for my $phase (@phases) {
    my ($name) = $phase =~ /^Perl(\w+)Handler/;
    $locations .= "<Location /$name/$_>\n    SetHandler modperl\n    PerlResponseHandler My::C::ok\n    $phase My::C::$_\n</Location>\n" for qw(ok die_ exit_ object);
    $locations .= "<Location /$name/anon>\n    SetHandler modperl\n    PerlResponseHandler My::C->method\n    $phase 'sub { 0 }'\n</Location>\n";
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, c_module => 't/c/mod_interp_test.c', modules => \%modules, config => <<"C");
\@one_child\@
KeepAlive Off
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxRequests 0
PerlModule My::C
TestStartParent "require My::C; 1"
TestConnectionFilter On
PerlOptions +GlobalRequest
PerlPreConnectionHandler My::C::ok
PerlProcessConnectionHandler My::C::declined
PerlPostReadRequestHandler My::C::ok
PerlTransHandler My::C::declined
<Location /stacks>
    SetHandler modperl
    PerlResponseHandler My::C::stacks_of
</Location>
$locations
<Location /auth>
    AuthType Basic
    AuthName x
    AuthBasicProvider perl-basic
    Require valid-user
    SetHandler modperl
    PerlResponseHandler My::C::ok
</Location>
<Location /unresolved>
    SetHandler modperl
    PerlResponseHandler My::C::none
</Location>
<Location /from_c/request>
    SetHandler modperl
    PerlResponseHandler My::C::ok
    TestRequest request
    TestPool On
</Location>
<Location /from_c/keep>
    SetHandler modperl
    PerlResponseHandler My::C::ok
    TestRequest request
    TestKeep On
</Location>
<Location /from_c/merge>
    TestMerge On
</Location>
<Location /from_c/named>
    TestCallback My::C::named
</Location>
<Location /from_c/dies>
    TestCallback My::C::dies
</Location>
<Location /from_c/missing>
    TestCallback No::Such::Handler
</Location>
C
    $s->expect_log(qr/on purpose|in a |in sort|in DESTROY|thrown|no such thing|My::C::none|CORE::exit|No::Such|No\/Such|no sub|Password Mismatch|AH00161/);
    my $times  = soak(25, 7_000);
    my $stacks = sub { $s->get('/stacks')->{content} };
    # An entry or two come and go with what the request before has still to end; what a call leaves is there $times times.
    my $grown  = sub { my ($before, $now) = map { [/=(\d+)/g] } @_; join ' ', grep { $now->[$_] - $before->[$_] > 5 } 0 .. $#$now };
    my @paths  = map { my $name = s/_\z//r; $name eq 'core_exit' && $mpm eq 'prefork' ? () : ("/$name", "/script/$name") } sort keys %by_handler;
    push @paths, map { my ($p) = /^Perl(\w+)Handler/; map { "/$p/$_" } qw(ok die_ exit_ object anon) } @phases;
    push @paths, map { "/from_c/$_" } qw(request keep merge named dies missing);
    push @paths, '/unresolved', '/auth';
    for my $path (@paths) {
        my @get = $path eq '/auth' ? map { [$path, Authorization => "Basic $_"] } qw(Ym9iOnB3 Ym9iOm5v ZGllczpwdw==) : [$path];
        $s->get(@$_) for @get, @get;                    # what is looked up or compiled is
        my $before = $stacks->();
        like $before, qr/^save=\d+ .* pid=\d+\z/, 'the stacks are told' if $path eq $paths[0];
        for (1 .. $times) { $s->get(@$_) for @get }
        my $after = $stacks->();
        is $grown->($before, $after), '', "$path: as high as before" or diag "$before -> $after";
    }
});

done_testing;
