# What Perl code warns or prints to STDERR: lines of httpd's error log, each with level, client and module; as it is with
# PerlOptions -LogStderr, as with mod_perl.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl writes to descriptor 2' unless ours;

my %modules = ('My/Err.pm' => <<'P');
package My::Err;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
warn "loaded by start-up code\n";
print STDERR "no end of line in start-up code";
my %do = (
    warn    => sub { warn "one warning\n" },
    place   => sub { warn 'with its place' },
    perl    => sub { my $undef; my $x = "a" . $undef; },
    lines   => sub { warn "first of three\n\tsecond of three\nthird of three\n" },
    cluck   => sub { require Carp; Carp::cluck('cluck') },
    print   => sub { print STDERR 'printed ', 'in ', "pieces\n" },
    part    => sub { print STDERR 'begun, '; printf STDERR '%s', 'gone on, '; print STDERR "ended\nand" , ' a rest' },
    long    => sub { print STDERR 'L' x 20_000, "\n" },
    errno   => sub { $! = 2; warn "errno\n"; $_[0]->print($! + 0) },
    fileno  => sub { $_[0]->print(fileno STDERR) },
    program => sub { system 'echo from a program >&2' },
    fork    => sub { print STDERR 'before the fork '; if (!fork) { warn "in the child\n"; exec 'true' } wait; print STDERR "behind it\n" },
    utf8    => sub { binmode STDERR, ':utf8'; print STDERR "\x{e4}\n"; binmode STDERR },
    encode  => sub { binmode STDERR, ':encoding(UTF-8)'; print STDERR "encoded \x{20ac}\n"; binmode STDERR, ':pop' },
    local   => sub { my $out = ''; { local *STDERR; open STDERR, '>', \$out or die; warn "into a string\n" } warn "after local\n"; $_[0]->print($out) },
    reopen  => sub {
        open my $keep, '>&', \*STDERR or die;
        open STDERR, '>', '@var@/own' or die;
        warn "into a file\n";
        print STDERR "half";
        system 'echo a program into it >&2';
        open STDERR, '>&', $keep or die;
        warn "back in the log\n";
    },
    close   => sub { open my $keep, '>&', \*STDERR or die; close STDERR; open STDERR, '>&', $keep or die; warn "closed and back, raw perhaps\n" },
    tied    => sub { tie *STDERR, 'My::Tied'; print STDERR "x\n"; warn "y\n"; untie *STDERR; warn "untied\n" },
    sig     => sub { local $SIG{__WARN__} = sub { warn "by the hook: $_[0]" }; warn "hooked\n" },
    carp    => sub { require CGI::Carp; CGI::Carp::carp('carped') },
    thread  => sub { require threads; threads->create(sub { warn "in a thread\n"; print STDERR 'half in a thread' })->join },
);
sub handler { my $r = shift; $r->content_type('text/plain'); $do{ $r->args }->($r); 0 }
package My::Tied;
sub TIEHANDLE { bless [] }
sub PRINT { shift; $r::tied .= join '', @_; 1 }
package My::Show;
sub handler { my $r = shift; $r->print($r::tied || ''); $r::tied = ''; 0 }
package My::Log;
sub handler { warn "in the log phase\n"; 0 }
package My::Conn;
sub handler { warn "about a connection\n"; 0 }
1;
P

my $sections = <<'C';
PerlModule My::Err
<Location /err>
    SetHandler modperl
    PerlResponseHandler My::Err
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Err
</Location>
<Location /tied>
    SetHandler modperl
    PerlResponseHandler My::Show
</Location>
<Location /logged>
    PerlLogHandler My::Log
</Location>
PerlPreConnectionHandler My::Conn
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "PerlInterpMax 1\nPerlInterpStart 1\n$sections");
    $s->expect_log(qr/\[perl:|one|two/);
    my $line = sub { my ($text, $name, $client) = @_; $s->log_like(qr/^\[[^]]+\] \[perl:warn\] \[pid [^]]+\] \[client 127\.0\.0\.1:\d+\] $text$/m, $name) };
    my $ask = sub { $s->mark_log; $s->get("/err?$_[0]")->{content} };

    $s->log_like(qr/^\[[^]]+\] \[perl:warn\] \[pid [^]]+\] loaded by start-up code$/m, 'start-up code, with module and level');
    $s->log_like(qr/^\[[^]]+\] \[perl:warn\] \[pid [^]]+\] no end of line in start-up code$/m, 'half a line of it');

    for my $at ('/err', '/script') {
        $s->mark_log;
        $s->get("$at?warn");
        $line->('one warning', "$at: warn");
        $s->get("$at?part");
        $line->('begun, gone on, ended', "$at: a line that is printed in parts is one");
        $line->('and a rest', "$at: and what has no end is one when the call is over");
    }
    $ask->('place');
    $line->(qr/with its place at \S+My\/Err\.pm line \d+\./, 'file and line as perl writes them');
    $ask->('perl');
    $line->(qr/Use of uninitialized value \$undef .*/, "perl's own warnings");
    $ask->('lines');
    $line->('first of three', 'several lines: the first');
    $line->('  second of three', 'the second is one of its own, a tab is spaces');
    $line->('third of three', 'the third');
    $ask->('cluck');
    $line->(qr/cluck at \S+ line \d+\.?/, 'cluck');
    $line->(qr/  My::Err::__ANON__\(.*/, 'and its trace');
    $ask->('print');
    $line->('printed in pieces', 'print STDERR');
    $ask->('long');
    $s->log_like(qr/\] L{6000,}$/m, 'a line that is too long for httpd is several');
    is length(join '', $s->log =~ /\] (L+)$/mg), 20_000, 'and nothing of it is lost';
    is $ask->('errno'), 2, 'warn leaves $! alone';
    is $ask->('fileno'), 2, 'fileno(STDERR) is what it was';
    $ask->('program');
    $s->log_like(qr/^from a program$/m, 'a program writes to descriptor 2');
    $ask->('fork');
    $s->log_like(qr/^in the child$/m, 'and so does a process that the script forked');
    $line->('before the fork behind it', 'half a line from before is not doubled');
    is scalar(() = $s->log =~ /before the fork/g), 1, 'indeed';
    $ask->('utf8');
    $line->(qr/\\xc3\\xa4/, 'binmode :utf8');
    $ask->('encode');
    $line->(qr/encoded \\xe2\\x82\\xac/, 'an encoding layer');
    is $ask->('local'), "into a string\n", 'local *STDERR goes where it was opened';
    $line->('after local', 'and ends with its block');
    $ask->('reopen');
    is slurp($s->root . '/var/own'), "into a file\nhalfa program into it\n", 'STDERR that was opened to a file goes there';
    $line->('back in the log', 'and is the log again');
    $s->log_unlike(qr/into a file|half|a program into/, 'which has nothing of it');
    $ask->('close');
    $ask->('warn');
    $line->('one warning', 'a handle that was closed and opened again is the log in the next call');
    $ask->('tied');
    $line->('untied', 'a tie gets what is printed while it lasts');
    is $s->get('/tied')->{content}, "x\ny\n", 'all of it' if $mpm eq 'event';
    $ask->('sig');
    $line->('by the hook: hooked', '$SIG{__WARN__} comes first');
    $ask->('thread');
    $s->log_like(qr/\[perl:warn\] \[pid [^]]+\] in a thread$/m, 'a thread of a script');
    $s->log_like(qr/\[perl:warn\] \[pid [^]]+\] half in a thread$/m, 'and half a line of it');
    $s->mark_log;
    $s->get('/logged');
    $line->('in the log phase', 'other phases');
    $line->('about a connection', 'connection phases');
  SKIP: {
        skip 'CGI::Carp is not here', 1 unless eval { require CGI::Carp };
        $ask->('carp');
        $line->(qr{\[[^]]+\] \S+: carped at .*}, 'CGI::Carp, in its own form');
    }
    $s->stop;

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "ErrorLogFormat \"<%l|%m|%a> %M\"\nLogLevel warn perl:error\n$sections<VirtualHost *:*>\nServerName loud\nLogLevel perl:warn\n$sections</VirtualHost>\n");
    $s->expect_log(qr/./);
    $s->get('/err?warn', Host => 'loud');
    $s->log_like(qr/^<warn\|perl\|127\.0\.0\.1:\d+> one warning$/m, 'ErrorLogFormat holds');
    $s->stop;

    $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => "PerlOptions -LogStderr\n$sections");
    $s->expect_log(qr/./);
    $s->get("/err?$_") for qw(warn part lines);
    $s->log_like(qr/^one warning\n(?:.*\n)*?begun, gone on, ended\n(?:.*\n)*?and a rest/m, 'with -LogStderr all of it is as it was written');
    $s->log_like(qr/^first of three\n\tsecond of three\nthird of three$/m, 'tabs too');
});

# httpd -t and its like: on the terminal.
my ($status, $text) = TestHttpd->config_test(modules => \%modules, config => $sections);
is $status, 0, 'httpd -t';
like $text, qr/^\[[^]]+\] \[perl:warn\] \[pid [^]]+\] loaded by start-up code$/m, 'shows what start-up code says';

done_testing;
