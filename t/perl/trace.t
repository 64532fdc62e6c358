# PerlTrace and MOD_PERL_TRACE: the lines of each letter.
use lib 't/lib';
use TestHttpd;

plan skip_all => "Debian's mod_perl is built without tracing" unless ours;

my %modules = ('My/Traced.pm' => <<'P', 'My/Rules.pm' => <<'P2');
package My::Traced;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO  ();
use Apache2::Filter     ();
use Apache2::Const -compile => qw(OK DECLINED);
sub handler { my $r = shift; $r->read(my $body, 100); $r->print("body: $body, ", $ENV{PAGE} // ''); return Apache2::Const::OK }
sub fixup   { return Apache2::Const::DECLINED }
sub filter  { my $f = shift; while ($f->read(my $data)) { $f->print(uc $data) } return Apache2::Const::OK }
sub broken  { die "broken on purpose\n" }
1;
P
package My::Rules;
use strict;
use warnings;
use Apache2::Module ();
use Apache2::Const -compile => qw(TAKE1);
Apache2::Module::add(__PACKAGE__, [{ name => 'MyRule', args_how => 'TAKE1' }]);
sub MyRule { my ($self, $parms, $word) = @_; $self->{rule} = $word; return }
1;
P2

my $config = <<'C';
PerlModule My::Traced
PerlLoadModule My::Rules
<Perl>
    our $ServerAdmin = 'traced@example.org';
</Perl>
<Location /traced>
    MyRule one
    PerlSetEnv PAGE home
    SetHandler modperl
    PerlFixupHandler My::Traced::fixup
    PerlResponseHandler My::Traced
    PerlOutputFilterHandler My::Traced::filter
</Location>
<Location /broken>
    SetHandler modperl
    PerlResponseHandler My::Traced::broken
</Location>
C

# The lines of each letter, by what is traced with all.
my %lines = (
    a => [qr/PerlTrace a: Apache2::RequestRec::read$/m],
    c => [qr/PerlTrace c: MyRule one: My::Rules::MyRule with the object \d+ of the section$/m],
    d => [qr{PerlTrace d: PerlModule My::Traced, /\S+/httpd\.conf:\d+ \(the main server\)$}m, qr{PerlTrace d: PerlSetEnv PAGE home, }, qr{PerlTrace d: <Perl >, \S+ \(the main server\)$}m],
    e => [qr/PerlTrace e: \$ENV\{PAGE\} = "home"$/m],
    f => [qr{PerlTrace f: PerlOutputFilterHandler My::Traced::filter, \S+: put in place$}m,
          qr/PerlTrace f: PerlOutputFilterHandler My::Traced::filter: called with data; its brigade has \d+ bytes$/m, qr/PerlTrace f: My::Traced::filter: returned /],
    g => [qr/PerlTrace g: the main server: starts with .*-I/],
    h => [qr{PerlTrace h: PerlFixupHandler My::Traced::fixup, \S+httpd\.conf:\d+: called$}m, qr{PerlTrace h: PerlFixupHandler My::Traced::fixup, \S+: returned -1$}m,
          qr{PerlTrace h: PerlResponseHandler My::Traced, \S+: returned 0$}m, qr{PerlTrace h: PerlResponseHandler My::Traced::broken, \S+: raised broken on purpose}],
    i => [qr/PerlTrace i: the main server: made a parent$/m],
    o => [qr/PerlTrace o: reads a body: wanted 100 bytes, Ok\(4\)$/m, qr/PerlTrace o: writes \d+ bytes$/m, qr/PerlTrace o: passes 16 bytes on, /],
    r => [qr{PerlTrace r: PerlModule My::Traced, \S+httpd\.conf:\d+: for the main server$}m],
    s => [qr{PerlTrace s: \S+httpd\.conf:\d+:     our \$ServerAdmin = 'traced\@example\.org';$}m, qr/PerlTrace s: makes the line ServerAdmin traced\@example\.org$/m],
    t => [qr{PerlTrace t: PerlResponseHandler My::Traced, \S+: \d+ us$}m, qr/PerlTrace t: PerlModule My::Traced: \d+ us$/m],
);
my %of_clones = (
    i => [qr/PerlTrace i: the main server: made an interpreter$/m, qr/PerlTrace i: the main server: lends Lent\(.*\), use 1$/m, qr/PerlTrace i: given back: Lent\(/],
    m => [qr/PerlTrace m: the main server: made an interpreter: \d+ KiB before, [1-9]\d* KiB now$/m],
);

sub ask {
    my ($s) = @_;
    is $s->post('/traced', 'sent')->{content}, 'BODY: SENT, HOME', 'the page is as it is without a trace';
    is $s->get('/broken')->{status}, 500, '  and so is one that dies';
    $s->expect_log(qr/broken on purpose/);
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "LogLevel crit\nPerlTrace all\n$config");
    ask($s);
    $s->log_like(qr/PerlTrace a: Apache2::RequestRec::print$/m, 'a line of the last request is there');
    my $log = slurp("$s->{root}/error_log");
    for my $lines (\%lines, $mpm eq 'event' ? \%of_clones : ()) {
        for my $letter (sort keys %$lines) { like $log, $_, "$letter: $_" for @{ $lines->{$letter} } }
    }
    $s->stop;

    # The environment, which says less than all, and a line that says nothing more.
    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, env => { MOD_PERL_TRACE => 'dh' }, config => $config);
    ask($s);
    $s->log_like($_, "MOD_PERL_TRACE=dh: $_") for $lines{d}[0], $lines{h}[2], qr/PerlTrace d: PerlSwitches -I/;
    $s->log_unlike(qr/PerlTrace [^dh]:/, '  and nothing of other letters');
    $s->stop;

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, env => { MOD_PERL_TRACE => 'x' }, config => "PerlTrace 64\n${config}PerlTrace 0\n");
    ask($s);
    $s->log_like(qr/MOD_PERL_TRACE: "x" has "x", which stands for nothing: all, a number, or letters of acdefghimorst/, 'MOD_PERL_TRACE=x is told');
    $s->log_like(qr/PerlTrace h: traced: handlers/, '64 stands for h');
    $s->log_unlike(qr/PerlTrace h: Perl/, '  until a later line says 0');
    $s->stop;
});

my ($status, $log) = TestHttpd->start_fails(config => "<VirtualHost *:1>\nPerlTrace all\n</VirtualHost>\n");
ok $status, 'PerlTrace is for the whole server';
like $log, qr/PerlTrace: not allowed in a <VirtualHost>|PerlTrace cannot occur within <VirtualHost> section/, '  which the message says';

done_testing;
