# PerlEx::DBI, for scripts that were written for PerlEx: a connection per interpreter and arguments, which disconnect does not end.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Postgres;

for my $needed (qw(DBI DBD::SQLite)) { plan skip_all => "needs $needed" unless eval "require $needed; 1" }
my $no_pg = TestHttpd::Postgres::missing() || (eval { require DBD::Pg } ? undef : 'DBD::Pg is not installed (libdbd-pg-perl)');
my $pg    = $no_pg ? undef : TestHttpd::Postgres->start;
my $pg_dsn = $pg && 'dbi:Pg:' . $pg->params =~ tr/ /;/r;
my $watch = $pg && DBI->connect("$pg_dsn;application_name=watch", '', '', { RaiseError => 1 });
sub backends { $watch->selectrow_array(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND backend_type = 'client backend' AND application_name <> 'watch'}) }

my %DO = (
    number     => q{ return number($h) },
    same       => q{ my %or = (RaiseError => 1, PrintError => 0); my $again = PerlEx::DBI->connect($dsn, '', '', \%or); my $other = DBI->connect($dsn, '', '', { RaiseError => 1 }); return join ' ', ref $h, "$again" eq DBI->connect($dsn, '', '', \%or) ? 'same' : 'other', "$other" eq "$again" ? 'same' : 'other' },
    disconnect => q{ my $number = number($h); $h->disconnect; return $h->ping && $number eq number(DBI->connect($dsn, '', '', { RaiseError => 1 })) ? 'same' : 'other' },
    begin      => q{ $h->do('CREATE TABLE IF NOT EXISTS data (line VARCHAR(20))'); $h->begin_work; $h->do("INSERT INTO data VALUES ('lost')"); return 'left' },
    rows       => q{ return scalar @{ $h->selectcol_arrayref('SELECT line FROM data') } },
    start      => q{ return ref $main::at_start },
    slow       => q{ Time::HiRes::sleep(0.02); return join ' ', ModInterp::Status->interpreter, number($h) },
);
my $MODULE = <<'P' . snippets('My::Data::do', \%DO, 'my ($r, $h, $dsn) = @_;') . "1;\n";
package My::Data;
use strict;
use warnings;
use PerlEx::DBI;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use ModInterp::Status ();
use Time::HiRes ();
our (%do, $number);
sub number { my ($h) = @_; return $h->{Driver}{Name} eq 'Pg' ? $h->{pg_pid} : ($h->{private_number} ||= "$$." . ModInterp::Status->interpreter . '.' . ++$number) }
sub handler {
    my $r = shift;
    my $dsn = $r->dir_config('DSN');
    my $said = $do{ $r->args }->($r, DBI->connect($dsn, '', '', { RaiseError => 1 }), $dsn);
    $r->content_type('text/plain');
    $r->print($said);
    return 0;
}
P
sub start {
    my ($mpm, $dsn, $interpreters) = @_;
    return TestHttpd->start(mpm => $mpm, modules => { 'My/Data.pm' => $MODULE }, config => <<"C");
\@one_child\@
PerlInterpStart $interpreters
PerlInterpMax $interpreters
PerlInterpMaxSpare $interpreters
PerlInterpMinSpare $interpreters
PerlSetVar DSN "$dsn"
PerlModule My::Data
<Perl>
    \$main::at_start = DBI->connect('dbi:SQLite:dbname=:memory:', '', '', {});
</Perl>
SetHandler modperl
PerlResponseHandler My::Data
C
}
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for (['SQLite', 'dbi:SQLite:dbname=@var@/data.db'], $pg ? ['PostgreSQL', $pg_dsn] : ()) {
        my ($base, $dsn) = @$_;
        my $s = start($mpm, $dsn, 1);
        my $ask = sub { my $answer = $s->get("/$_[0]"); return $answer->{status} == 200 ? $answer->{content} : $answer->{status} };
        my $number = $ask->('?number');
        is $ask->('?number'), $number, "$base: a connection lasts";
        is $ask->('?same'), 'PerlEx::DBI::db same other', "$base: one for all arguments, attributes included";
        is $ask->('?disconnect'), 'same', "$base: disconnect does nothing";
        is $ask->('?begin') . $ask->('?rows'), 'left0', "$base: what a request leaves open is rolled back";
        is $ask->('?start'), 'DBI::db', "$base: start-up code has connections of its own";
        if ($base eq 'PostgreSQL') {
            $watch->do('SELECT pg_terminate_backend(?)', undef, $number);
            ok wait_until(sub { !$watch->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE pid = ?', undef, $number) }), 'a connection that the database has ended';
            my $new = $ask->('?number');
            ok $new =~ /^\d+\z/ && $new != $number, 'is replaced in the next request';
            $watch->do('DROP TABLE data');
        }
    }
});
for_each_mpm('event', sub {
    my ($mpm) = @_;
    return pass("not without PostgreSQL: $no_pg") if $no_pg;
    my $s = start($mpm, $pg_dsn, 10);
    my (%of, @wrong);
    for (map { ref $_ ? @$_ : $_ } $s->parallel(10, sub { map { $s->get('/?slow')->{content} } 1 .. 10 })) {
        my ($interpreter, $connection) = /^(\d+) (\d+)\z/ or push @wrong, $_;
        $of{$interpreter}{$connection} = 1 if $interpreter;
    }
    is "@wrong", '', 'a hundred requests of ten clients';
    is_deeply [ grep { keys %{ $of{$_} } > 1 } keys %of ], [], 'each interpreter has one connection for them';
    cmp_ok backends(), '<=', 10, 'so there are at most ten';
});
done_testing;
