# PerlDBPool: a bounded number of connections to databases for all interpreters of a server or class; each request has its own, rolled back
# when it is over. SQLite always; PostgreSQL, which counts its connections itself, where it is installed.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Postgres;
use Time::HiRes ();

for my $needed (qw(DBI DBD::SQLite)) { plan skip_all => "needs $needed" unless eval "require $needed; 1" }
my $no_pg = TestHttpd::Postgres::missing() || (eval { require DBD::Pg } ? undef : 'DBD::Pg is not installed (libdbd-pg-perl)');
my $pg    = $no_pg ? undef : TestHttpd::Postgres->start;
my $pg_dsn = $pg ? 'dbi:Pg:' . $pg->params =~ tr/ /;/r : 'dbi:Pg:dbname=none';
# An observer's own connection, which has its name, so that others can be told from it.
my $watch = $pg && DBI->connect("$pg_dsn;application_name=watch", '', '', { RaiseError => 1 });
sub backends { $watch->selectrow_array(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND backend_type = 'client backend' AND application_name <> 'watch'}) }

# What a request does. $h is a handle of $dsn with RaiseError; what is returned is the answer.
my %DO = (
    same      => q{ my $other = connected($dsn); return join ' ', "$other" eq "$h" ? 'same' : 'other', connected($dsn, AutoCommit => 0) . '' eq "$h" ? 'same' : 'other' },
    insert    => q{ $h->do('INSERT INTO data VALUES (?)', undef, 'kept'); return 'done' },
    begin     => q{ $h->begin_work; $h->do('INSERT INTO data VALUES (?)', undef, 'lost'); return 'left' },
    within    => q{ $h->begin_work; $h->do('INSERT INTO data VALUES (?)', undef, 'lost'); my $is = connected($dsn) eq $h ? 'same' : 'other'; $h->rollback; return join ' ', $is, connected($dsn) eq $h ? 'same' : 'other' },
    text      => q{ $h->do('BEGIN'); $h->do('INSERT INTO data VALUES (?)', undef, 'lost'); return 'left' },
    nocommit  => q{ connected($dsn, AutoCommit => 0)->do('INSERT INTO data VALUES (?)', undef, 'lost'); return 'left' },
    nocommit2 => q{ my $own = connected($dsn, AutoCommit => 0); $own->do('INSERT INTO data VALUES (?)', undef, 'kept'); $own->commit; return 'done' },
    die       => q{ $h->begin_work; $h->do('INSERT INTO data VALUES (?)', undef, 'lost'); die "left alone\n" },
    rows      => q{ return join ',', @{ $h->selectcol_arrayref('SELECT line FROM data ORDER BY line') } },
    number    => q{ return number($h) },
    attributes => q{ my @before = @$h{@looked_at}; @$h{@looked_at} = (0, 1, 'NAME_lc', 1, 17); $h->{HandleError} = sub { die "mine" }; return join ' ', map { $_ || 0 } @before },
    handler   => q{ return $h->{HandleError} ? 'kept' : 'none' },
    auto      => q{ my $before = $h->{AutoCommit}; $h->{AutoCommit} = 0; return $before },
    cached    => q{ my $sth = $h->prepare_cached('SELECT 1'); my $times = ++$sth->{private_times}; $sth->execute; return $times },
    active    => q{ my $sth = $h->prepare_cached('SELECT 1 UNION SELECT 2'); my $is = $sth->{Active}; $sth->execute; $sth->fetch; return $is ? 'active' : 'finished' },
    keep      => q{ $main::kept = $h; $main::statement = $h->prepare('SELECT 1'); return 'kept' },
    statement => q{ $main::statement->execute; return $main::statement->fetchrow_arrayref->[0] },
    disconnect => q{ my $number = number($h); $h->disconnect; my $busy = figure('busy'); my $dead = $h->ping ? 'alive' : 'dead'; my $new = connected($dsn); return join ' ', $dead, "busy=$busy", number($new) eq $number ? 'same' : 'new' },
    disconnect2 => q{ connected($dsn)->disconnect; return $h->ping ? 'alive' : 'dead' },
    via_cached => q{ my $c = DBI->connect_cached($dsn, '', '', { RaiseError => 1 }); return join ' ', "$c" eq "$h" ? 'same' : 'other', figure('busy') },
    outside   => q{ my $own = DBI->connect($dsn, '', '', { RaiseError => 1, dbi_connect_method => 'connect' }); my $is = "$own" eq "$h" ? 'same' : 'other'; return join ' ', $is, ref $own, figure('busy') },
    root      => q{ my $own = DBI->connect($dsn, '', '', { RootClass => 'My::Root' }); my $row = ($own->prepare('SELECT 1')); return join ' ', ref $own, ref $row },
    subclass  => q{ my $own = My::Root->connect($dsn, '', ''); return join ' ', ref $own, $own->mine },
    fork      => q{ my $pid = fork; if (!$pid) { undef $h; require POSIX; POSIX::_exit(0) } waitpid $pid, 0; return $h->ping ? 'alive' : 'dead' },
    forked    => q{ pipe my $in, my $out; my $pid = fork; if (!$pid) { my $own = DBI->connect($dsn, '', '', { RaiseError => 1 }); print $out ref $own, ' ', $own->ping ? 'alive' : 'dead'; close $out; $h->disconnect; exit 0 } close $out; my $said = <$in>; waitpid $pid, 0; return "$said " . ($h->ping ? 'alive' : 'dead') },
    unknown   => q{ my $none = DBI->connect('dbi:SQLite:dbname=/no/such/folder/x', '', '', { PrintError => 0 }); my $text = $DBI::errstr; eval { DBI->connect('dbi:SQLite:dbname=/no/such/folder/x', '', '', { RaiseError => 1, PrintError => 0 }) }; return join '|', defined $none ? 'handle' : 'undef', $text, $@, figure('busy') },
    second    => q{ DBI->connect($dsn, '', '', { PrintError => 0, ChopBlanks => 1 }) or return $DBI::errstr; return 'had' },
    count     => q{ Time::HiRes::sleep(0.01); return count($h) },
    broken    => q{ eval { $h->selectrow_array('SELECT 1') }; return $@ ? 'broken' : 'whole' },
    replace   => q{ ModInterp::Status->reload; return number($h) },
    slow      => q{ Time::HiRes::sleep(1); return 'slow' },
    start     => q{ return ref($main::at_start) . ' ' . (eval { $main::at_start->ping } ? 'alive' : 'dead') },
);
my $MODULE = <<'P' . snippets('My::Data::do', \%DO, 'my ($r, $h, $dsn) = @_;') . "1;\n";
package My::Root; use DBI (); our @ISA = 'DBI'; package My::Root::db; our @ISA = 'DBI::db'; sub mine { 'mine' } package My::Root::st; our @ISA = 'DBI::st';
package My::Data;
use strict;
use warnings;
use DBI ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::ServerUtil ();
use APR::Socket ();
use Time::HiRes ();
use ModInterp::Status ();
our (%do, $number);
my @looked_at = qw(RaiseError ChopBlanks FetchHashKeyName LongTruncOk LongReadLen);
sub connected { my $dsn = shift; return DBI->connect($dsn, '', '', { RaiseError => 1, @_ }) || die "no connection: $DBI::errstr\n" }
# A connection's own: it lasts as long as that.
sub number { my ($h) = @_; return $h->{Driver}{Name} eq 'Pg' ? $h->{pg_pid} : ($h->{private_number} ||= "$$." . ModInterp::Status->interpreter . '.' . ++$number) }
sub figure { my ($name) = @_; my %f = ModInterp::Databases->figures; my $n = 0; $n += $f{$_} for grep { /: \Q$name\E\z/ } keys %f; return $n }
# Connections to the data source that there are: of this process, or of all.
sub count {
    my ($h) = @_;
    return scalar grep { (readlink($_) // '') =~ /data\.db\z/ } glob '/proc/self/fd/*' if $h->{Driver}{Name} eq 'SQLite';
    # A backend lives for a moment longer than its connection.
    my $n = 0;
    for (1 .. 200) {
        $n = $h->selectrow_array(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND backend_type = 'client backend' AND application_name <> 'watch'});
        last if $n <= 2;
        Time::HiRes::sleep(0.01);
    }
    return $n;
}
sub handler {
    my $r = shift;
    my $h = connected($r->dir_config('DSN'));
    my $said = $do{ $r->args }->($r, $h, $r->dir_config('DSN'));
    undef $h;
    $r->content_type('text/plain');
    $r->print($said);
    return 0;
}
# Handlers that open no connection; and one of connections.
sub nothing {
    my $r   = shift;
    my $how = $r->args // '';
    $r->content_type('text/plain');
    if ($how eq 'kept') { $r->print(join ' ', $main::kept->ping ? 'alive' : 'dead', $main::kept->FETCH('Active') ? 'active' : 'inactive', eval { $main::kept->do('SELECT 1') } || $@); return 0 }
    if ($how eq 'statement') { $r->print(eval { $main::statement->execute; 'executed' } || $@); return 0 }
    if ($how eq 'sleep') { Time::HiRes::sleep(0.15) }
    $r->print(join ' ', map { figure($_) } qw(busy idle closing));
    return 0;
}
sub speak {
    my $c = shift;
    my $h = connected($c->base_server->dir_config('DSN'));
    my $socket = $c->client_socket;
    while (eval { $socket->recv(my $line, 100) }) { $socket->send(join(' ', number($h), figure('busy')) . "\n") }
    return 0;
}
P

my $HANDLERS = <<'C';
SetHandler modperl
PerlModule My::Data
PerlResponseHandler My::Data
<Location /figures>
    PerlResponseHandler My::Data::nothing
</Location>
C
my %start = (modules => { 'My/Data.pm' => $MODULE });
sub asking { my ($s) = @_; return sub { my $answer = $s->get("/$_[0]"); return $answer->{status} == 200 ? $answer->{content} : $answer->{status} } }

# ---- one connection at a time, on each database: what a request has, and what it leaves
my @BASES = (['SQLite', 'dbi:SQLite:dbname=@var@/data.db'], $pg ? ['PostgreSQL', $pg_dsn] : ());
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for (@BASES) {
        my ($base, $dsn) = @$_;
        my $s = TestHttpd->start(mpm => $mpm, %start, files => { 'make.pl' => <<"S" }, config => <<"C" . $HANDLERS);
use DBI ();
my \$h = DBI->connect('$dsn', '', '', { RaiseError => 1, PrintError => 0, PrintWarn => 0 });
\$main::at_start = \$h;
eval { \$h->do('DROP TABLE data') };
\$h->do('CREATE TABLE data (line VARCHAR(20))');
chmod 0666, '\@var\@/data.db';
1;
S
\@one_child\@
PerlInterpStart 1
PerlInterpMinSpare 1
PerlInterpMax 1
PerlSetVar DSN "$dsn"
PerlDBPool dbi:SQLite:dbname=/no/such/* max=1
PerlDBPool dbi:* max=3 wait=500ms
PerlPostConfigRequire \@root\@/make.pl
C
        my $ask = asking($s);
        my $number = $ask->('?number');
        is $ask->('?number'), $number, "$base: a connection lasts from one request to the next";
        is $ask->('?same'), 'same other', "$base: in a request the same arguments give the same handle, others another";
        is $ask->('?insert'), 'done', "$base: a line is written";
        is $ask->('?within'), 'other same', "$base: whoever connects while a transaction is open has another connection";
        is $ask->('?rows'), 'kept', "$base: and commits nothing of it";
        for my $how (qw(begin text nocommit auto)) {
            $ask->("?$how");
            is $ask->('?rows'), 'kept', "$base: what a request leaves open is rolled back ($how)";
        }
        $s->expect_log(qr/left alone/);
        is $ask->('?die'), 500, "$base: a handler that dies in a transaction";
        is $ask->('?rows'), 'kept', "$base: is rolled back, too";
        is $ask->('?nocommit2') . $ask->('?rows'), 'donekept,kept', "$base: what is committed stays";
        is $ask->('?auto'), 1, "$base: AutoCommit is as connect says";
        my $before = $ask->('?attributes');
        is $ask->('?attributes'), $before, "$base: attributes are as connect says, whatever the request before has set";
        is $ask->('?handler'), 'none', "$base: no HandleError is left";
        is $ask->('?cached') . $ask->('?cached'), '12', "$base: a statement of prepare_cached is kept";
        is $ask->('?active') . $ask->('?active'), 'finishedfinished', "$base: and finished when its request is over";
        is $ask->('?keep'), 'kept', "$base: a handle that is kept beyond its request";
        like $ask->('figures?kept'), qr/^dead inactive do: this handle has gone back to PerlDBPool .*call DBI->connect again at /, "$base: is no handle any more";
        like $ask->('figures?statement'), qr/^execute: this handle has gone back to PerlDBPool .*call DBI->connect again at /, "$base: its statement is none, either";
        is $ask->('?statement'), 1, "$base: both are again, when their interpreter connects again";
        like $ask->('?disconnect'), qr/^alive busy=1 same$|^dead busy=0 same$/, "$base: disconnect gives it back";
        is $ask->('?disconnect2'), 'alive', "$base: where connect was called twice it has to be called twice";
        is $ask->('?via_cached'), 'same 1', "$base: connect_cached has the same connections";
        is $ask->('?outside'), 'other DBI::db 1', "$base: a method of connecting that is named is taken";
        is $ask->('?root'), 'My::Root::db My::Root::st', "$base: RootClass";
        is $ask->('?subclass') . $ask->('?subclass'), 'My::Root::db mineMy::Root::db mine', "$base: a subclass of DBI";
        is $ask->('?fork'), 'alive', "$base: a process that a script forks does not end the connection";
        is $ask->('?forked'), 'DBI::db alive alive', "$base: and has connections of its own";
        is $ask->('?second'), 'had', "$base: more connections as long as there are";
        like $ask->('figures'), qr/^0 [23] 0$/, "$base: none is in use when no request is";
        is $ask->('?start'), $mpm eq 'prefork' ? 'DBI::db alive' : 'DBI::db dead', "$base: start-up code has had one of its own";
        if ($base eq 'PostgreSQL') {
            $watch->do('SELECT pg_terminate_backend(?)', undef, $number = $ask->('?number'));
            ok wait_until(sub { !$watch->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE pid = ?', undef, $number) }), 'a connection that the database has ended';
            my $new = $ask->('?number');
            ok $new =~ /^\d+\z/ && $new != $number, 'is replaced in the next request';
        }
        next unless $base eq 'SQLite';
        my $text = 'unable to open database file';
        like $ask->('?unknown'), qr{^undef\|$text\|DBI connect\('dbname=/no/such/folder/x','',\.\.\.\) failed: $text at \S+/My/Data\.pm line \d+\.?\n\|1\z}, 'what cannot be opened is told as ever, and takes no place';
    }
});

# ---- many at once
for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    for (@BASES) {
        my ($base, $dsn) = @$_;
        my $s = TestHttpd->start(mpm => $mpm, %start, config => <<"C" . $HANDLERS);
\@one_child\@
PerlInterpStart 10
PerlInterpMinSpare 10
PerlInterpMaxSpare 10
PerlInterpMax 10
PerlSetVar DSN "$dsn"
PerlDBPool dbi:* max=2 idle=1
C
        my $ask = asking($s);
        my @counts = map { ref $_ ? @$_ : $_ } $s->parallel(10, sub { map { $ask->('?count') } 1 .. 10 });
        is_deeply [ grep { !/^[12]\z/ } @counts ], [], "$base: ten interpreters have at most two connections together, and no request fails";
        is scalar @counts, 100, "$base: all have answered";
        cmp_ok + (split / /, $ask->('figures'))[1], '<=', 2, "$base: none is left over";
        ok wait_until(sub { $ask->('figures') eq '0 0 0' }), "$base: what is idle for longer than the line says is closed";
        is backends(), 0, "$base: the database sees it" if $base eq 'PostgreSQL';
        like $ask->('?number'), qr/\d/, "$base: and the next request has a new one";
        my $number = $ask->('?replace');
        isnt $ask->('?number'), $number, "$base: an interpreter that ends closes its connections";
        ok wait_until(sub { $ask->('figures') =~ /^0 [01] 0$/ }), "$base: and gives their places back";
        if ($base eq 'PostgreSQL') {
            $s->stop;
            ok wait_until(sub { backends() == 0 }), 'a server that stops leaves none';
        }
    }
});
# ---- who finds none
for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, %start, config => <<'C' . $HANDLERS);
@one_child@
PerlInterpStart 2
PerlInterpMinSpare 2
PerlInterpMax 4
PerlSetVar DSN dbi:SQLite:dbname=@var@/data.db
PerlDBPool dbi:* max=1 wait=300ms
<PerlInterpClass reports>
    PerlDBPool dbi:* max=2
</PerlInterpClass>
<PerlInterpClass other>
</PerlInterpClass>
Listen 127.0.0.1:@port:line@
<VirtualHost 127.0.0.1:@port:line@>
    PerlProcessConnectionHandler My::Data::speak
</VirtualHost>
<Location /reports>
    PerlUseClass reports
</Location>
<Location /other>
    PerlUseClass other
</Location>
C
    my $ask    = asking($s);
    my $during = sub { my ($how, @ask) = @_; my (undef, $got) = $s->parallel(2, sub { my ($i) = @_; return $ask->($how) unless $i; wait_until(sub { $ask->('figures') =~ /^1/ }); return map { $ask->($_) } @ask }); return @$got };
    $s->expect_log(qr/DBI connect\('dbname=.*',...\) failed: PerlDBPool dbi:\*: none of max=1 connections came free \(\S+:\d+\): 1 are in use, 0 are idle in interpreters that run something else; it waited 0\.3 s at /);
    is_deeply [ $during->('?slow', '?number', 'reports?number', 'other?number') ]->[0], 500, 'who finds none in time gets an error from DBI->connect';
    my (undef, $reports, $other) = $during->('?slow', 'figures', 'reports?second', 'other?number');
    is $reports, 'had', 'a class has connections of its own, as many as its line says';
    like $other, qr/^\d/, 'and one that has no line as many as its server says';
    like $ask->('?second'), qr/^PerlDBPool dbi:\*: none of max=1 .*; this request has connections already, for which others may be waiting, so it waited 0\.3 s/, 'a request that has one already';
    my $line = $s->socket($s->port('line'));
    my @said = map { print {$line} "next\n"; scalar readline $line } 1 .. 2;
    like $said[0], qr/^\d\S+ 1$/, 'a handler of connections';
    is $said[1], $said[0], 'has its connection';
    close $line;
    ok wait_until(sub { $ask->('figures') =~ /^0 / }), 'until its client has gone';
    # An idle connection whose interpreter runs something else, and one whose interpreter is idle.
    my ($busy, $free) = $s->parallel(2, sub { my ($i) = @_; return $ask->('figures?sleep') unless $i; Time::HiRes::sleep(0.05); return map { $ask->($_) } ('?number') x 3 });
    is_deeply [ grep { !/^\d[\d.]+\z/ } @$free ], [], 'a connection makes way for one of another interpreter' or diag "@$free";
});
done_testing;
