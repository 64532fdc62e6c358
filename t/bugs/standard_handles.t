# What a script does to STDIN, STDOUT, STDERR and to how it prints stayed for the next request: a tie swallowed its body or its
# answer, `open STDOUT, '>', $file` and `close STDERR` took a descriptor of httpd's, and in perl-script the programs that it
# started had neither its input nor its output.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'with mod_perl most of it stays' unless ours;

# Left behind by a request, in every way that it may end. None shows in the next one.
my %leaves = (
    tie_out       => 'tie *STDOUT, "My::Sink"; print "swallowed"',
    tie_in        => 'tie *STDIN, "My::Sink"',
    tie_err       => 'tie *STDERR, "My::Sink"; warn "swallowed"',
    tie_io        => 'tie *{ *STDOUT{IO} }, "My::Sink"',
    select        => 'open my $fh, ">", \my $buffer; select $fh; print "hidden"',
    select_err    => 'select STDERR',
    vars          => '($,, $\, $/, $;, $") = qw(a b c d e); $| = 1; $^W = 1; $0 = "mine"',
    undef_rs      => 'undef $/',
    record        => '$/ = \10',
    autoflush     => 'require IO::Handle; $_->autoflush(1) for *STDOUT, *STDIN',
    no_autoflush  => 'require IO::Handle; STDERR->autoflush(0)',
    utf8          => 'binmode $_, ":utf8" for *STDOUT, *STDIN, *STDERR; print "\x{e4}" if $script',
    encoding      => 'binmode $_, ":encoding(UTF-16LE)" for *STDOUT, *STDERR; print "x" if $script',
    crlf          => 'binmode $_, ":crlf" for *STDIN, *STDERR',
    raw           => 'binmode $_, ":raw" for *STDOUT, *STDERR; binmode STDERR, ":pop"',
    close_all     => 'close STDIN; close STDOUT; close STDERR',
    close_twice   => 'close STDERR; close STDERR; close STDOUT; close STDOUT',
    to_file       => 'open STDOUT, ">", "@var@/x$$"; print "in a file"; open STDIN, "<", "@var@/x$$"; open STDERR, ">>", "@var@/x$$"; warn "there"',
    to_scalar     => 'close STDOUT; open STDOUT, ">", \my $buffer; print "x"; close STDERR; open STDERR, ">", \my $err; warn "x"; close STDIN; open STDIN, "<", \"text"',
    not_there     => 'open STDOUT, ">", "/none/x"; open STDIN, "<", "/none/x"; open STDERR, ">", "/none/x"',
    to_program    => 'open STDOUT, "|-", "cat >/dev/null"; print "x"; open STDIN, "-|", "echo x"',
    sysopened     => 'use Fcntl; sysopen STDERR, "@var@/x$$", O_WRONLY | O_CREAT; sysopen STDIN, "/dev/null", O_RDONLY',
    piped         => 'pipe STDIN, STDOUT; print "x"',
    dup           => 'open our $save, ">&", STDOUT; open STDOUT, ">", "@var@/x$$"; open our $saved, ">&", STDERR; open STDERR, ">&", STDOUT',
    dup_number    => 'open STDERR, ">&1"; open STDIN, "<&=0"; open STDOUT, ">&=2"',
    glob          => 'open my $fh, ">", "@var@/x$$"; no warnings; *STDOUT = $fh; print "x"; open my $in, "<", "/dev/null"; *STDIN = $in',
    glob_io       => 'open my $fh, ">", "@var@/x$$"; no warnings; *STDERR = *{$fh}{IO}',
    undef_glob    => 'close STDERR; undef *STDERR; undef *STDOUT',
    local_glob    => 'local *STDOUT; open STDOUT, ">", "@var@/x$$"; local *STDERR; close STDERR; tie *STDIN, "My::Sink"',
    formats       => 'if ($script) { $~ = "OTHER"; $^ = "TOP"; $= = 3 }',
    untie_none    => 'untie *STDOUT; untie *STDERR',
);
# A program or process that it starts has working handles. What the request answers.
my %starts = (
    open3      => ['require IPC::Open3; my ($in, $out); require Symbol; my $err = Symbol::gensym(); my $pid = IPC::Open3::open3($in, $out, $err, "sh", "-c", "cat; echo err >&2"); print $in "hello "; close $in; my $got = join "", <$out>, <$err>; waitpid $pid, 0; $got', "hello err\n"],
    open3_same => ['require IPC::Open3; my ($in, $out); my $pid = IPC::Open3::open3($in, $out, undef, "cat; echo err >&2"); print $in "hello "; close $in; my $got = join "", <$out>; waitpid $pid, 0; $got', "hello err\n"],
    open3_dup  => ['require IPC::Open3; open my $null, "<", "/dev/null"; my $pid = IPC::Open3::open3("<&" . fileno $null, my $out, undef, "cat; echo out"); my $got = join "", <$out>; waitpid $pid, 0; $got', "out\n"],
    open2      => ['require IPC::Open2; my ($in, $out); my $pid = IPC::Open2::open2($out, $in, "cat"); print $in "hello"; close $in; my $got = join "", <$out>; waitpid $pid, 0; $got', 'hello'],
    backticks  => ['`echo out`', "out\n"],
    pipe_in    => ['open my $p, "|-", "cat >\"@var@/y$$\"" or die; print $p "hello"; close $p; file("@var@/y$$")', 'hello'],
    pipe_out   => ['open my $p, "-|", "echo", "hello" or die; join "", <$p>', "hello\n"],
    fork_out   => ['my $pid = open(my $p, "-|") // die; if (!$pid) { print "from the child"; exit } my $got = join "", <$p>; close $p; $got', 'from the child'],
    fork_two   => ['my $pid = open(my $p, "-|") // die; if (!$pid) { exec "echo", "hello" } my $got = join "", <$p>; close $p; $got', "hello\n"],
    fork_old   => ['my $pid = open(P, " -|") // die; if (!$pid) { print STDOUT "from the child"; exit } my $got = join "", <P>; close P; $got', 'from the child'],
    fork_in    => ['my $pid = open(my $p, "|-") // die; if (!$pid) { my $line = <STDIN>; open my $f, ">", "@var@/z$$"; print $f "read $line"; close $f; exit } print $p "hello"; close $p; file("@var@/z$pid")', 'read hello'],
    by_hand    => ['pipe my $r, my $w; my $pid = fork // die; if (!$pid) { close $r; open STDOUT, ">&", $w; open STDIN, "<", "/dev/null"; exec "echo; cat" } close $w; my $got = join "", <$r>; waitpid $pid, 0; $got', "\n"],
    by_number  => ['pipe my $r, my $w; my $pid = fork // die; if (!$pid) { open STDOUT, ">&=" . fileno $w; print "in perl "; $| = 1; exec "echo program" } close $w; my $got = join "", <$r>; waitpid $pid, 0; $got', "in perl program\n"],
    file_out   => ['open my $save, ">&", STDOUT or die; open STDOUT, ">", "@var@/a$$" or die; $| = 1; print "script "; system "echo program"; close STDOUT; open STDOUT, ">&", $save or die; file("@var@/a$$")', "script program\n"],
    file_in    => ['put("@var@/b$$", "from a file"); open STDIN, "<", "@var@/b$$"; my $got = `cat`; $got', 'from a file'],
    file_err   => ['open my $save, ">&", STDERR; open STDERR, ">", "@var@/c$$"; system "echo program >&2"; warn "script\n"; open STDERR, ">&", $save; file("@var@/c$$")', "program\nscript\n"],
    err_to_out => ['open STDOUT, ">", "@var@/d$$"; open STDERR, ">&", STDOUT; $| = 1; print "out "; system "echo err >&2"; file("@var@/d$$")', "out err\n"],
    scalar     => ['close STDOUT; open STDOUT, ">", \my $buffer or die; print "text"; close STDOUT; $buffer', 'text'],
    localised  => ['{ local *STDOUT; open STDOUT, ">", \my $buffer or die; print "text"; close STDOUT; return $buffer }', 'text'],
    no_input   => ['`cat`', ''],
    run        => ['eval { require IPC::Run; 1 } or return "hello err\n"; my ($out, $err); IPC::Run::run(["sh", "-c", "cat; echo err >&2"], \"hello ", \$out, \$err); $out . $err', "hello err\n"],
    capture    => ['eval { require Capture::Tiny; 1 } or return "out,err,in"; my ($o, $e) = Capture::Tiny::capture(sub { print "out"; print STDERR "err" }); "$o,$e,in"', 'out,err,in'],
    numbers    => ['join ",", map { (readlink "/proc/self/fd/$_") eq $My::Std::fds[$_] ? 1 : 0 } 0, 1, 2', '1,1,1'],
);
my $subs = snippets(leave => \%leaves, 'my ($r, $script) = @_;') . snippets(start => { map { ($_ => $starts{$_}[0]) } keys %starts }, 'my ($r, $script) = @_;');

my $MODULE = <<"P" . <<'P';
package My::Std;
use strict; no warnings;
use Fcntl;
our (%leave, %start, \@fds);
$subs
P
use Apache2::RequestRec (); use Apache2::RequestIO (); use Apache2::RequestUtil (); use Apache2::SubRequest ();
use PerlIO ();
sub file { open my $f, '<', $_[0] or return "no file: $!"; local $/; <$f> }
sub put { open my $f, '>', $_[0] or die $!; print $f $_[1]; close $f }
sub state_of {
    my @io = map { my $h = $_; my $fd = fileno $h;
        join '', defined $fd ? $fd : 'closed', tied *$h ? 'tied' : '', join(':', PerlIO::get_layers(*$h)), do { my $old = select $h; my $f = $|; select $old; $f } } *STDIN, *STDOUT, *STDERR;
    my $form = join ',', map { $_ // 'undef' } $~, $^, $=;
    return join '|', @io, do { no strict "refs"; *{ select() }{NAME} }, (map { defined $_ ? ref $_ ? 'ref' : $_ : 'undef' } $,, $\, $/, $;, $", $^W, $0), $form, map { readlink "/proc/self/fd/$_" } 0 .. 2;
}
sub handler {
    my $r = shift;
    my ($how, $end) = split /,/, $r->args;
    my $script = $r->handler eq 'perl-script';
    @fds = map { readlink "/proc/self/fd/$_" } 0 .. 2 unless @fds;
    if ($how eq 'state') { my $s = state_of(); $r->print($s); return 0 }
    if ($how eq 'phase_err') { print STDERR 'the phase'; my $got = file("@var@/phase"); $r->print($got); return 0 }
    if ($how eq 'echo') { $r->content_type('text/plain'); local $/; my $body = $script ? <STDIN> : do { $r->read(my $b, 100); $b }; print STDOUT "body=$body" if $script; $r->print("body=$body") unless $script; return 0 }
    if ($how eq 'sub') { local $, = '-'; open my $fh, '>', \my $buffer; my $old = select $fh; $r->lookup_uri($r->uri . "?$end")->run; print 1, 2; select $old; $r->print("buffer=$buffer"); return 0 }
    if (my $code = $start{$how}) { my $got = $code->($r, $script); $r->print($got); return 0 }
    $leave{$how}->($r, $script);
    die "on purpose\n" if $end eq 'die';
    exit if $end eq 'exit';
    return 0;
}
sub phase { my $r = shift; my ($how) = split /,/, $r->args; if ($how eq 'phase_err') { open STDERR, '>', "@var@/phase" or die; select STDERR; $| = 1; print 'from ' } $leave{$how}->($r, 0) if $leave{$how}; 0 }
package My::Sink;
sub TIEHANDLE { bless [] } sub PRINT { 1 } sub WRITE { 1 } sub READLINE { 'tied' } sub READ { 0 } sub UNTIE { die "UNTIE\n" } sub DESTROY { eval { die 1 } }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Std.pm' => $MODULE }, files => { 'htdocs/static.txt' => 'static' }, config => <<"C");
\@one_child\@
KeepAlive Off
PerlInterpStart 1
PerlInterpMax 1
PerlModule My::Std
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Std
</Location>
<Location /plain>
    SetHandler modperl
    PerlResponseHandler My::Std
</Location>
@{[ map { "<Location /$_>\n    SetHandler modperl\n    Perl${_}Handler My::Std::phase\n    PerlResponseHandler 'sub { 0 }'\n</Location>\n" } qw(Init Access Fixup Log Cleanup) ]}
<Location /static.txt>
    PerlAccessHandler My::Std::phase
</Location>
<Location /later>
    SetHandler modperl
    PerlFixupHandler My::Std::phase
    PerlResponseHandler My::Std
</Location>
C
    $s->expect_log(qr/on purpose|AH00161|AH00098/);
    my $state = sub { join "\n", map { $s->get("/$_?state")->{content} } qw(script plain) };
    my $before = $state->();
    like $before, qr/^-1Apache20\|-1Apache20\|2unix:perlio[:\w]*1\|STDOUT\|undef\|undef\|\n\|/, 'the state is told';
    for my $how (sort keys %leaves) {
        my @bad;
        for my $where (qw(script plain)) {
            for my $end ('', qw(die exit)) {
                $s->get("/$where?$how,$end");
                my $after = $state->();
                push @bad, "$where $end: $after" if $after ne $before;
                my $echo = join ' ', map { $s->post("/$_?echo", 'one')->{content} } qw(script plain);
                push @bad, "$where $end: $echo" if $echo ne 'body=one body=one';
            }
        }
        for my $phase (qw(Init Access Fixup Log Cleanup static.txt)) {
            $s->get("/$phase?$how");
            my $after = $state->();
            push @bad, "$phase: $after" if $after ne $before;
        }
        is "@bad", '', "$how: gone with its request";
    }
    is $s->get('/static.txt')->{content}, 'static', 'a file of httpd';
    is $s->get('/later?phase_err')->{content}, 'from the phase', 'what a phase before the response opens is there in the response';
    is $state->(), $before, '  and gone then';
    for my $how (sort keys %starts) {
        for my $where (qw(script plain)) {
            is $s->post("/$where?$how", 'body')->{content}, $starts{$how}[1], "$how in $where";
        }
    }
    is $state->(), $before, 'nothing of that is left';
    for my $where (qw(script plain)) {
        for my $how (qw(tie_out select vars close_all to_file glob)) {
            is $s->get("/$where?sub,$how")->{content}, 'buffer=1-2', "$how in a subrequest in $where leaves the outer request as it was";
        }
    }
    is $state->(), $before, 'nothing of that is left';
});

done_testing;
