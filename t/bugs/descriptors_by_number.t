# POSIX::close and POSIX::dup2 take descriptors by number, past STDIN, STDOUT and STDERR. Descriptor 2 that a handler had closed became that
# of the next file or connection that the process opened, and warnings were written there.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'with mod_perl they stay closed' unless ours;

my %does = (
    close_all  => 'POSIX::close($_) for 0 .. 2',
    close_two  => 'POSIX::close(2) or die; POSIX::close("2") or die; warn "said to nobody\n"',
    reopened   => 'POSIX::close(1); POSIX::close(0); open my $a, "<", "/dev/zero"; open my $b, "<", "/dev/zero"; $r->print(join ",", map { fileno($_) > 2 ? 1 : 0 } $a, $b)',
    imported   => 'dup2(fileno file("imported"), 2)',
    by_ref     => 'my $close = POSIX->can("close"); $close->(1)',
    dup_each   => 'my $f = file("each"); POSIX::dup2(fileno $f, $_) for 0 .. 2',
    dup_back   => 'my $save = POSIX::dup(1); POSIX::dup2(fileno file("back"), 1); system "echo program"; POSIX::dup2($save, 1); POSIX::close($save); $r->print(text("back"))',
    dup_left   => 'POSIX::dup2(fileno file("left"), 1); system "echo program"; $r->print(text("left"))',
    one_other  => 'POSIX::dup2(1, 2)',
    wrong      => 'POSIX::close(999) and die; POSIX::dup2(999, 1) and die; $r->print($! ? "refused" : "none")',
    not_ours   => 'my $fd = POSIX::dup(1); POSIX::close($fd); $r->print(-e "/proc/self/fd/$fd" ? "there" : "closed")',
    forked     => 'pipe my $in, my $out; my $pid = fork; if (!$pid) { POSIX::close(0); POSIX::dup2(fileno $out, 1); POSIX::_exit(system "echo from the child") } close $out; $r->print(<$in>); waitpid $pid, 0',
    nested     => 'POSIX::close(1); $r->lookup_uri($r->uri . "?close_all")->run',
);
my %answers = (reopened => '1,1', dup_back => "program\n", dup_left => "program\n", wrong => 'refused', not_ours => 'closed', forked => "from the child\n");
my $subs = snippets(does => \%does, 'my $r = shift;');
my $MODULE = <<"P" . <<'P';
package My::Numbers;
use strict; no warnings;
use Apache2::RequestRec (); use Apache2::RequestIO (); use Apache2::RequestUtil (); use Apache2::SubRequest ();
our %does;
sub text { open my \$f, '<', "\@var\@/\$_[0]" or return "none: \$!"; local \$/; <\$f> }
sub file { open my \$f, '>', "\@var\@/\$_[0]" or die \$!; \$f }
sub dup2;
P
sub now { join '|', map { readlink "/proc/self/fd/$_" } 0 .. 2 }
sub handler {
    my $r = shift;
    my ($what, $end) = split /,/, $r->args;
    $r->content_type('text/plain');
    if ($what eq 'now') { $r->print(now()); return 0 }
    if (!%does) { require POSIX; no strict 'refs'; *{'dup2'} = \&POSIX::dup2; eval 'SUBS'; die $@ if $@ }
    $does{$what}->($r);
    die "on purpose\n" if $end eq 'die';
    exit if $end eq 'exit';
    return 0;
}
1;
P
$MODULE =~ s/'SUBS'/"q\0$subs\0"/e;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    # In one server the first request loads POSIX, in the other start-up code.
    for my $early (0, 1) {
        my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Numbers.pm' => $MODULE }, config => ($early ? "PerlModule POSIX\n" : '') . <<'C');
<IfModule mpm_prefork_module>
    StartServers 1
    MinSpareServers 1
    MaxSpareServers 1
    MaxRequestWorkers 1
</IfModule>
<IfModule mpm_event_module>
    StartServers 1
    ServerLimit 1
    ThreadsPerChild 4
    MaxRequestWorkers 4
</IfModule>
PerlInterpMax 4
PerlModule My::Numbers
<Location /n>
    SetHandler modperl
    PerlResponseHandler My::Numbers
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Numbers
</Location>
C
        $s->expect_log(qr/on purpose|AH00161|AH00098/);
        my $before = $s->get('/n?now')->{content};
        like $before, qr/null\|.*\|.*error_log/, 'what the descriptors are';
        for my $what (sort keys %does) {
            my @bad;
            for my $where (qw(n script)) {
                for my $end ('', qw(die exit)) {
                    my $got = $s->get("/$where?$what,$end");
                    push @bad, "$where $end answers $got->{content}" if !$end && $got->{content} ne ($answers{$what} // '');
                    my $after = $s->get('/n?now')->{content};
                    push @bad, "$where $end leaves $after" if $after ne $before;
                }
            }
            is "@bad", '', "$what, POSIX loaded @{[ $early ? 'at the start' : 'by the request' ]}";
        }
        $s->stop;
    }
});

done_testing;
