//! APR's databases (`apr_dbd`): one connection, statements, results that are read at once.
//!
//! A result is copied out whole: no row or text of a driver's is seen outside. A driver reads past its arguments when a
//! statement gets too few of them, and past the end of a result that is read on: neither can happen here.

use crate::{Pool, Reenter, Status, bytes_at, ffi, with_cstr};
use std::{
    ffi::{CStr, c_char, c_int},
    ptr::{self, NonNull},
};

/// A connection to a database. It does not end by itself: see [`Database::close`].
#[derive(Clone, Copy, Debug)]
pub struct Database {
    driver: NonNull<ffi::apr_dbd_driver_t>,
    handle: NonNull<ffi::apr_dbd_t>,
    /// The pool that lives as long as the connection.
    pool: NonNull<ffi::apr_pool_t>,
}

// SAFETY: as `Pool`: one thread at a time uses it, says `from_parts`.
unsafe impl Send for Database {}

/// A statement that the driver has prepared; good as long as its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prepared(NonNull<ffi::apr_dbd_prepared_t>);

// SAFETY: as `Database`.
unsafe impl Send for Prepared {}

/// What a query found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Rows {
    /// Names of the columns; `None` where the driver does not say.
    pub names: Vec<Option<Vec<u8>>>,
    /// A value for each column; `None` is NULL.
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
}

/// Why there is no connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoDatabase {
    /// There is no driver of that name: what APR says.
    Driver(Status),
    /// The driver could not connect: its message, if it has one.
    Connection(Option<String>),
}

/// The least number of arguments that a driver is given, since APR does not tell its drivers how many there are. What a script left
/// out is NULL.
const ARGUMENTS: usize = 256;

impl Database {
    /// Connects, with the driver of this name (`sqlite3`, `pgsql`) and the parameters it expects. `process` is the pool
    /// that lives longest (drivers stay loaded), `pool` the one that the connection lies in.
    ///
    /// # Errors
    /// See [`NoDatabase`].
    pub fn open(driver: &[u8], parameters: &[u8], pool: &Pool, process: &Pool) -> Result<Database, NoDatabase> {
        let (mut found, mut handle, mut error) = (ptr::null(), ptr::null_mut(), ptr::null());
        // SAFETY: pools live; APR sets the driver if it succeeds; the first call does all there is to do, under APR's own
        // lock.
        let status = with_cstr(driver, |name| unsafe {
            match ffi::apr_dbd_init(process.as_ptr()) {
                0 => ffi::apr_dbd_get_driver(process.as_ptr(), name.as_ptr(), &mut found),
                failed => failed,
            }
        });
        let driver = NonNull::new(found.cast_mut()).filter(|_| status == 0);
        let driver = driver.ok_or(NoDatabase::Driver(Status(status)))?;
        // SAFETY: driver and pool live; the parameters are copied where they are kept.
        let status = unsafe {
            ffi::apr_dbd_open_ex(
                driver.as_ptr(),
                pool.as_ptr(),
                pool.cstr(parameters).as_ptr(),
                &mut handle,
                &mut error,
            )
        };
        match NonNull::new(handle) {
            Some(handle) if status == 0 => Ok(Database { driver, handle, pool: NonNull::from(pool).cast() }),
            // SAFETY: null or the driver's message, which lies in the pool.
            _ => Err(NoDatabase::Connection(unsafe { message(error) })),
        }
    }

    /// A connection that somebody else opened, and will close.
    ///
    /// # Safety
    /// Driver, handle and pool are null or belong to each other, and live and are used by one thread at a time as long as
    /// this is used.
    pub unsafe fn from_parts(
        driver: *const ffi::apr_dbd_driver_t,
        handle: *mut ffi::apr_dbd_t,
        pool: *mut ffi::apr_pool_t,
    ) -> Option<Database> {
        let driver = NonNull::new(driver.cast_mut())?;
        Some(Database { driver, handle: NonNull::new(handle)?, pool: NonNull::new(pool)? })
    }

    /// The pool in which the connection lies.
    pub fn pool(&self) -> &Pool {
        // SAFETY: lives as long as the connection.
        unsafe { self.pool.cast::<Pool>().as_ref() }
    }

    /// Ends the connection.
    ///
    /// # Safety
    /// Neither this nor anything prepared with it is used afterwards.
    pub unsafe fn close(self) -> Status {
        // SAFETY: the caller's promise.
        Status(unsafe { ffi::apr_dbd_close(self.driver.as_ptr(), self.handle.as_ptr()) })
    }

    /// Whether the database still answers.
    pub fn is_alive(&self) -> bool {
        // SAFETY: all live.
        unsafe { ffi::apr_dbd_check_conn(self.driver.as_ptr(), self.pool.as_ptr(), self.handle.as_ptr()) == 0 }
    }

    /// Runs a statement that gives no rows; returns how many rows it has changed.
    ///
    /// # Errors
    /// The driver's message.
    pub fn query(&self, statement: &[u8]) -> Result<i64, String> {
        let mut changed: c_int = 0;
        // SAFETY: all live; a C string for the call.
        let status = with_cstr(statement, |text| unsafe {
            ffi::apr_dbd_query(self.driver.as_ptr(), self.handle.as_ptr(), &mut changed, text.as_ptr())
        });
        self.checked(status).map(|()| i64::from(changed))
    }

    /// Runs a statement that gives rows. `temporary` lives at least as long as the call.
    ///
    /// # Errors
    /// The driver's message.
    pub fn select(&self, statement: &[u8], temporary: &Pool) -> Result<Rows, String> {
        self.read(temporary, |pool, results| {
            // SAFETY: all live; a C string for the call.
            with_cstr(statement, |text| unsafe {
                ffi::apr_dbd_select(self.driver.as_ptr(), pool, self.handle.as_ptr(), results, text.as_ptr(), 1)
            })
        })
    }

    /// Prepares a statement: `%s`, `%d` and so on stand for arguments, `%%` for a percent sign. It lies in the connection's
    /// pool.
    ///
    /// # Errors
    /// The driver's message.
    pub fn prepare(&self, statement: &[u8]) -> Result<Prepared, String> {
        let mut prepared = ptr::null_mut();
        let text = self.pool().cstr(statement);
        // SAFETY: all live; the text lies as long as the statement.
        let status = unsafe {
            let (driver, handle, pool) = (self.driver.as_ptr(), self.handle.as_ptr(), self.pool.as_ptr());
            ffi::apr_dbd_prepare(driver, pool, handle, text.as_ptr(), ptr::null(), &mut prepared)
        };
        self.checked(status)?;
        NonNull::new(prepared).map(Prepared).ok_or_else(|| "the driver has prepared nothing".into())
    }

    /// As [`Database::query`], with a prepared statement. `None` is NULL.
    ///
    /// # Errors
    /// The driver's message.
    pub fn query_prepared(
        &self,
        statement: Prepared,
        arguments: &[Option<&CStr>],
        temporary: &Pool,
    ) -> Result<i64, String> {
        let mut changed: c_int = 0;
        let mut list = list_of(arguments);
        // SAFETY: all live; the driver reads as many arguments as the statement has, and there are more than any has.
        let status = unsafe {
            ffi::apr_dbd_pquery(
                self.driver.as_ptr(),
                temporary.as_ptr(),
                self.handle.as_ptr(),
                &mut changed,
                statement.0.as_ptr(),
                arguments.len() as c_int,
                list.as_mut_ptr(),
            )
        };
        self.checked(status).map(|()| i64::from(changed))
    }

    /// As [`Database::select`], with a prepared statement. `None` is NULL.
    ///
    /// # Errors
    /// The driver's message.
    pub fn select_prepared(
        &self,
        statement: Prepared,
        arguments: &[Option<&CStr>],
        temporary: &Pool,
    ) -> Result<Rows, String> {
        let mut list = list_of(arguments);
        let (count, list) = (arguments.len() as c_int, &mut list);
        self.read(temporary, |pool, results| {
            // SAFETY: as in `query_prepared`.
            unsafe {
                let (driver, handle, statement) = (self.driver.as_ptr(), self.handle.as_ptr(), statement.0.as_ptr());
                ffi::apr_dbd_pselect(driver, pool, handle, results, statement, 1, count, list.as_mut_ptr())
            }
        })
    }

    /// A text as it may stand between quotes in a statement. `None` where the driver cannot tell.
    pub fn escape(&self, text: &[u8], temporary: &Pool) -> Option<Vec<u8>> {
        // SAFETY: all live; the result is copied before the pool can go.
        with_cstr(text, |text| unsafe {
            let (driver, pool, handle) = (self.driver.as_ptr(), temporary.as_ptr(), self.handle.as_ptr());
            bytes_at(ffi::apr_dbd_escape(driver, pool, text.as_ptr(), handle)).map(<[u8]>::to_vec)
        })
    }

    /// Runs a query and copies out what it finds.
    fn read(
        &self,
        temporary: &Pool,
        run: impl FnOnce(*mut ffi::apr_pool_t, *mut *mut ffi::apr_dbd_results_t) -> c_int,
    ) -> Result<Rows, String> {
        let pool = temporary.create().map_err(|status| status.to_string())?;
        let mut results = ptr::null_mut();
        let status = run(pool.as_ptr(), &mut results);
        let rows = self.checked(status).map(|()| match results.is_null() {
            true => Rows::default(),
            // SAFETY: the driver has just made the result; it lies in this pool.
            false => unsafe { self.rows(results, pool) },
        });
        // SAFETY: known to nobody else, and nothing of it is used afterwards; only the driver's own cleanups run.
        unsafe { pool.destroy(Reenter::assume()) };
        rows
    }

    /// # Safety
    /// The result lives, and no row of it was read yet.
    unsafe fn rows(&self, results: *mut ffi::apr_dbd_results_t, pool: &Pool) -> Rows {
        let driver = self.driver.as_ptr();
        // SAFETY: the result lives. Rows are read in order until the driver says that there are no more, and then no
        // longer; values are copied before the next one is read.
        unsafe {
            let columns = ffi::apr_dbd_num_cols(driver, results).max(0);
            let names = (0..columns).map(|i| bytes_at(ffi::apr_dbd_get_name(driver, results, i)).map(<[u8]>::to_vec));
            let mut found = Rows { names: names.collect(), rows: Vec::new() };
            let mut row = ptr::null_mut();
            while ffi::apr_dbd_get_row(driver, pool.as_ptr(), results, &mut row, -1) == 0 && !row.is_null() {
                found.rows.push((0..columns).map(|i| self.value(row, i)).collect());
            }
            found
        }
    }

    /// # Safety
    /// The row lives and has that column.
    unsafe fn value(&self, row: *mut ffi::apr_dbd_row_t, column: c_int) -> Option<Vec<u8>> {
        let driver = self.driver.as_ptr();
        // SAFETY: the caller's promise; the text is copied at once.
        unsafe {
            let value = bytes_at(ffi::apr_dbd_get_entry(driver, row, column))?;
            if value.is_empty() {
                // Some drivers give empty text for NULL, and tell here.
                let mut text: *const c_char = ptr::null();
                let kind = ffi::APR_DBD_TYPE_STRING;
                if ffi::apr_dbd_datum_get(driver, row, column, kind, (&raw mut text).cast()) == libc::ENOENT {
                    return None;
                }
            }
            Some(value.to_vec())
        }
    }

    fn checked(&self, status: c_int) -> Result<(), String> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: all live; the message is copied at once.
        let text = unsafe { message(ffi::apr_dbd_error(self.driver.as_ptr(), self.handle.as_ptr(), status)) };
        Err(text.unwrap_or_else(|| format!("the database driver failed with status {status}")))
    }
}

impl Prepared {
    /// A statement that somebody else prepared.
    ///
    /// # Safety
    /// It is null or lives as long as it is used, and belongs to the connection it is used with.
    pub unsafe fn from_ptr(statement: *mut ffi::apr_dbd_prepared_t) -> Option<Prepared> {
        NonNull::new(statement).map(Prepared)
    }
}

fn list_of(arguments: &[Option<&CStr>]) -> Vec<*const c_char> {
    let mut list: Vec<_> = arguments.iter().map(|a| a.map_or(ptr::null(), CStr::as_ptr)).collect();
    list.resize(list.len().max(ARGUMENTS), ptr::null());
    list
}

/// # Safety
/// Null or a C string.
unsafe fn message(text: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    unsafe { bytes_at(text) }.map(|text| String::from_utf8_lossy(text).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<Vec<u8>> {
        Some(text.into())
    }

    /// Nothing is tested where the driver is not installed.
    fn sqlite() -> Option<(Database, &'static Pool)> {
        Pool::initialize().unwrap();
        let pool = Pool::root().unwrap();
        match Database::open(b"sqlite3", b":memory:", pool, pool) {
            Ok(database) => Some((database, pool)),
            Err(NoDatabase::Driver(_)) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn statements_change_and_find_rows_and_null_is_no_text() {
        let Some((db, pool)) = sqlite() else { return };
        db.query(b"CREATE TABLE t (name TEXT, age INTEGER)").unwrap();
        assert_eq!(db.query(b"INSERT INTO t VALUES ('Ann', 7), ('', NULL)"), Ok(2));
        let found = db.select(b"SELECT name, age AS years FROM t ORDER BY age DESC", pool).unwrap();
        assert_eq!(found.names, [text("name"), text("years")]);
        assert_eq!(found.rows, [[text("Ann"), text("7")], [text(""), None]]);
        assert_eq!(db.select(b"SELECT * FROM t WHERE age > 99", pool).unwrap().rows.len(), 0);
        assert!(db.select(b"SELECT nonsense FROM t", pool).unwrap_err().contains("nonsense"));
        assert!(db.query(b"DELETE FROM nowhere").unwrap_err().contains("nowhere"));
        assert_eq!(db.escape(b"it's", pool).unwrap(), b"it''s");
        assert!(db.is_alive());
        // SAFETY: not used afterwards.
        assert!(unsafe { db.close() }.is_success());
    }

    #[test]
    fn a_prepared_statement_is_used_again_and_what_is_left_out_is_null() {
        let Some((db, pool)) = sqlite() else { return };
        db.query(b"CREATE TABLE t (name TEXT, age INTEGER)").unwrap();
        let insert = db.prepare(b"INSERT INTO t VALUES (%s, %d)").unwrap();
        assert_eq!(db.query_prepared(insert, &[Some(c"Ann"), Some(c"7")], pool), Ok(1));
        assert_eq!(db.query_prepared(insert, &[Some(c"Bob")], pool), Ok(1));
        let find = db.prepare(b"SELECT name FROM t WHERE age > %d OR name LIKE 'B%%'").unwrap();
        let found = db.select_prepared(find, &[Some(c"6")], pool).unwrap();
        assert_eq!(found.rows, [[text("Ann")], [text("Bob")]]);
        assert!(db.prepare(b"SELECT").is_err());
        // SAFETY: not used afterwards.
        unsafe { db.close() };
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        Pool::initialize().unwrap();
        let pool = Pool::root().unwrap();
        assert!(matches!(Database::open(b"no_such", b"x", pool, pool), Err(NoDatabase::Driver(_))));
        if sqlite().is_some() {
            let failed = Database::open(b"sqlite3", b"/nowhere/at/all.db", pool, pool);
            assert!(matches!(failed, Err(NoDatabase::Connection(_))), "{failed:?}");
        }
    }
}
