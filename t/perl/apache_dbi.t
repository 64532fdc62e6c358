# Apache::DBI, as Debian packages it: connections that last, one for each interpreter, rolled back behind a request that forgets to.
use lib 't/lib';
use TestHttpd;

for my $needed (qw(DBI DBD::SQLite)) { plan skip_all => "needs $needed" unless eval "require $needed; 1" }
my $package = eval { require Apache::DBI } ? '' : scratch_package('libapache-dbi-perl');
plan skip_all => 'no package libapache-dbi-perl, installed or to be had' unless defined $package;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Data.pm' => <<'P' }, files => { 'startup.pl' => <<'S' }, config => ($package ? "PerlSwitches -I$package/usr/share/perl5\n" : '') . <<'C');
package My::Data;
use strict;
use warnings;
use DBI ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Log ();
use Time::HiRes ();
my @about = ('dbi:SQLite:dbname=@var@/data.db', '', '', { RaiseError => 1, AutoCommit => 1 });
our $at_start;
# Where a handle is in memory does not tell connections apart, since a copy may lie anywhere: SQLite's own number of changes does.
sub handler {
    my $r = shift;
    my $how = $r->args // '';
    my $h = DBI->connect(@about);
    my $said = '';
    if ($how eq 'insert')      { $h->do('INSERT INTO data VALUES (?)', undef, 'kept'); $h->disconnect }
    if ($how eq 'begin')       { $h->begin_work; $h->do('INSERT INTO data VALUES (?)', undef, 'lost') }
    if ($how eq 'nocommit')    { my $own = DBI->connect(@about[0 .. 2], { RaiseError => 1, AutoCommit => 0 }); $own->do('INSERT INTO data VALUES (?)', undef, 'lost') }
    if ($how eq 'die')         { $h->begin_work; $h->do('INSERT INTO data VALUES (?)', undef, 'lost'); die "left alone\n" }
    if ($how eq 'slow')        { $h->{private_mine} ||= 0; Time::HiRes::sleep(0.4) }
    if ($how eq 'gone')        { $h->{private_gone} = 1; $h->DBI::db::disconnect; }
    if ($how eq 'start')       { $said = eval { $at_start->ping } ? 'alive ' : 'dead ' }
    $h = DBI->connect(@about) if $how eq 'gone';
    if ($how eq 'pool') { $said = join ' ', map { ref DBI->$_('dbi:SQLite:dbname=@var@/pooled.db', '', '', {}) } qw(connect connect_cached); $said .= ' ' . ref(DBI->connect_cached(@about)) . ' ' }
    my $times = ++$h->{private_times};
    my $rows = join ',', @{ $h->selectcol_arrayref('SELECT line FROM data ORDER BY rowid') };
    $r->content_type('text/plain');
    $r->print(join(' ', $said . ref $h, $h->FETCH('Active') ? 'active' : 'inactive', "times=$times", "gone=" . ($h->{private_gone} ? 1 : 0), "rows=$rows", "at=$$." . ModInterp::Status->interpreter), "\n");
    return 0;
}
1;
P
use strict;
use warnings;
use Apache2::Status ();
use Apache::DBI ();
use ModInterp::Status ();
use DBI ();
my @about = ('dbi:SQLite:dbname=@var@/data.db', '', '', { RaiseError => 1, AutoCommit => 1 });
if (!-e '@var@/data.db') {
    my $h = DBI->connect(@about);
    $h->do('CREATE TABLE data (line TEXT)');
    $h->disconnect;
    chmod 0666, '@var@/data.db';
}
require My::Data;
$My::Data::at_start = DBI->connect(@about);
Apache::DBI->connect_on_init(@about);
Apache::DBI->setPingTimeOut($about[0], 0);
1;
S
@one_child@
PerlInterpStart 1
PerlInterpMinSpare 1
PerlInterpMax 4
PerlRequire @root@/startup.pl
PerlDBPool dbi:SQLite:dbname=@var@/pooled.db max=2
SetHandler modperl
PerlResponseHandler My::Data
<Location /perl-status>
    SetHandler perl-script
    PerlResponseHandler Apache2::Status
</Location>
C
    my $ask = sub { my $answer = $s->get("/$_[0]"); chomp(my $text = $answer->{content}); return $answer->{status} == 200 ? $text : $answer->{status} };
    my $one = $ask->('');
    like $one, qr/^Apache::DBI::db active times=1 gone=0 rows= /, 'a handle of Apache::DBI';
    like $ask->(''), qr/times=2 /, 'lasts until the next request';
    like $ask->('?insert'), qr/times=3 .*rows=kept /, 'and beyond disconnect';
    like $ask->(''), qr/active times=4 .*rows=kept /, 'which does nothing';
    like $ask->('?begin'), qr/rows=kept,lost /, 'a transaction that is begun and left';
    like $ask->(''), qr/rows=kept /, 'is rolled back when its request is over';
    $s->expect_log(qr/left alone/);
    is $ask->('?die'), 500, 'a handler that dies in a transaction';
    like $ask->(''), qr/rows=kept /, 'that one, too';
    $ask->('?nocommit');
    like $ask->(''), qr/rows=kept /, 'one without AutoCommit';
    like $ask->('?gone'), qr/^Apache::DBI::db active times=1 gone=0 rows=kept /, 'a connection that does not answer is replaced';
    like $s->get('/perl-status?DBI')->{content}, qr/dbname=.*data\.db/, 'the page of Apache2::Status lists it';

    like $ask->('?pool'), qr/^ModInterp::DBPool::db ModInterp::DBPool::db Apache::DBI::db Apache::DBI::db active/, 'data sources of PerlDBPool have its connections, all others those of Apache::DBI';

    # ---- start-up code
    my $start = $ask->('?start');
    like $start, qr/Apache::DBI::db active/, 'a handle that start-up code has left does no harm';
    like $start, qr/^dead /, 'and clones cannot use it' if $mpm ne 'prefork';

    # ---- several interpreters
    if ($mpm ne 'prefork') {
        my (%times, @wrong);
        ok wait_until(sub {
            for my $text (map { ref $_ ? @$_ : $_ } $s->parallel(4, sub { $ask->('?slow') })) {
                my ($times, $at) = $text =~ /^Apache::DBI::db active times=(\d+) .* at=(\S+)$/ or push @wrong, $text;
                push @{ $times{$at} }, $times if defined $at;
            }
            return keys %times >= 3 || @wrong;
        }), 'requests at once run in several interpreters';
        is "@wrong", '', 'each has a connection';
        is_deeply [grep { my %seen; grep { $seen{$_}++ } @{ $times{$_} } } sort keys %times], [], 'that no other uses: each counts its own uses';
        cmp_ok scalar(grep { $_->[0] == 1 } values %times), '>=', 2, 'interpreters that were made later begin with a new one';
    }
});

done_testing;
