# What an interpreter has of its parent: CLONE and CLONE_SKIP, shared data, its own random numbers, deep data.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, 'My/Clone.pm' => <<'P');
package My::Clone;
use strict;
use warnings;
use threads;
use threads::shared;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my $count : shared = 0;
my $own = 0;
our $skipped = bless {}, 'My::Skipped';
srand 7;
my $first = rand;    # start-up code seeded the generator, and used it
sub CLONE { T::Trace::note('CLONE') }
sub My::Skipped::CLONE_SKIP { 1 }
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my $how = $r->args || '';
    select undef, undef, undef, 0.1 if $how eq 'rand';
    $r->print(
          $how eq 'count'   ? do { lock $count; ++$count }
        : $how eq 'own'     ? ++$own
        : $how eq 'skipped' ? (ref $skipped eq 'My::Skipped' ? 'object' : 'not copied')
        : $how eq 'rand'    ? join ' ', "$$/" . (0 + \$own), rand
        :                     'hello'
    );
    return Apache2::Const::OK;
}
1;
P
my $BASE = <<'C';
PerlModule My::Clone
<Location /c>
    SetHandler modperl
    PerlResponseHandler My::Clone
</Location>
C

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "PerlInterpStart 3\n$BASE");
    # mod_perl makes clones in the first pass too, only to destroy them.
    is scalar(grep { $_ eq 'CLONE' } $s->trace), ours ? 3 : 6, 'CLONE runs once for each clone';
    is $s->get('/c?skipped')->{content}, 'not copied', 'CLONE_SKIP';
    my @counts = sort { $a <=> $b } map { ref $_ ? @$_ : 0 } $s->parallel(4, sub { map { $s->get('/c?count')->{content} } 1 .. 5 });
    is_deeply \@counts, [1 .. 20], 'a shared variable is one for all interpreters of a process';
});

# Four processes of five interpreters each: nobody has the same random numbers as another.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    plan skip_all => 'mod_perl gives all interpreters the same sequence' unless ours;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<"C");
<IfModule !mpm_prefork_module>
    StartServers 4
    ThreadsPerChild 5
    MaxRequestWorkers 20
    MinSpareThreads 20
    MaxSpareThreads 20
</IfModule>
<IfModule mpm_prefork_module>
    ServerLimit 20
    StartServers 20
    MaxRequestWorkers 20
    MinSpareServers 20
    MaxSpareServers 21
</IfModule>
PerlInterpStart 5
PerlInterpMax 5
PerlInterpMaxSpare 5
$BASE
C
    my (%first, $rounds);
    while (keys %first < 20 && $rounds++ < 20) {
        for my $got ($s->parallel(20, sub { $s->get('/c?rand')->{content} })) {
            my ($who, $value) = split ' ', ref $got ? $got->[0] : '';
            $first{$who} = $value if defined $value && !exists $first{$who};
        }
    }
    my %values = map { $_ => 1 } values %first;
    cmp_ok scalar(keys %first), '>=', $mpm eq 'prefork' ? 10 : 16, scalar(keys %first) . ' interpreters answered';
    is scalar(keys %values), scalar(keys %first), 'each with a first value of its own';
});

# Data nested deeper than a usual thread's stack can clone.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    plan skip_all => 'mod_perl crashes on it' if $mpm eq 'event' && !ours;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => { 'lib/deep.pl' => <<'P' }, config => "PerlRequire \"\@lib\@/deep.pl\"\n$BASE");
our $deep; { my $at = \$deep; for (1 .. 20_000) { $$at = [undef]; $at = \$$at->[0] } $$at = 'bottom' } 1;
P
    is $s->get('/c')->{content}, 'hello', 'data nested 20,000 deep in start-up code';
    $s->graceful;
    is $s->get('/c')->{content}, 'hello', 'also over a restart';
});

# A CLONE method that dies.
for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    plan skip_all => 'ends the process with mod_perl' unless ours;
    my %dying = (%modules, 'My/Dying.pm' => <<'P');
package My::Dying;
my $file = '@var@/clones';
sub CLONE {
    open my $fh, '>>', $file or die "$file: $!"; print {$fh} 'x'; close $fh;
    die "CLONE dies now\n" if -s($file) % 3 == 0 && -e '@var@/go';
}
1;
P
    my $s = TestHttpd->start(mpm => $mpm, modules => \%dying, config => "PerlModule My::Dying\nPerlInterpMaxRequests 5\n$BASE", files => { 'var/clones' => '' });
    chmod 0666, $s->root . '/var/clones';
    spew($s->root . '/var/go', '');
    $s->expect_log(qr/CLONE/);
    my @bad = map { ref $_ ? @$_ : $_ } $s->parallel(4, sub { my $c = $s->client; grep { $_ != 200 } map { $c->get('/c')->{status} } 1 .. 150 });
    is "@bad", '', 'a CLONE that dies every third time, under load: no request fails';
    $s->log_like(qr/CLONE dies now/, '  and the log has its text');
    $s->stop;

    my ($status, $log) = TestHttpd->start_fails(mpm => $mpm, modules => { 'My/D.pm' => "package My::D; sub CLONE { die qq(CLONE dies at start\\n) } 1;\n" },
        config => "PerlModule My::D\n");
    ok $status, 'one that dies at start ends the start';
    like $log, qr/CLONE dies at start/, '  with its text';
});

# A CLONE method that leaves by exit, or dies of an object with operators of its own.
for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    plan skip_all => 'ends the process with mod_perl' unless ours;
    my $error = q(bless { rc => 2, func => 'My::func', file => 'here', line => 7 }, 'APR::Error');
    for (
        ['exit',               qr/EMERG|emerg.*exit was called/s,         'exit'],
        ['exit 3',             qr/exit was called/,                       'exit with a status'],
        ['ModPerl::Util::exit(0)', qr/exit was called/,                   'ModPerl::Util::exit'],
        ["die $error",         qr/My::func: \(2\) No such file/,          'die of an APR::Error'],
        ["die bless [], 'My::Dies'", qr/an exception that has no text/,   'die of an object whose text dies'],
    ) {
        my ($code, $text, $name) = @$_;
        my ($status, $log) = TestHttpd->start_fails(mpm => $mpm, config => "PerlInterpStart 1\nPerlModule My::E\n",
            modules => { 'My/E.pm' => "package My::E; use APR::Error (); use ModPerl::Util (); { package My::Dies; use overload '\"\"' => sub { die 'no' } } sub CLONE { $code } 1;\n" });
        ok $status, "CLONE: $name ends the start";
        like $log, $text, '  with its text';
        like $log, qr/emerg.*My::E|emerg.*CLONE|emerg.*clone/i, '  in a line of level emerg';
    }
    my $s = TestHttpd->start(mpm => $mpm, config => "PerlInterpStart 1\nPerlInterpMaxRequests 3\nPerlModule My::E\n$BASE", modules => { %modules, 'My/E.pm' => <<"P" });
package My::E;
use APR::Error ();
use APR::Status ();
my \$parent = \$\$;
my \$error = $error;
our \@seen;
sub CLONE {
    die "an APR::Error is false\\n" unless \$error && \$error == 2 && "\$error" =~ /No such file/ && APR::Status::is_ENOENT(2);
    exit if \$\$ != \$parent && -e '\@var\@/go' && -s '\@var\@/go' > 1;
}
1;
P
    is $s->get('/c')->{content}, 'hello', 'a CLONE may ask an APR::Error for its truth, number and text';
    spew($s->root . '/var/go', 'exit');
    $s->expect_log(qr/exit was called/);
    my @bad = map { ref $_ ? @$_ : $_ } $s->parallel(4, sub { my $c = $s->client; map { $c->get('/c')->{status} } 1 .. 20 });
    ok !(grep { $_ != 200 && $_ != 500 && $_ != 503 } @bad), 'where CLONE exits in a child, requests are answered';
    $s->log_like(qr/exit was called/, '  and the log tells');
    $s->log_unlike(qr/exit signal|exited with|AH00052/, '  no child ends') if $s->can('log_unlike');
    spew($s->root . '/var/go', '');
    is $s->get('/c')->{content}, 'hello', '  and it serves on when CLONE returns again';
});

done_testing;
