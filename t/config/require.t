# PerlRequire, PerlModule, PerlConfigRequire, PerlPostConfigRequire: in which order they run, and how often.
use lib 't/lib';
use TestHttpd;

my $file = sub { my $name = shift; "use T::Trace; T::Trace::note('$name'); END { T::Trace::note('END of $name') } 1;\n" };
my %files = (
    (map { ("lib/$_.pl" => $file->($_)) } qw(require1 require2 config post)),
    (map { ("lib/My/$_.pm" => "package My::$_;\n" . $file->("module$_") . "sub handler { T::Trace::note('handler$_', \$\$); 0 }\n1;\n") } qw(A B)),
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    subtest 'queued until the interpreter starts' => sub {
        my $s = TestHttpd->start(mpm => $mpm, files => \%files, modules => { trace_module }, config => <<'C');
PerlPostConfigRequire "@lib@/post.pl"
PerlModule  My::A
PerlRequire "@lib@/require1.pl"
PerlModule  My::B
PerlRequire "@lib@/require2.pl"
PerlPostConfigHandler My::A
C
        my @lines = map { s/ \d+$//r } grep { !/^END/ } $s->trace;
        is_deeply \@lines, [(qw(require1 require2 moduleA moduleB handlerA post)) x 2],
            'PerlRequire before PerlModule, PerlPostConfigRequire after the PostConfig handlers; both passes';
        $s->graceful;
        @lines = map { s/ \d+$//r } grep { !/^END/ } $s->trace;
        is_deeply \@lines, [qw(require1 require2 moduleA moduleB handlerA post)], 'once more at a restart';
    };
    subtest 'at once' => sub {
        my $s = TestHttpd->start(mpm => $mpm, files => \%files, modules => { trace_module }, config => <<'C');
PerlModule        My::A
PerlConfigRequire "@lib@/config.pl"
PerlModule        My::B
PerlRequire       "@lib@/require1.pl"
C
        my @lines = grep { !/^END/ } $s->trace;
        is_deeply \@lines, [(qw(moduleA config moduleB require1)) x 2],
            'PerlConfigRequire starts the interpreter: what was queued runs first, what follows at once';
        $s->stop;
    };
    subtest 'END' => sub {
        my $s = TestHttpd->start(mpm => $mpm, files => \%files, modules => { trace_module }, config => "PerlModule My::A\n");
        $s->trace;
        $s->graceful;
        my @lines = $s->wait_for_trace(qr/^END of moduleA$/m);
        ok((grep { /^END of moduleA$/ } @lines), 'END blocks run at a restart');
        $s->trace;
        $s->terminate;
        $s->wait_ended;
        ok((grep { /^END of moduleA$/ } $s->trace), 'and at the stop');
    };
});

done_testing;
