# What a script did to the layers and globs of STDIN, STDOUT and STDERR crashed the next perl-script request or reached its client:
# eof and ungetc push a layer that pops itself, `:pop` took the response's own layer, no op tells of `*STDERR = *STDOUT`, and
# socketpair took a descriptor of httpd's.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'with mod_perl most of it stays' unless ours;

# In perl-script, with a body that nobody reads. The other file is opened by the next request and has the place that was freed.
my %layers = (
    eof          => 'my $x = eof(STDIN)',
    eof_read     => 'my $x = eof(STDIN); read STDIN, my $b, 1',
    eof_utf8     => 'binmode STDIN, ":utf8"; my $x = eof STDIN',
    eof_crlf     => 'binmode STDIN, ":crlf"; my $x = eof STDIN',
    eof_pop      => 'binmode STDIN, ":utf8"; my $x = eof STDIN; binmode STDIN, ":pop"',
    ungetc       => 'require IO::Handle; STDIN->ungetc(65)',
    ungetc_twice => 'require IO::Handle; STDIN->ungetc(65); STDIN->ungetc(66); my $x = eof STDIN',
    ungetc_close => 'require IO::Handle; STDIN->ungetc(65); close STDIN',
    ungetc_open  => 'require IO::Handle; STDIN->ungetc(65); open STDIN, "<", "/dev/null"',
    pop_in       => 'binmode STDIN, ":pop"; my $x = <STDIN>',
    pop_out      => 'binmode STDOUT, ":pop"; print "lost"',
    pop_twice    => 'binmode STDIN, ":pop:pop"; binmode STDOUT, ":pop"; binmode STDOUT, ":pop"',
    pop_push     => 'binmode STDOUT, ":pop:perlio"; print "lost"; binmode STDIN, ":pop:utf8"',
    pop_opened   => 'binmode $_, ":pop" for *STDIN, *STDOUT; open our $kept, "<", "@var@/other"; open our $kept2, "<", "@var@/other"',
    pop_reopened => 'binmode STDOUT, ":pop"; open STDOUT, ">", "@var@/x$$"; print "there"',
    pop_crlf     => 'binmode STDOUT, ":crlf"; binmode STDOUT, ":pop"; binmode STDOUT, ":pop"',
);
# In every phase.
my %aliases = (
    err_is_out     => '*STDERR = *STDOUT',
    err_is_out_ref => '*STDERR = \*STDOUT',
    err_is_out_io  => '*STDERR = *STDOUT{IO}',
    in_is_out      => '*STDIN = *STDOUT',
    in_is_err      => '*STDIN = *STDERR',
    out_is_in      => '*STDOUT = *STDIN',
    out_is_err     => '*STDOUT = *STDERR',
    out_is_err_io  => '*STDOUT = *STDERR{IO}',
    in_turn        => '(*STDIN, *STDOUT, *STDERR) = (*STDOUT, *STDERR, *STDIN)',
    through_other  => '*My::Other = *STDERR; *My::Other = *STDOUT{IO}',
    undefined      => 'undef *STDOUT; undef *STDERR; undef *STDIN',
    not_opened     => '*STDERR = *My::None; *STDOUT = *My::None',
    glob_scalar    => 'my $g = \*STDERR; *$g = \*STDOUT',
    die_after      => '*STDERR = *STDOUT; die "on purpose\n"',
    exit_after     => '*STDERR = *STDOUT; exit',
    alias_closed   => 'open our $dup, ">&", STDERR; *STDERR = $dup; close $dup; close STDERR',
    pair_err       => 'socketpair STDERR, our $x, AF_UNIX, SOCK_STREAM, 0',
    pair_both      => 'socketpair STDOUT, STDIN, AF_UNIX, SOCK_STREAM, 0',
    pair_second    => 'socketpair our $x, STDIN, AF_UNIX, SOCK_STREAM, 0',
    pair_closed    => 'socketpair STDERR, STDIN, AF_UNIX, SOCK_STREAM, 0; close STDERR; close STDIN',
    socket         => 'socket STDERR, AF_UNIX, SOCK_STREAM, 0; socket STDIN, AF_UNIX, SOCK_STREAM, 0',
    accept         => 'socket my $l, AF_UNIX, SOCK_STREAM, 0; accept STDERR, $l; accept STDIN, $l',
    fdopened       => 'require IO::Handle; open our $n, "<", "/dev/null"; STDERR->fdopen(fileno $n, "r"); STDIN->fdopen(fileno $n, "r"); close $n',
    by_fd          => 'for my $n (0 .. 2) { open my $fh, "+<&=", $n; close $fh; open $fh, "<&=$n"; undef $fh; require IO::Handle; $fh = IO::Handle->new_from_fd($n, "w"); $fh->close }',
    through_alias  => '*My::A = *STDERR; close My::A; *My::B = *STDIN; open My::B, "<", "/dev/null"; our $c = *STDOUT{IO}; close $c',
    localised      => 'local *STDERR = *STDOUT; local *STDIN; close STDIN; local *STDOUT = *STDERR',
);
my $subs = snippets(do => { %layers, %aliases });

my $MODULE = <<"P" . <<'P';
package My::Alias;
use strict; no warnings;
use Socket;
our (%do, \@fds);
$subs
P
use Apache2::RequestRec (); use Apache2::RequestIO (); use Apache2::RequestUtil (); use Apache2::SubRequest ();
our $other;
sub handler {
    my $r = shift;
    my ($how) = $r->args;
    @fds = map { readlink "/proc/self/fd/$_" } 0 .. 2 unless @fds;
    if ($how eq 'other') { close $other if $other; open $other, '<', '@var@/other' or die "other: $!"; $r->print('opened'); return 0 }
    if ($how eq 'look') { seek $other, 0, 0; my $got = join '', <$other>; $r->print($got); return 0 }
    if ($how eq 'fds') { $r->print(join ',', map { (readlink "/proc/self/fd/$_") eq $fds[$_] ? 1 : 0 } 0 .. 2); return 0 }
    if ($how eq 'echo') { warn "a private warning\n"; print 'body=', scalar <STDIN>; return 0 }
    if ($how =~ /^sub=(.*)/) { $do{$1}->(); $r->lookup_uri('/script?echo')->run; return 0 }
    if ($how =~ /^in=(.*)/) { $r->lookup_uri("/plain?$1")->run; warn "a private warning\n"; print 'outer=', scalar <STDIN>; return 0 }
    $do{$how}->();
    return 0;
}
sub phase { my $r = shift; $do{$r->args}->(); return 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Alias.pm' => $MODULE }, files => { 'var/other' => 'of another' }, config => <<"C");
\@one_child\@
KeepAlive Off
PerlInterpStart 1
PerlInterpMax 1
PerlModule My::Alias
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Alias
</Location>
<Location /plain>
    SetHandler modperl
    PerlResponseHandler My::Alias
</Location>
@{[ map { "<Location /$_>\n    SetHandler modperl\n    Perl${_}Handler My::Alias::phase\n    PerlResponseHandler 'sub { 0 }'\n</Location>\n" } qw(Init Access Fixup Log Cleanup) ]}
C
    $s->expect_log(qr/on purpose/);
    $s->get('/plain?fds');
    my $pids = join ',', $s->child_pids;
    for my $how (sort keys %layers) {
        my @bad;
        for (1 .. 2) {
            $s->post("/script?$how", 'not read');
            my $o = $s->get("/plain?other"); push @bad, $o->{status} . $o->{content} if $o->{content} ne "opened";
            my $echo = $s->post('/script?echo', 'one')->{content};
            push @bad, $echo if $echo ne 'body=one';
            my $l = $s->get('/plain?look'); my $look = $l->{content};
            push @bad, $look if $look ne 'of another';
        }
        is "@bad", '', "$how in perl-script: the next request has its own handles";
    }
    for my $how (sort keys %aliases) {
        my @bad;
        for my $where (qw(script plain Init Access Fixup Log Cleanup)) {
            $s->post("/$where?$how", 'not read');
            my $echo = $s->post('/script?echo', 'one')->{content};
            push @bad, "$where: $echo" if $echo ne 'body=one';
            my $fds = $s->get('/plain?fds')->{content};
            push @bad, "$where: $fds" if $fds ne '1,1,1';
        }
        is "@bad", '', "$how: gone with its request";
    }
    for my $how (qw(err_is_out in_is_out out_is_err undefined pair_both)) {
        is $s->get("/plain?sub=$how")->{content}, 'body=', "$how before a subrequest is not the subrequest's";
        is $s->post("/script?in=$how", 'one')->{content}, 'outer=one', "$how in a subrequest is not the outer request's";
        is $s->post('/script?echo', 'one')->{content}, 'body=one', '  and is gone then';
    }
    is join(',', $s->child_pids), $pids, 'no process has died';
    my $private = () = $s->log =~ /a private warning/g;
    cmp_ok $private, '>=', 2 * keys(%layers) + 7 * keys %aliases, 'every warning is in the log';
});

done_testing;
