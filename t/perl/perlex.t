# What PerlEx's manual says of classes, row by row: each subtest has the name of a row. Other rows: class_script.t, class_reload.t,
# class_clashes.t, class_read_ahead.t, lazy_env.t, t/host/classes.t, t/host/class_total.t.
use lib 't/lib';
use TestHttpd;
use HTTP::Tiny;

my %scripts = (
    'id.pl'      => q{use PerlEx; use Time::HiRes 'sleep'; sleep 0.5 if $ENV{QUERY_STRING}; print "Content-Type: text/plain\n\n$$-", ModInterp::Status->interpreter},
    'count.pl'   => q{our $n; print "Content-Type: text/plain\n\n", ++$n},
    'startup.pl' => q{print "Content-Type: text/plain\n\n", $My::x // 'nothing'},
    'warn.pl'    => qq{print "Content-Type: text/plain\\n\\nwarned";\nwarn "x\\n";\n},
    'interp.pl'  => q{use ModInterp::Interp; my $i = Apache2::RequestUtil->request->interp; print "Content-Type: text/plain\n\n", join '|', $i->class, $i->id, $i->number, $i->uses;
                      if ($ENV{QUERY_STRING} =~ /^(reload|reload_all)$/) { my $do = $1; $i->$do }},
);
my %modules = ('My/Cross.pm' => <<'P');
package My::Cross;
use strict;
use warnings;
use Time::HiRes ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::SubRequest ();
sub handler {
    my ($r) = @_;
    $r->print('outer');
    Time::HiRes::sleep(0.4);
    my $status = $r->lookup_uri($r->args)->run;
    $r->print($status ? "|refused $status" : '');
    return 0;
}
sub inner { $_[0]->print('|inner'); return 0 }
1;
P

my $s = TestHttpd->start(mpm => 'event', modules => \%modules, files => { map { my $dir = $_; map { ("htdocs/$dir/$_" => $scripts{$_}) } keys %scripts } qw(two one b c) }, config => <<'C');
LogLevel info perl:trace2
ErrorLogFormat "[%t] [%-m:%l] [%{interp}n] [%L] %M"
StartServers 1
ServerLimit 1
ThreadsPerChild 12
MaxRequestWorkers 12
PerlModule My::Cross Apache2::RequestUtil
<Directory @root@/htdocs>
    SetHandler perl-class
    Options +ExecCGI
    PerlOptions +GlobalRequest
</Directory>
<PerlInterpClass two>
    PerlClassLocation @root@/htdocs/two
    PerlClassInterpreters 2
    PerlClassStartup "$My::x = 7"
</PerlInterpClass>
<PerlInterpClass one>
    PerlClassLocation @root@/htdocs/one
    PerlClassInterpreters 1
    PerlInterpMaxWait 20s
</PerlInterpClass>
<PerlInterpClass b>
    PerlClassLocation @root@/htdocs/b
    PerlClassInterpreters 1
    PerlInterpMaxWait 20s
</PerlInterpClass>
<Location /cross>
    SetHandler modperl
    PerlResponseHandler My::Cross
</Location>
<Location /cross/inner>
    PerlResponseHandler My::Cross::inner
</Location>
<LocationMatch ^/cross/(inner/)?one>
    PerlUseClass one
</LocationMatch>
<LocationMatch ^/cross/(inner/)?b>
    PerlUseClass b
</LocationMatch>
Listen 127.0.0.1:@port:host@
<VirtualHost 127.0.0.1:@port:host@>
    DocumentRoot "@root@/htdocs"
    PerlOptions +Parent
    PerlClassInterpreters 1
    PerlClassReload 2
    PerlClassStartup "$My::x = 'host'"
</VirtualHost>
C
my $get = sub { $s->get($_[0])->{content} };

subtest 'Interpreters' => sub {
    my $began = Time::HiRes::time();
    my @got = map { ref $_ ? @$_ : $_ } $s->parallel(6, sub { my $a = $s->get('/two/id.pl?slow'); "$a->{status} $a->{content}" });
    my $took = Time::HiRes::time() - $began;
    my %ids = map { ($_ => 1) } @got;
    is scalar(grep { /^200 / } @got), 6, 'of six requests to a class of two none is refused';
    is scalar(keys %ids), 2, 'two interpreters answer';
    cmp_ok $took, '>=', 1.5, 'so that they take three turns';
};

subtest 'Global data' => sub {
    is_deeply [map { $get->('/one/count.pl') } 1 .. 3], [1, 2, 3], 'package variables live on in one interpreter';
};

subtest 'StartupCode' => sub {
    is $get->('/two/startup.pl'), 7, 'code has run when an interpreter starts';
    $get->('/two/interp.pl?reload_all');
    is $get->('/two/startup.pl'), 7, 'also one that took the place of another';
    is $get->('/one/startup.pl'), 'nothing', 'another class has nothing of it';
};

subtest 'Reload' => sub {
    my $host = sub { HTTP::Tiny->new->get('http://127.0.0.1:' . $s->port('host') . $_[0])->{content} };
    is_deeply [map { $host->('/c/count.pl') } 1 .. 4], [1, 2, 1, 2], 'of a virtual host, whose interpreters are its default class, each serves so many requests';
    is $host->('/c/startup.pl'), 'host', 'its start-up code has run';
};

subtest 'Reload functions' => sub {
    my ($class, $id, $number, $uses) = split /\|/, $get->('/one/interp.pl?reload');
    is $class, 'one', '$r->interp: its class';
    like $id, qr/^\d+-$number$/, 'its name among all processes';
    cmp_ok $uses, '>=', 1, 'and how often it was lent';
    my (undef, $next) = split /\|/, $get->('/one/interp.pl');
    isnt $next, $id, '$r->interp->reload replaces it';
    (undef, my $other) = split /\|/, $get->('/b/interp.pl');
    $get->('/one/interp.pl?reload_all');
    isnt +(split /\|/, $get->('/one/interp.pl'))[1], $next, '$r->interp->reload_all, too';
    is +(split /\|/, $get->('/b/interp.pl'))[1], $other, 'those of another class stay';
};

subtest 'Trace, LogPath' => sub {
    $s->mark_log;
    my (undef, $id, $number) = split /\|/, $get->('/one/interp.pl');
    is $get->('/one/warn.pl'), 'warned', 'a script warns';
    $s->log_like(qr{^\[[^]]+\] \[\S+\] \[one/$number\] \[\S+\] x$}m, 'the line has class, number and request');
    $s->log_like(qr{\[perl:trace1\] .*PerlResponseHandler: class one, interpreter $number, use \d+: for \S+/htdocs/one/warn\.pl}, 'perl:trace1 has the interpreter of each request');
    $get->('/one/interp.pl?reload');
    $s->log_like(qr{\[perl:trace2\] .*class one, interpreter $number: this interpreter is to be replaced}, 'perl:trace2 what a script asks for');
    $s->parallel(2, sub { $get->('/one/id.pl?slow') });
    $s->log_like(qr{\[perl:trace2\] .*class one: waited \d+ ms for an interpreter}, 'and waits');
};

subtest 'two classes in one request' => sub {
    my $began = Time::HiRes::time();
    my @got = map { ref $_ ? @$_ : $_ } $s->parallel(2, sub { $get->($_[0] ? '/cross/one?/cross/inner/b' : '/cross/b?/cross/inner/one') });
    is scalar(grep { $_ eq 'outer|inner' } @got), 1, 'of two that each need what the other has, one is served' or diag join ' ', @got;
    cmp_ok(Time::HiRes::time() - $began, '<', 10, 'and the other is told in a second');
    $s->expect_log(qr/PerlInterpMaxWait: no interpreter of class (one|b) of the main server came free in 1s, and a request waits no longer that keeps one of class (one|b) of the main server meanwhile/);
    $s->log_like(qr/no interpreter of class (one|b) of the main server came free in 1s.* keeps one of class (?!\1\b)(one|b) of the main server/, 'the line names both classes');
};

done_testing;
