# ModPerl::Registry runs CGI scripts as they are written: what they see, what they print, and what stays between two runs.
use lib 't/lib';
use TestHttpd;

my %scripts = (
    'hello' => q{print "Content-Type: text/plain\n\nhello\n";},
    'request' => q{my $r = shift; $r->content_type('text/plain'); $r->print(ref $r, ' ', $r->args // '')},
    'current' => q{use Apache2::RequestUtil (); print "Content-Type: text/plain\n\n", Apache2::RequestUtil->request->uri;},
    'headers' => q{print "Content-Type: text/odd\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-One: 1\r\n\r\nbody";},
    'status' => q{print "Status: 404 Not Here\nContent-Type: text/plain\n\nmy own page\n";},
    'status_large' => q{print "Status: 404 Not Here\nContent-Type: text/plain\n\n", "my own page\n" x 2000;},
    'status_set' => q{my $r = shift; $r->status(404); },
    'status_exit' => q{my $r = shift; $r->status(404); exit},
    'status_page' => q{my $r = shift; $r->status(404); $r->content_type('text/plain'); print 'not here'; exit},
    'status_returned' => q{print "Content-Type: text/plain\n\nfine"; return 404;},
    'inside' => q{print "Location: /plain.txt\n\n";},
    'outside' => q{print "Location: http://elsewhere.example/x\n\n";},
    'found' => q{print "Status: 303 See Other\nLocation: http://elsewhere.example/y\nContent-Type: text/plain\n\nthere\n";},
    'none' => q{print "no header at all";},
    'nothing' => q{},
    'type' => q{use Apache2::RequestRec (); my $r = shift; $r->content_type('text/plain'); $r->no_cache(1); print "No: header\n\nall";},
    'env' => q{print "Content-Type: text/plain\n\n", join '|', map { $ENV{$_} // '-' } qw(REQUEST_METHOD QUERY_STRING SCRIPT_NAME PATH_INFO GATEWAY_INTERFACE MOD_PERL CONTENT_LENGTH)},
    'stdin' => q{my $n = read STDIN, my $body, $ENV{CONTENT_LENGTH} || 0; print "Content-Type: text/plain\n\n$n $body";},
    'lines' => q{my @lines = <STDIN>; chomp @lines; print "Content-Type: text/plain\n\n", scalar @lines, ' ', join ',', @lines;},
    'handle' => q{print STDOUT "Content-Type: text/plain\n\n"; printf "%03d ", 7; local $| = 1; print "flushed"; },
    'flush' => q{$| = 1; print "Content-Type: text/plain\n\n", 'x'; $| = 0; print 'y' x 3;},
    'autoflush' => q{print "Content-Type: text/plain\n\n$|"},
    'autoflush_type' => q{$|++; print "Content-Type: text/plain\n\n"; print 'typed';},
    'child' => q{print "Content-Type: text/plain\n\nx "; our $n = 0; END { $n++ } my $pid = fork; if (!$pid) { print "in the child"; die "gone wrong\n" } waitpid $pid, 0; print 'child ', $? >> 8, " $n";},
    'binmode' => q{binmode STDOUT; print "Content-Type: image/x\n\n", join '', map { chr } 0 .. 255;},
    'utf8' => q{use utf8; binmode STDOUT, ':utf8'; print "Content-Type: text/plain; charset=utf-8\n\n", "\x{263a}";},
    'wide' => q{print "Content-Type: text/plain\n\n", length "\xe4";},
    'select' => q{my $out = ''; open my $fh, '>', \$out; my $old = select $fh; print 'in'; select $old; print "Content-Type: text/plain\n\n$out";},
    'leave_select' => q{our $out = ''; open our $fh, '>', \$out; print "Content-Type: text/plain\n\nleft"; select $fh; print 'lost';},
    'reopen' => q{open my $keep, '>&', \*STDOUT or die; my $to = ''; close STDOUT; open STDOUT, '>', \$to or die; print 'aside'; close STDOUT; open STDOUT, '>&', $keep or die; print "Content-Type: text/plain\n\n$to";},
    'format' => "our (\$a, \$b) = ('left', 7);\nformat STDOUT =\n@<<<<<@>>>>\n\$a, \$b\n.\nprint \"Content-Type: text/plain\\n\\n\"; \$^L = ''; write;\n",
    'heredoc' => "print <<\"E\" . __LINE__;\nContent-Type: text/plain\n\nat \${\\ __LINE__ }\nE\n",
    'name' => q{print "Content-Type: text/plain\n\n$0 ", __FILE__, ' ', __LINE__, ' ', __PACKAGE__;},
    'name_set' => q{$0 = 'other'; print "Content-Type: text/plain\n\n$0";},
    'caller' => q{sub where { join ' ', (caller)[1, 2] } print "Content-Type: text/plain\n\n", where();},
    'data' => qq{print "Content-Type: text/plain\\n\\n"; my \@l = <DATA>; print scalar(\@l), join '', \@l;\n__DATA__\none\ntwo\n},
    'end_data' => qq{print "Content-Type: text/plain\\n\\n", <DATA>; close DATA;\n__END__\nthree\n\n=head1 POD\n},
    'end' => qq{print "Content-Type: text/plain\\n\\nup to here";\n__END__\nthis \{ is no perl\n},
    'pod' => qq{print "Content-Type: text/plain\\n\\nwith pod";\n\n=head1 NAME\n\npod to the end of the file\n},
    'comment' => q{print "Content-Type: text/plain\n\ncommented" # no newline at the end},
    'exit' => q{print "Content-Type: text/plain\n\nbefore"; exit; print 'after';},
    'exit_sub' => q{print "Content-Type: text/plain\n\nbefore"; sub leave { exit 3 } leave(); print 'after';},
    'exit_eval' => q{print "Content-Type: text/plain\n\n"; eval { exit }; print ref $@ ? 'an exit object' : 'none';},
    'kept' => q{our $n; my $m; $n++; $m++; print "Content-Type: text/plain\n\n$n $m";},
    'closure' => q{use strict; my $n = 0; sub up { $n++ } up(); up(); print "Content-Type: text/plain\n\n$n";},
    'begin' => q{our @seen; BEGIN { push @seen, 'begin' } push @seen, 'run'; print "Content-Type: text/plain\n\n@seen";},
    'blocks' => q{our @seen; END { push @seen, 'e1' } END { push @seen, 'e2' } push @seen, 'run'; print "Content-Type: text/plain\n\n@seen";},
    'end_prints' => q{END { print 'at the end' } print "Content-Type: text/plain\n\nfirst "; exit;},
    'nph-raw' => q{print "HTTP/1.0 202 Mine\r\nContent-Type: text/plain\r\nX-Raw: 1\r\n\r\nraw";},
    'warn_switch' => qq{#!/usr/bin/perl -w\nprint "Content-Type: text/plain\\n\\n"; my \$x; { local \$SIG{__WARN__} = sub { print \$_[0] }; my \$y = "a\$x"; }},
    'no_switch' => qq{#!/usr/bin/perl\nprint "Content-Type: text/plain\\n\\n"; my \$x; { local \$SIG{__WARN__} = sub { print \$_[0] }; my \$y = "a\$x"; } print 'quiet';},
    'taint_switch' => qq{#!/usr/bin/perl -T\nprint "Content-Type: text/plain\\n\\ntaint \${^TAINT}";},
    'strict' => q{my $self = eval '$eval; 1' ? 'no' : 'yes'; use strict; print "Content-Type: text/plain\n\n", eval q{$code; 1} ? 'seen' : 'strict';},
    'require' => q{require './helper.pl'; print "Content-Type: text/plain\n\n", main::helped();},
    'use_lib' => q{use File::Basename; use lib dirname(__FILE__); require 'helper.pl'; print "Content-Type: text/plain\n\n", main::helped();},
    'locals' => q{$, = '-'; $\ = '!'; print "Content-Type: text/plain\n\n"; $/ = undef;},
    'after_locals' => q{print "Content-Type: text/plain\n\n", defined $/ ? 'line' : 'slurp'},
    'fork' => q{$| = 1; print "Content-Type: text/plain\n\n"; my $pid = fork; if (!$pid) { exit 4 } waitpid $pid, 0; print 'child ', $? >> 8;},
    'backtick' => q{my $said = `echo said; exit 3`; chomp $said; print "Content-Type: text/plain\n\n$said ", $? >> 8;},
    'exec' => q{my $pid = open my $out, '-|'; if (!$pid) { exec 'echo', 'from exec' or die } my $said = <$out>; close $out; print "Content-Type: text/plain\n\n$said";},
    'die_hook' => q{local $SIG{__DIE__} = sub { print "Content-Type: text/plain\n\nhook: $_[0]"; exit }; die "because\n";},
    'sleepy' => q{local $SIG{ALRM} = sub { die "alarm\n" }; print "Content-Type: text/plain\n\n", eval { alarm 1; select undef, undef, undef, 5; 1 } ? 'slept' : $@; alarm 0;},
    'cgi_name' => q{print "Content-Type: text/plain\n\n"; print for map { "$_;" } sort grep { /^(?:GATEWAY|MOD_PERL)/ } keys %ENV;},
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm   => $mpm,
        files => {
            'htdocs/plain.txt' => 'plain text',
            'htdocs/perl/helper.pl' => 'sub main::helped { "helped" } 1;',
            map { ("htdocs/perl/$_.pl" => "$scripts{$_}\n", "htdocs/perl/$_" => $scripts{$_}) } keys %scripts
        },
        config => <<'C',
PerlModule ModPerl::Registry
PerlInterpStart 1
PerlInterpMax 1
@one_child@
<Location /perl>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Location>
C
    );
    my $root = $s->{root};
    my $get  = sub { $s->get("/perl/$_[0]") };
    my $body = sub { $get->(@_)->{content} };

    is $body->('hello.pl'), "hello\n", 'a script prints its page';
    is $get->('hello.pl')->{headers}{'content-type'}, 'text/plain', '  and its headers';
    is $body->('request.pl?a=1'), 'Apache2::RequestRec a=1', 'the first argument is the request';
    is $body->('current.pl'), '/perl/current.pl', 'and it is the current one';

    my $got = $get->('headers.pl');
    is $got->{headers}{'content-type'}, 'text/odd', 'lines of headers may end with CRLF';
    is_deeply $got->{headers}{'set-cookie'}, ['a=1', 'b=2'], '  several cookies are sent';
    is "$got->{headers}{'x-one'} $got->{content}", '1 body', '  with other headers, and the body';
    $got = $get->('status.pl');
    is "$got->{status} $got->{reason} $got->{content}", "404 Not Here my own page\n", 'Status: with a page of the script\'s';
    $got = $get->('status_large.pl');
    is "$got->{status} " . length $got->{content}, '404 24000', '  also if it is large' if ours;    # mod_perl adds httpd's page to it
    is join(',', map { $get->('status_set.pl')->{status} } 1 .. 3), '404,404,404', '$r->status is the status, in each run';
    is join(',', map { $get->('status_exit.pl')->{status} } 1 .. 3), '404,404,404', '  before an exit';
    if (ours) {     # mod_perl sends 200, the page, and httpd's page for 404 behind it
        is_deeply [map { my $got = $get->('status_page.pl'); "$got->{status} $got->{content}" } 1 .. 3], [('404 not here') x 3], '  with a page of the script\'s';
    }
    $got = $get->('status_returned.pl');
    is "$got->{status} $got->{content}", '200 fine', 'what a script returns is no status';
    $got = $get->('inside.pl');
    is "$got->{status} $got->{content}", '200 plain text', 'Location: of a path is served at once';
    $got = $get->('outside.pl');
    is "$got->{status} $got->{headers}{location}", '302 http://elsewhere.example/x', 'Location: of an address is sent';
    $got = $get->('found.pl');
    is "$got->{status} $got->{headers}{location} $got->{content}", "303 http://elsewhere.example/y there\n", '  with a status and a page';
    is $get->('nothing.pl')->{status}, 200, 'a script that prints nothing';
    $got = $get->('type.pl');
    is $got->{content}, "No: header\n\nall", 'after $r->content_type nothing is taken for headers';

    is $body->('env.pl/more/path?q=1'), 'GET|q=1|/perl/env.pl|/more/path|CGI/1.1|' . (split /\|/, $body->('env.pl'))[5] . '|-', 'CGI variables';
    like $body->('env.pl'), qr{mod_perl/2}, '  MOD_PERL says that this is mod_perl';
    is $s->post('/perl/stdin.pl', 'name=value')->{content}, '10 name=value', 'the body of a POST is read from STDIN';
    is $s->post('/perl/stdin.pl', 'x' x 100_000)->{content}, '100000 ' . 'x' x 100_000, '  also a large one';
    is $s->post('/perl/lines.pl', "a\nb\nc\n")->{content}, '3 a,b,c', '  or line by line';
    is $body->('stdin.pl'), '0 ', '  which is empty without one';

    is $body->('handle.pl'), '007 flushed', 'printf, STDOUT by its name, and local $|';
    is $body->('flush.pl'), 'xyyy', '$| may be switched on and off';
    $got = $get->('autoflush_type.pl');
    is "$got->{headers}{'content-type'} $got->{content}", 'text/plain typed', '  before the headers are printed';
    is $body->('autoflush.pl'), 0, '  and is off for the next script';
    is $body->('binmode.pl'), join('', map { chr } 0 .. 255), 'binmode';
    is $body->('utf8.pl'), "\xe2\x98\xba", 'binmode with a layer';
    is $body->('wide.pl'), 1, '  does not last';
    is $body->('select.pl'), 'in', 'select';
    if (ours) {     # with mod_perl all later scripts print nowhere
        is $body->('leave_select.pl'), 'left', '  may be left at another handle';
        is $body->('hello.pl'), "hello\n", '  which does not last';
    }
    is $body->('reopen.pl'), 'aside', 'STDOUT may be put aside and brought back';
    is $body->('format.pl'), "left      7\n", 'format and write';
    if (ours) {     # with mod_perl they last
        is $body->('locals.pl'), "!", 'separators may be set';
        is $body->('after_locals.pl'), 'line', '  and are as before in the next script';
    }

    is $body->('heredoc.pl'), "at 4\n1", 'lines are counted from the script\'s own first line, in here-documents too' if ours;
    is $body->('name.pl'), "$root/htdocs/perl/name.pl $root/htdocs/perl/name.pl 1 ModPerl::ROOT::ModPerl::Registry::"
        . join('_', map { s/([^A-Za-z0-9_])/sprintf '_%02x', ord $1/ger } grep { length } split m{/}, "$root/htdocs/perl/name.pl"), '$0, __FILE__, __LINE__ and the package';
    is $body->('name_set.pl'), 'other', '$0 may be set';
    is $body->('name.pl') =~ /^\S+name\.pl/ ? 'own' : 'other', 'own', '  and the next script has its own';
    is $body->('caller.pl'), "$root/htdocs/perl/caller.pl 1", 'caller';
    if (ours) {     # mod_perl has no DATA
        is $body->('data.pl'), "3one\ntwo\n\n", 'DATA, at each run' for 1, 2;
        is $body->('end_data.pl'), "three\n\n=head1 POD\n\n", '  also behind __END__, and after the script has closed it' for 1, 2;
        is $body->('pod'), 'with pod', 'pod may end with the file';
    }
    is $body->('end.pl'), 'up to here', '__END__ ends the script';
    is $body->('comment'), 'commented', 'a comment may end the file';

    is $body->('exit.pl'), 'before', 'exit ends the script';
    is $body->('exit_sub.pl'), 'before', '  also in a sub, with a status';
    is $body->('exit_eval.pl'), 'an exit object', '  an eval catches it';
    is join(',', map { $body->('kept.pl') } 1 .. 3), '1 1,2 1,3 1', 'package variables are kept, lexical ones are fresh';
    is join(',', map { $body->('closure.pl') } 1 .. 3), '2,0,0', 'a named sub keeps the lexical variables of the first run';
    is join(',', map { $body->('begin.pl') } 1, 2), 'begin run,begin run run', 'BEGIN runs when the script is compiled';
    is join(',', map { $body->('blocks.pl') } 1, 2), 'run,run e1 e2 run', 'END blocks run after each run';
    is join(',', map { $body->('end_prints.pl') } 1, 2), 'first at the end,first at the end', '  and may print';

    like $s->raw("GET /perl/nph-raw.pl HTTP/1.0\r\nHost: x\r\n\r\n"), qr{\AHTTP/1.0 202 Mine\r\nContent-Type: text/plain\r\nX-Raw: 1\r\n\r\nraw\z}, 'nph-: the script sends its own status line' if ours;    # mod_perl looks for headers there
    like $body->('warn_switch.pl'), qr/Use of uninitialized value \$x in .* at \S+warn_switch\.pl line 2\./, '#!perl -w warns';
    is $body->('no_switch.pl'), 'quiet', '  without -w it does not';
    is $body->('taint_switch.pl'), 'taint 0', '#!perl -T runs without taint mode';
    $s->log_like(qr/-T switch is ignored, enable with 'PerlSwitches -T' in httpd\.conf/, '  and the log says so');
    is $body->('strict.pl'), 'strict', 'no variable of the handler is in a script\'s sight' if ours;
    is $body->('use_lib.pl'), 'helped', 'a library is found through __FILE__';
    is $body->('child.pl'), 'x child 255 0', '  which ends in the child if that dies' if ours;
    is $get->('require.pl')->{status}, 500, 'the current folder is not the script\'s';
    $s->log_like(qr/Can't locate \.\/helper\.pl at \S+require\.pl line 1\./, '  as the log says');

    is $body->('fork.pl'), 'child 4', 'fork' if ours;    # with mod_perl the child becomes a server
    is $body->('backtick.pl'), 'said 3', 'a program\'s output and status';
    is $body->('exec.pl'), "from exec\n", 'fork and exec';
    is $body->('die_hook.pl'), "hook: because\n", '$SIG{__DIE__} may make a page';
    is $get->('hello.pl')->{status}, 200, '  and does not last';
});

done_testing;
