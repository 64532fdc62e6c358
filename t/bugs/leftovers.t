# What a request changes in its interpreter or its process, and what the next one finds: the rows of docs/migration.md, "What a
# request leaves". STDIN, STDOUT, STDERR and how a script prints: standard_handles.t. %ENV: t/perl/env.t.
use lib 't/lib';
use TestHttpd;

# What a request does; what a later one asks; what it hears if the change ended with the request, and if it stayed.
my @ROWS = (
    # name            does                                                    asks                                       ended       stayed
    [cwd          => 'chdir "/"',                                             'Cwd::getcwd()',                           '@var@',    undef],
    [cwd_handle   => 'opendir my $d, "/"; chdir $d',                          'Cwd::getcwd()',                           '@var@',    undef],
    [umask        => 'umask 0',                                               'sprintf "%o", umask',                     '27',       undef],
    [alarm        => '$SIG{ALRM} = sub {}; alarm 100',                        'alarm 0',                                 '0',        undef],
    [program_name => '$0 = "mine"',                                           '$0 eq "mine" ? "mine" : "httpd"',         'httpd',    undef],
    [local_name   => 'local $0 = "mine"; local $/; local $| = 1',             '$0 eq "mine" ? "mine" : "httpd"',         'httpd',    undef],
    [warnings     => '$^W = 1',                                               '$^W',                                     '0',        undef],
    [separator    => '$, = "x"; $\ = "y"',                                    'defined $, || defined $\ ? 1 : 0',        '0',        undef],
    [error        => 'eval { die "x\n" }',                                    '$@',                                      '',         undef],
    [match        => '"abc" =~ /(b)/',                                        '$1 // "undef"',                           'undef',    undef],
    [hints        => 'BEGIN { $^H |= 2 } use strict; use utf8; use open ":utf8"; eval "use bytes; 1"', 'eval q{$My::undeclared = ${"x"}; length "\xc3\xa4"}', '2', undef],
    [sig_local    => 'local $SIG{__WARN__} = sub {}; local $SIG{USR2} = sub {}', 'join "", map { $SIG{$_} ? 1 : 0 } qw(__WARN__ USR2)', '00', undef],
    [sig_warn     => '$SIG{__WARN__} = sub {}',                               '$SIG{__WARN__} ? 1 : 0',                  undef,      '1'],
    [sig_die      => '$SIG{__DIE__} = sub { die @_ }',                        '$SIG{__DIE__} ? 1 : 0',                   undef,      '1'],
    [sig          => '$SIG{USR2} = sub {}',                                   'ref $SIG{USR2}',                          undef,      'CODE'],
    [inc_hash     => '$INC{"My/None.pm"} = 1',                                '$INC{"My/None.pm"} ? 1 : 0',              undef,      '1'],
    [topic        => '$_ = "left"',                                           '$_',                                      undef,      'left'],
    [global       => 'our $left = 5',                                         'our $left',                               undef,      '5'],
    [pos          => 'our $text = "aaa"; $text =~ /a/g',                      'pos our $text',                           undef,      '1'],
    [directory    => 'opendir our $dir, "/"',                                 'our $dir && telldir($dir) >= 0 ? 1 : 0',  undef,      '1'],
    [lock         => 'open our $lock, ">>", "@var@/lock"; flock $lock, 2',    'open my $f, ">>", "@var@/lock"; my $got = flock($f, 6) ? "free" : "held"; close our $lock; $got', undef, 'held'],
    [time         => '$^T = 5',                                               '$^T',                                     undef,      '5'],
    [locale       => 'POSIX::setlocale(POSIX::LC_ALL(), "C.UTF-8")',          'POSIX::setlocale(POSIX::LC_ALL())',       undef,      'C.UTF-8'],
);
my $cases = snippets(does => { map { @$_[0, 1] } @ROWS }) . snippets(asks => { map { @$_[0, 2] } @ROWS });
my $MODULE = <<"P" . <<'P';
package My::Left;
no strict; no warnings;
use Cwd (); use POSIX (); use Time::HiRes ();
our (%does, %asks, \$child);
$cases
P
use Apache2::RequestRec (); use Apache2::RequestIO (); use Apache2::RequestUtil (); use Apache2::SubRequest ();
sub child { umask 027; chdir '@var@'; $child = 1; 0 }
sub handler {
    my $r = shift;
    my ($what, $row, $end) = split /,/, $r->args;
    $r->content_type('text/plain');
    if ($what eq 'asks') { my $got = $asks{$row}->(); $r->print($got); return 0 }
    if ($what eq 'srand') { srand 7 if $row; my $n = int rand 1e9; $r->print($n); return 0 }
    if ($what eq 'inc') { unshift @INC, '/nowhere' if $row; my $n = grep { $_ eq '/nowhere' } @INC; $r->print($n); return 0 }
    if ($what eq 'end') { eval 'END { open my $f, ">>", "@var@/end"; print $f "END $$\n" }'; return 0 }
    if ($what eq 'sub') { alarm 100; local $, = '-'; $r->lookup_uri($r->uri . '?does,separator')->run; my $left = alarm 0; $r->print(join '', $left > 50 ? 'alarm' : 'none', $,); return 0 }
    if ($what eq 'timeout') { local $SIG{ALRM} = sub { die "timeout\n" }; chdir '/'; $, = 'x'; select STDERR; open STDOUT, '>', \my $b; Time::HiRes::alarm(0.05); select undef, undef, undef, 10; return 0 }
    $does{$row}->();
    die "on purpose\n" if $end eq 'die';
    exit if $end eq 'exit';
    return 0;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Left.pm' => $MODULE }, config => <<"C");
\@one_child\@
KeepAlive Off
PerlInterpStart 1
PerlInterpMax 1
PerlModule My::Left
PerlChildInitHandler My::Left::child
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Left
</Location>
<Location /plain>
    SetHandler modperl
    PerlResponseHandler My::Left
</Location>
C
    $s->expect_log(qr/on purpose|timeout|AH00161/);
    my $get = sub { $s->get("/$_[0]")->{content} };
    for my $row (@ROWS) {
        my ($name, undef, undef, $ended, $stayed) = @$row;
        next if !defined $stayed && !ours;
        next if $name eq 'locale' && $mpm ne 'prefork';     # elsewhere it is the thread's
        my $want = $s->fill(defined $ended ? $ended : $stayed);
        is $get->("plain?asks,$name"), $want, "$name: what a request begins with" if defined $ended;
        my @bad;
        for my $where (qw(script plain)) {
            for my $end ('', 'die', 'exit') {
                $s->get("/$where?does,$name,$end");
                my $got = $get->("plain?asks,$name");
                push @bad, "$where $end: $got" if $got ne $want;
            }
        }
        is "@bad", '', "$name: " . (defined $ended ? 'ends with its request' : 'stays, as with mod_perl');
    }
    srand 7; rand;
    my $second = int rand 1e9;
    for my $where (ours ? qw(script plain) : ()) {
        is $get->("$where?srand,1"), do { srand 7; int rand 1e9 }, "srand in $where: holds in its request";
        isnt $get->('plain?srand,'), $second, '  and not in the next';
    }
    is $get->('script?inc,1') . $get->('script?inc,'), '10', '@INC: put back after perl-script';
    is $get->('plain?inc,1') . $get->('plain?inc,'), '11', '  and not after modperl, as with mod_perl';
    if (ours) {
        is $get->("$_?sub"), 'alarm-', "a subrequest in $_ leaves the alarm and the separator of the outer one" for qw(script plain);
        if ($mpm eq 'prefork') {
            for my $where (qw(script plain)) {
                is $s->get("/$where?timeout")->{status}, 500, "a request in $where that a timeout ends";
                is join('|', map { $get->("plain?asks,$_") } qw(cwd separator)), $s->fill('@var@|0'), '  leaves nothing';
            }
        }
    }
    $get->('plain?end');
    ok !-e $s->root . '/var/end', 'END: not with the request, but with the interpreter';
});

done_testing;
