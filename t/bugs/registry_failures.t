# What a Registry script that fails leaves: a line in the log with the client and the handler's line, the administrator's own page, no path for
# the client, and after an nph- script a connection that is closed. The log had an address of memory (HASH(0x...)) and no client; a script
# that printed no header had an empty answer, whatever ErrorDocument said; httpd's page about a file that cannot be read showed where
# that lies; a client waited for KeepAliveTimeout behind an nph- script.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl does all of that' unless ours;

my %scripts = (
    'hash' => 'die { a => 1, list => [2, 3] };', 'object' => 'die bless { why => "so" }, "My::Error";', 'text' => qq{die "oops\\n";}, 'syntax' => 'if (',
    'no_header' => 'print "no header\n"; $| = 1; print "more\n";', 'cut_header' => 'print "X-Foo: bar\n"', 'large' => 'print "x" x 100_000;', 'status' => 'my $r = shift; $r->status(404); print "no header\n\nbody";',
    'fresh' => 'print "Content-Type: text/plain\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\n\nbody";',
    'nph-page' => qq{print "HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\nall of it";},
    'missing' => 'use No::Such;', 'secret' => '1;',
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, files => { 'htdocs/own.html' => 'our page', map { ("htdocs/r/$_.pl" => $scripts{$_}) } keys %scripts }, config => <<'C');
PerlModule ModPerl::Registry ModPerl::PerlRun
KeepAliveTimeout 60
ErrorDocument 500 /own.html
Alias /run/ @root@/htdocs/r/
<LocationMatch "^/(r|run|no_exec)/">
    SetHandler perl-script
    PerlOptions +ParseHeaders
    Options +ExecCGI
</LocationMatch>
<Location /r>
    PerlResponseHandler ModPerl::Registry
</Location>
<Location /run>
    PerlResponseHandler ModPerl::PerlRun
</Location>
<Location /r/text.pl>
    PerlFixupHandler "sub { $_[0]->set_handlers(PerlResponseHandler => ['ModPerl::Registry']) if $_[0]->args; -1 }"
</Location>
Alias /no_exec/ @root@/htdocs/r/
<Location /no_exec>
    Options -ExecCGI
    PerlResponseHandler ModPerl::Registry
</Location>
C
    chmod 0, $s->root . '/htdocs/r/secret.pl';
    for (['/r', 'ModPerl::Registry'], ['/run', 'ModPerl::PerlRun']) {
        my ($at, $class) = @$_;
        my $line = qr{\(PerlResponseHandler $class, \S*/httpd\.conf:\d+};
        for (['hash', qr/\{a => 1, list => \[2, 3\]\} $line/], ['object', qr/My::Error=\{why => "so"\} $line/], ['text', qr/oops $line/], ['syntax', qr/syntax error at .* $line/],
            ['missing', qr{Can't locate No/Such\.pm in \@INC.* $line.*; if No/Such\.pm lies below another folder, add that: PerlSwitches -I/folder\)}]) {
            my ($script, $says) = @$_;
            $s->mark_log;
            my $res = $s->get("$at/$script.pl");
            is "$res->{status} $res->{content}", '500 our page', "$at/$script.pl: the administrator's page";
            $s->log_like(qr/perl:error.*\[client 127\.0\.0\.1:\d+\] $says/, '  the log has what it was, the client and the handler');
        }
        for my $script (qw(no_header cut_header large status)) {
            $s->mark_log;
            my $res = $s->get("$at/$script.pl");
            is "$res->{status} $res->{content}", '500 our page', "$at/$script.pl, which prints no header: the administrator's page";
            $s->log_like(qr/did not send an HTTP header/, '  and the log says why');
            $s->expect_log(qr/malformed header from script|Premature end of script headers/);
        }
        is $s->get("$at/fresh.pl")->{content}, 'body', "$at: headers and a body";
        $s->mark_log;
        my $res = $s->get("$at/fresh.pl", 'If-Modified-Since' => 'Mon, 01 Jan 2024 00:00:00 GMT');
        is "$res->{status} @{[ $res->{content} // '' ]}", '304 ', '  which the client has already';
        $s->log_unlike(qr/did not send/, '  is no error');
        like $s->raw("GET $at/nph-page.pl HTTP/1.1\r\nHost: x\r\n\r\n", 20), qr{\AHTTP/1\.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it\z}, "$at: an nph- script's answer ends with the connection"
            for 1 .. 2;
    }
  SKIP: {
        skip 'a file that cannot be read needs a server that is not started by root', 3 if open my $can, '<', $s->root . '/htdocs/r/secret.pl' and $s->get('/r/secret.pl')->{status} != 403;
        my $res = $s->get('/r/secret.pl');
        is $res->{status}, 403, 'a script that cannot be read';
        unlike $res->{content}, qr{/htdocs/|RegistryCooker|slurp}, '  the page says no path';
        $s->log_like(qr/\[client .*secret\.pl.*Permission denied.*\(PerlResponseHandler ModPerl::Registry, /, '  the log does');
    }
    is $s->get('/no_exec/text.pl')->{status}, 403, 'a folder without ExecCGI';
    $s->log_like(qr/\[client .*Options ExecCGI is off in this directory: \S+ \(PerlResponseHandler ModPerl::Registry, /, '  the log says so, with the client');
    $s->mark_log;
    is $s->get('/r/text.pl?set')->{content}, 'our page', 'a handler that a script has set';
    $s->log_like(qr/oops \(PerlResponseHandler ModPerl::Registry\)/, '  has no line');
});

done_testing;
