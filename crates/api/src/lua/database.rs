//! `dbacquire`: databases, over mod_dbd or by a driver's name and parameters.
//!
//! A connection dies with its request if the script does not close it before. What a statement finds is read whole, so it
//! is good beyond the connection; a closed connection and its statements say so.

use apr::{
    Pool,
    dbd::{self, NoDatabase, Prepared, Rows},
};
use httpd::{
    Request,
    dbd::{NoConnection, Pooled},
};
use interp::*;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ffi::{CStr, CString},
    ptr::NonNull,
};

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(
    LUA,
    [method("dbacquire([kind], [parameters])", dbacquire)
        .doc("A database: of mod_dbd, or by a driver's name and its parameters; or nil and why there is none.")],
);

/// A connection, kept by the pool of the request that acquired it.
pub struct Database {
    open: Cell<Option<Open>>,
    /// The request's pool, in which this lies.
    pool: NonNull<Pool>,
}
object!(Database, "Apache2::Database");

/// A prepared statement, kept likewise.
pub struct Statement {
    database: NonNull<Database>,
    statement: Prepared,
    /// How many values it takes; unknown where mod_dbd has prepared it.
    values: Option<usize>,
}
object!(Statement, "Apache2::Database::Statement");

/// What a query found, kept likewise.
pub struct ResultSet {
    rows: Rows,
    next: Cell<usize>,
}
object!(ResultSet, "Apache2::Database::Results");

/// Rows of a connection.
pub static DATABASE: Class = Class::of::<Database>(&only(
    LUA,
    [
        method("query(r, statement)", query)
            .doc("Runs a statement; how many rows it has changed, or nil and the driver's message."),
        method("select(r, statement)", select).doc("Runs a query; its result set, or nil and the driver's message."),
        method("prepare(r, statement)", prepare)
            .doc("Prepares a statement, in which %s, %d and so on stand for values; or nil and the driver's message."),
        method("prepared(r, name)", prepared)
            .doc("The statement that DBDPrepareSQL has prepared under a name; or nil and why there is none."),
        method("escape(r, text)", escape).doc("A text as it may stand between quotes in a statement."),
        method("active()", active).doc("Whether the connection is open and answers."),
        method("close()", close).doc("Closes the connection; a status, 0 if all is well."),
    ],
))
.doc("A connection to a database.");

/// Rows of a statement.
pub static STATEMENT: Class = Class::of::<Statement>(&only(
    LUA,
    [
        method("query(@values)", query_prepared).doc(
            "Runs the statement with these values; how many rows it has changed, or nil and the driver's message.",
        ),
        method("select(@values)", select_prepared)
            .doc("Runs the query with these values; its result set, or nil and the driver's message."),
    ],
))
.doc("A prepared statement.");

/// Rows of a result set.
pub static RESULT_SET: Class = Class::of::<ResultSet>(&only(
    LUA,
    [method("__call([number], [by_name])", rows)
        .doc("All rows (0), the next one (-1), or one by its number from 1; columns by number, or by name.")],
))
.doc("The result of a query.");

const CLOSED: &str = "the connection to the database is closed";

#[derive(Clone, Copy)]
enum Open {
    /// By a driver's name; it lies in a pool of its own.
    Own(dbd::Database),
    /// Of mod_dbd.
    Pooled(Pooled, dbd::Database),
}

// SAFETY: it goes with its request, in whose pool it lies, from thread to thread.
unsafe impl Send for Database {}

impl Database {
    fn pool(&self) -> &Pool {
        // SAFETY: this lies in it.
        unsafe { self.pool.as_ref() }
    }

    fn database(&self) -> Result<dbd::Database, &'static str> {
        match self.open.get() {
            Some(Open::Own(database) | Open::Pooled(_, database)) => Ok(database),
            None => Err(CLOSED),
        }
    }

    fn statement(&self, statement: Prepared, values: Option<usize>) -> &Statement {
        let statement = self.pool().place(Statement { database: NonNull::from(self), statement, values });
        // SAFETY: lies in the pool in which this lies.
        unsafe { statement.as_ref() }
    }

    fn close(&self) -> apr::Status {
        match self.open.take() {
            // SAFETY: taken out, so nothing uses it afterwards; only the driver's own cleanups run.
            Some(Open::Own(database)) => unsafe {
                let status = database.close();
                database.pool().destroy(apr::Reenter::assume());
                status
            },
            // SAFETY: as above.
            Some(Open::Pooled(pooled, _)) => unsafe {
                pooled.give_back();
                apr::Status::SUCCESS
            },
            None => apr::Status::SUCCESS,
        }
    }
}

/// Closes a connection when its request ends.
struct Closes(NonNull<Database>);
// SAFETY: the pool dies on one thread, while nobody uses the request.
unsafe impl Send for Closes {}

impl Closes {
    fn run(self) {
        // SAFETY: runs before the pool gives back what lies in it.
        unsafe { self.0.as_ref() }.close();
    }
}

/// A value, or nil (or false) and a text.
type Or<T> = Either<T, List<Value>>;

fn nil<T>(text: impl Into<String>) -> Or<T> {
    Either::B(List(vec![Value::Nothing, Value::Text(text.into().into())]))
}
fn no<T>(text: &str) -> Or<T> {
    Either::B(List(vec![Value::Bool(false), text.into()]))
}

pub(super) fn dbacquire<'r>(r: &'r Request, kind: Option<&[u8]>, parameters: Option<&[u8]>) -> Or<&'r Database> {
    let kind = kind.unwrap_or(b"mod_dbd");
    let open = if kind == b"mod_dbd" { borrow(r) } else { open(r, kind, parameters.unwrap_or_default()) };
    match open {
        Ok(open) => {
            let pool = r.pool();
            let database = pool.lend(Database { open: Cell::new(Some(open)), pool: NonNull::from(pool) });
            let closes = Closes(NonNull::from(database));
            let _ = pool.before_death(move || closes.run());
            Either::A(database)
        }
        Err(results) => Either::B(results),
    }
}

fn borrow(r: &Request) -> Result<Open, List<Value>> {
    let text = match Pooled::open(r, r.pool()) {
        Ok(pooled) => {
            // SAFETY: it is used until it is given back, which takes it out of the connection.
            if let Some(database) = unsafe { pooled.database() } {
                return Ok(Open::Pooled(pooled, database));
            }
            // SAFETY: nothing of it was used.
            unsafe { pooled.give_back() };
            "mod_dbd gave a connection without a database"
        }
        Err(NoConnection::NoModule) => "mod_dbd is not loaded",
        Err(NoConnection::Refused) => {
            "mod_dbd has no connection to the database: is it running, and may the server use it?"
        }
    };
    Err(List(vec![Value::Nothing, text.into()]))
}

fn open(r: &Request, driver: &[u8], parameters: &[u8]) -> Result<Open, List<Value>> {
    let nil = |text: &str| List(vec![Value::Nothing, text.into()]);
    if parameters.is_empty() {
        return Err(nil("the parameters of the connection are missing"));
    }
    let pool = r.pool().create().map_err(|status| nil(&status.to_string()))?;
    dbd::Database::open(driver, parameters, pool, r.server().process_pool()).map(Open::Own).map_err(|error| {
        let name = String::from_utf8_lossy(driver);
        let results = match error {
            NoDatabase::Driver(status) => {
                let text = format!("there is no driver for {name}: {status}");
                List(vec![Value::Nothing, Value::Text(text.into()), Value::Int(status.code().into())])
            }
            NoDatabase::Connection(text) => {
                nil(&text.unwrap_or_else(|| format!("the driver for {name} could not connect")))
            }
        };
        // SAFETY: nobody knows the pool; only the driver's own cleanups run.
        unsafe { pool.destroy(apr::Reenter::assume()) };
        results
    })
}

fn query(db: &Database, _r: &Request, statement: &[u8]) -> Or<i64> {
    match db.database() {
        Ok(database) => database.query(statement).map_or_else(nil, Either::A),
        Err(closed) => nil(closed),
    }
}

fn select<'d>(db: &'d Database, _r: &Request, statement: &[u8]) -> Or<&'d ResultSet> {
    match db.database() {
        Ok(database) => found(db, database.select(statement, db.pool())),
        Err(closed) => no(closed),
    }
}

fn found(db: &Database, rows: Result<Rows, String>) -> Or<&ResultSet> {
    rows.map_or_else(nil, |rows| Either::A(db.pool().lend(ResultSet { rows, next: Cell::new(0) })))
}

/// What was prepared lies as long as the connection, which with mod_dbd outlives many requests: each text only once.
fn prepare<'d>(db: &'d Database, _r: &Request, text: &[u8]) -> Or<&'d Statement> {
    const KEY: &CStr = c"mod_interp.statements";
    type Statements = RefCell<HashMap<Vec<u8>, Prepared>>;
    let database = match db.database() {
        Ok(database) => database,
        Err(closed) => return nil(closed),
    };
    let pool = database.pool();
    let kept = pool.userdata(KEY).map(NonNull::cast::<Statements>).unwrap_or_else(|| {
        let made = pool.keep(Statements::default());
        pool.set_userdata(KEY, Some(made.cast()));
        made
    });
    // SAFETY: only this function keeps something under this key, always such a map, which lives as long as the pool.
    let statements = unsafe { kept.as_ref() };
    let known = statements.borrow().get(text).copied();
    let statement = match known.map_or_else(|| database.prepare(text), Ok) {
        Ok(statement) => statement,
        Err(error) => return nil(error),
    };
    if known.is_none() {
        statements.borrow_mut().insert(text.to_vec(), statement);
    }
    Either::A(db.statement(statement, Some(values_in(text))))
}

/// Each `%` stands for a value, but `%%` for itself.
fn values_in(text: &[u8]) -> usize {
    let (mut count, mut rest) = (0, text);
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        let is_value = rest.get(at + 1) != Some(&b'%');
        count += usize::from(is_value);
        rest = &rest[(at + if is_value { 1 } else { 2 }).min(rest.len())..];
    }
    count
}

fn prepared<'d>(db: &'d Database, _r: &Request, name: &[u8]) -> Or<&'d Statement> {
    let statement = match db.open.get() {
        // SAFETY: it was not given back, or it would not be there; neither is the statement used after that.
        Some(Open::Pooled(pooled, _)) => unsafe { pooled.prepared(name) },
        Some(Open::Own(_)) => None,
        None => return nil(CLOSED),
    };
    match statement {
        Some(statement) => Either::A(db.statement(statement, None)),
        None => nil(format!("no statement is prepared under the name {}", String::from_utf8_lossy(name))),
    }
}

fn escape(db: &Database, _r: &Request, text: &[u8]) -> Option<Vec<u8>> {
    db.database().ok()?.escape(text, db.pool())
}

fn active(db: &Database) -> bool {
    db.database().is_ok_and(|database| database.is_alive())
}

fn close(db: &Database) -> i32 {
    db.close().code()
}

/// Runs a statement with a script's values; `f` gets them as the driver takes them.
fn with_values<'s, T>(
    statement: &'s Statement,
    values: Plains,
    f: impl FnOnce(&'s Database, dbd::Database, Prepared, &[Option<&CStr>]) -> Or<T>,
) -> Result<Or<T>> {
    // SAFETY: of the same request, whose pool keeps both.
    let db = unsafe { statement.database.as_ref() };
    let given = values.iter().len();
    if let Some(wanted) = statement.values.filter(|wanted| *wanted > given) {
        return Ok(no(&format!("the prepared statement takes {wanted} values, not {given}")));
    }
    let database = match db.database() {
        Ok(database) => database,
        Err(closed) => return Ok(no(closed)),
    };
    let texts = values
        .iter()
        .take(statement.values.unwrap_or(usize::MAX))
        .map(|value| match value {
            Plain::Nothing => Ok(None),
            Plain::Bool(flag) => Ok(Some(if flag { c"1".to_owned() } else { c"0".to_owned() })),
            value => CString::new(value.text().unwrap_or_default().into_owned()).map(Some),
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| "a value of a prepared statement holds a NUL")?;
    let texts: Vec<_> = texts.iter().map(Option::as_deref).collect();
    Ok(f(db, database, statement.statement, &texts))
}

fn query_prepared(statement: &Statement, values: Plains) -> Result<Or<i64>> {
    with_values(statement, values, |db, database, prepared, values| {
        database.query_prepared(prepared, values, db.pool()).map_or_else(nil, Either::A)
    })
}

fn select_prepared<'s>(statement: &'s Statement, values: Plains) -> Result<Or<&'s ResultSet>> {
    with_values(statement, values, |db, database, prepared, values| {
        found(db, database.select_prepared(prepared, values, db.pool()))
    })
}

fn rows(results: &ResultSet, number: Option<i64>, by_name: Option<Switch>) -> Value {
    results.rows(number.unwrap_or(0), Switch::is_on(by_name))
}

impl ResultSet {
    fn rows(&self, number: i64, by_name: bool) -> Value {
        let at = match number {
            0 => {
                self.next.set(self.rows.rows.len());
                return Value::Array((0..self.rows.rows.len()).map(|at| self.row(at, by_name)).collect());
            }
            1.. => usize::try_from(number - 1).unwrap_or(usize::MAX),
            _ => {
                let at = self.next.get();
                self.next.set(at.saturating_add(1));
                at
            }
        };
        self.row(at, by_name)
    }

    /// Nothing behind the last one. A column that is NULL is not in it.
    fn row(&self, at: usize, by_name: bool) -> Value {
        let Some(row) = self.rows.rows.get(at) else { return Value::Nothing };
        let columns = row.iter().zip(1..).filter_map(|(value, i)| Some((i, value.as_deref()?)));
        if !by_name {
            return Value::Numbered(columns.map(|(i, value)| (i, value.into())).collect());
        }
        let name = |i: i64| self.rows.names.get(i as usize - 1).cloned().flatten();
        Value::Table(columns.map(|(i, value)| (name(i).unwrap_or_default(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_statement_are_counted_and_a_percent_sign_is_none() {
        assert_eq!(values_in(b"SELECT 1"), 0);
        assert_eq!(values_in(b"a > %u AND b = %s AND c LIKE 'x%%' AND d = %d"), 3);
        assert_eq!(values_in(b"%%%s%"), 2);
    }

    #[test]
    fn rows_come_all_at_once_one_by_one_or_by_number() {
        let text = |text: &str| Some(text.as_bytes().to_vec());
        let rows = Rows {
            names: vec![text("name"), text("age")],
            rows: vec![vec![text("Ann"), text("7")], vec![None, text("8")]],
        };
        let found = ResultSet { rows, next: Cell::new(0) };
        let (ann, other) =
            (Value::Numbered(vec![(1, "Ann".into()), (2, "7".into())]), Value::Numbered(vec![(2, "8".into())]));
        assert_eq!(found.rows(-1, false), ann);
        assert_eq!(found.rows(2, false), other);
        assert_eq!(found.rows(-1, true), Value::Table(vec![(b"age".to_vec(), "8".into())]));
        assert_eq!((found.rows(-1, false), found.rows(3, false)), (Value::Nothing, Value::Nothing));
        assert_eq!(found.rows(0, false), Value::Array(vec![ann, other]));
        assert_eq!(found.rows(-1, false), Value::Nothing);
    }
}
