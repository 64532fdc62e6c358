# r:dbacquire and what it gives: the same on SQLite and PostgreSQL, opened by the script or by mod_dbd. PostgreSQL runs in
# a scratch folder; what is not installed is skipped.
use lib 't/lib';
use TestHttpd::Lua;
use TestHttpd::Postgres;

my $sqlite = grep { -e } glob '/usr/lib/*/apr-util-1/apr_dbd_sqlite3*.so';
plan skip_all => 'APR has no driver for SQLite (libaprutil1-dbd-sqlite3)' unless $sqlite;
my $no_pg = TestHttpd::Postgres::missing();
my $driver = $no_pg ? undef : (grep { -e } glob '/usr/lib/*/apr-util-1/apr_dbd_pgsql*.so')[0];
my ($dir) = $no_pg || $driver ? () : scratch_package('libaprutil1-dbd-pgsql');      # where it cannot be installed
$driver ||= (glob "$dir/usr/lib/*/apr-util-1/apr_dbd_pgsql.so")[0] if $dir;
$no_pg ||= 'APR has no driver for PostgreSQL (libaprutil1-dbd-pgsql)' unless $driver;
my $pg = $no_pg ? undef : TestHttpd::Postgres->start;

my $CLOSED = 'the closed handle is used';
my $ALL    = 'db:select(r, "SELECT name, age FROM people ORDER BY age")';
# Run in this order on each database; db is open.
my @CASES = (
    ['a table is made',            'return (db:query(r, "CREATE TABLE people (name varchar(40), age integer, note varchar(40))"))', qr/^\d+$/],
    ['query gives rows affected',  q{return db:query(r, "INSERT INTO people VALUES ('ann', 20, 'x')"), db:query(r, "INSERT INTO people VALUES ('bob', 30, NULL)"), db:query(r, "INSERT INTO people (name, age) VALUES ('cy', 40)")}, '1|1|1'],
    ['all rows',                   "local rows = $ALL return rows(0)", '{1={1=ann 2=20} 2={1=bob 2=30} 3={1=cy 2=40}}'],
    ['all rows by name',           "local rows = $ALL return rows(0, true)", '{1={age=20 name=ann} 2={age=30 name=bob} 3={age=40 name=cy}}'],
    ['one after the other',        "local rows = $ALL local out = {} while true do local row = rows(-1) if not row then break end out[#out + 1] = row[1] end return table.concat(out, ' ')", 'ann bob cy'],
    ['one after the other by name', "local rows = $ALL return rows(-1, true).name, rows(-1, true).age", 'ann|30'],
    ['a row by its number',        "local rows = $ALL return rows(2)[1]", qr/^(?:bob|cy)$/],
    ['values are text',            "local rows = $ALL return type(rows(-1)[2])", 'string'],
    ['NULL is nothing',            q{local rows = db:select(r, "SELECT note, name FROM people WHERE age >= 30 ORDER BY age") return rows(0)}, '{1={2=bob} 2={2=cy}}'],
    ['no rows',                    q{local rows = db:select(r, "SELECT * FROM people WHERE age > 100") return rows(0), (rows(-1))}, '{}|nil'],
    ['an iterator over rows',      "local rows = $ALL local function each() local row = rows(-1) return row and row[1] end local out = '' for name in each do out = out .. name end return out", 'annbobcy'],
    ['a query that is wrong',      'local n, e = db:query(r, "INSERT INTO nowhere VALUES (1)") return n, type(e), #e > 0', 'nil|string|true'],
    ['a select that is wrong',     'local n, e = db:select(r, "SELECT nothing FROM nowhere") return n, type(e), #e > 0', 'nil|string|true'],
    ['and the next is right',      "local rows = $ALL return #rows(0)", '3'],
    ['escape',                     q{return db:escape(r, "it's"), db:escape(r, "plain")}, "it''s|plain"],
    ['prepare and select',         q{local st, e = db:prepare(r, "SELECT name FROM people WHERE age > %d ORDER BY age") local rows = st:select(25) return e, rows(0)}, 'nil|{1={1=bob} 2={1=cy}}'],
    ['a statement more than once', q{local st = db:prepare(r, "SELECT name FROM people WHERE name = %s") return st:select("ann")(0), st:select("cy")(0), st:select("none")(0)}, '{1={1=ann}}|{1={1=cy}}|{}'],
    ['prepare and query',          q{local st = db:prepare(r, "INSERT INTO people (name, age) VALUES (%s, %d)") return st:query("o'neil; --", 50), st:query("dee", 60)}, '1|1'],
    ['values are not read as SQL', q{local rows = db:select(r, "SELECT name FROM people WHERE age = 50") return rows(0)[1][1]}, "o'neil; --"],
    ['bytes above 127',            q{local st = db:prepare(r, "INSERT INTO people (name, age) VALUES (%s, %d)") st:query("\195\164", 70) return db:select(r, "SELECT name FROM people WHERE age = 70")(0)[1][1]}, "\xc3\xa4"],
    ['too few values',             q{local st = db:prepare(r, "SELECT name FROM people WHERE name = %s AND age = %d") local n, e = st:select("ann") return n, e}, qr/^false\|.*2.*1/],
    ['a percent sign',             q{local st = db:prepare(r, "SELECT name FROM people WHERE name LIKE 'a%%' AND age = %d") return st:select(20)(0)}, '{1={1=ann}}'],
    ['a statement that is wrong',  q{local st, e = db:prepare(r, "SELECT nothing FROM") if st then local n n, e = st:select() end return type(e)}, 'string'],
    ['update',                     q{return db:query(r, "UPDATE people SET note = 'new' WHERE age >= 30")}, '5'],
    ['delete',                     q{return db:query(r, "DELETE FROM people WHERE age > 45"), #db:select(r, "SELECT name FROM people")(0)}, '3|3'],
    ['a thousand rows',            q{db:query(r, "BEGIN") local st = db:prepare(r, "INSERT INTO people (name, age) VALUES (%s, %d)") for i = 1, 1000 do st:query("n" .. i, 1000 + i) end db:query(r, "COMMIT")
        local n, sum = 0, 0 local rows = db:select(r, "SELECT age FROM people WHERE age > 1000") while true do local row = rows(-1) if not row then break end n = n + 1 sum = sum + row[1] end return n, sum}, '1000|1500500'],
    ['active',                     'return db:active()', 'true'],
    ['close',                      'return db:close(), db:active()', '0|false'],
    ['close twice',                'return db:close(), db:close()', '0|0'],
    ['query after close',          'db:close() local n, e = db:query(r, "SELECT 1") return n == -1 or n == nil or n == false', 'true'],
    ['select after close',         'db:close() return (db:select(r, "SELECT 1")) or false', 'false'],
    ['escape after close',         'db:close() return (db:escape(r, "x"))', 'nil'],
    ['prepare after close',        'db:close() local st, e = db:prepare(r, "SELECT 1") return st, type(e)', 'nil|string', ends => $CLOSED],
    ['a statement after close',    'local st = db:prepare(r, "SELECT name FROM people WHERE age = %d") db:close() local n, e = st:select(20) return n, type(e)', 'false|string', ends => $CLOSED],
    ['an unknown tag',             'local st, e = db:prepared(r, "none") return st, type(e)', 'nil|string', ends_direct => 'a handle without mod_dbd has no tags'],
    ['garbage closes',             'db = nil collectgarbage() collectgarbage() return "alive"', 'alive'],
    ['arguments are looked at',    'return (pcall(db.query, db, r)), (pcall(db.select, db, r, {})), (pcall(db.escape, db, r)), (pcall(db.prepare, db, r, nil)), (pcall(db.query, {}, r, "x")), (pcall(db.select, db, nil, "x"))', 'false|false|false|false|false|false'],
);
my @PREPARED = (
    ['prepared select',            q{local st = db:prepared(r, "older") return st:select(25)(0)}, '{1={1=bob} 2={1=cy}}'],
    ['prepared with two values',   q{local st = db:prepared(r, "exact") return st:select("ann", 20)(0, true)}, '{1={name=ann}}'],
    ['prepared query',             q{local st = db:prepared(r, "rename") return st:query("zed", 40), db:select(r, "SELECT name FROM people WHERE age = 40")(0)[1][1]}, '1|zed'],
);
my $MAKE = q{CREATE TABLE people (name varchar(40), age integer, note varchar(40)); INSERT INTO people VALUES ('ann', 20, 'x'), ('bob', 30, NULL), ('cy', 40, NULL)};
my $DBD  = <<'C';
DBDPrepareSQL "SELECT name FROM people WHERE age > %d AND age < 1000 ORDER BY age" older
DBDPrepareSQL "SELECT name FROM people WHERE name = %s AND age = %d" exact
DBDPrepareSQL "UPDATE people SET name = %s WHERE age = %d" rename
C

# The cases on one kind of handle: its name, how a script opens it, configuration, cases.
sub database {
    my ($name, $open, $conf, $cases, %start) = @_;
    my @rows = map {
        my ($what, $script, $expected, %opt) = @$_;
        $opt{ends} = $opt{ends_direct} if $opt{ends_direct} && $open =~ /,/;
        $opt{wrong} = 'a result of PostgreSQL has no columns' if $name =~ /PostgreSQL/ && $script =~ /rows|\(0|that is wrong|st:select|nowhere/;
        ["$name: $what", "local db, err = r:dbacquire($open) if err then return err end $script", $expected, %opt]
    } @$cases;
    test_rows(\@rows, mpms => ['event'], config => $conf, env => { $dir ? (LD_LIBRARY_PATH => $driver =~ s{/[^/]*$}{}r) : () }, %start);
}
database('SQLite', '"sqlite3", "@var@/people.db"', '', \@CASES);
database('mod_dbd with SQLite', '"mod_dbd"', qq(DBDriver sqlite3\nDBDParams "\@var\@/people.db"\n), \@CASES, load => ['dbd']);
SKIP: {
    skip $no_pg, 3 if $no_pg;
    my $params = $pg->params;
    database('PostgreSQL', qq("pgsql", "$params"), '', \@CASES);
    database('drop it', qq("pgsql", "$params"), '', [['the table', 'return (db:query(r, "DROP TABLE people"))', qr/^\d+$/]]);
    database('mod_dbd with PostgreSQL', '', qq(DBDriver pgsql\nDBDParams "$params"\nDBDMin 1\nDBDKeep 2\n), \@CASES, load => ['dbd']);
    database('tags of PostgreSQL', '"mod_dbd"', qq(DBDriver pgsql\nDBDParams "$params"\n$DBD), \@PREPARED, load => ['dbd']);
}
SKIP: {
    skip 'no sqlite3 program to make a table before httpd starts', 1 unless grep { -x "$_/sqlite3" } split /:/, $ENV{PATH};
    my $file = File::Temp::tempdir(CLEANUP => 1, TMPDIR => 1);
    system 'sqlite3', "$file/p.db", $MAKE;
    chmod 0777, $file;
    chmod 0666, "$file/p.db";
    database('tags of SQLite', '"mod_dbd"', qq(DBDriver sqlite3\nDBDParams "$file/p.db"\n$DBD), \@PREPARED, load => ['dbd']);
}
# Handles that scripts leave open go back when they are garbage: two connections serve many requests.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $left = 'function handle(r) local db, e = r:dbacquire() if not db then r:puts(e) return apache2.OK end r:puts(db:select(r, "SELECT 1")(0)[1][1]) return apache2.OK end';
    my $s = TestHttpd::Lua->start(mpm => $mpm, load => ['dbd'], files => { 'htdocs/left.lua' => $left }, config => qq(DBDriver sqlite3\nDBDParams "\@var\@/left.db"\nDBDMin 1\nDBDKeep 1\nDBDMax 2\n));
    is join('', map { $s->get('/left.lua')->{content} } 1 .. 50), '1' x 50, 'handles left open, one after the other';
    my @got = $s->parallel(2, sub { map { $s->get('/left.lua')->{content} } 1 .. 25 });
    is_deeply \@got, [ ([ (1) x 25 ]) x 2 ], 'and two at once';
});
test_rows([
    ['without mod_dbd',            'local db, e = r:dbacquire("mod_dbd") return db, e', qr/^nil\|.*mod_dbd/],
    ['mod_dbd is what is meant',   'local db, e = r:dbacquire() return db, e', qr/^nil\|.*mod_dbd/],
    ['an unknown driver',          'local db, e = r:dbacquire("nonsense", "x") return db, e', qr/^nil\|.*nonsense/],
    ['no parameters',              'local db, e = r:dbacquire("sqlite3", "") return db, type(e)', 'nil|string'],
    ['parameters are a string',    'return (pcall(r.dbacquire, r, "sqlite3")), (pcall(r.dbacquire, r, {}))', ours() ? 'true|false' : 'false|false'],
    ['what cannot be opened',      'local db, e = r:dbacquire("sqlite3", "/no/such/folder/x.db") return db', 'nil'],
], mpms => ['event']);
$pg->stop if $pg;

done_testing;
