//! Connections that the threads of a process share, in a tipool: made when one is needed and none is idle, up to a number.
//!
//! Each process has its own: a process that is forked from one with connections makes new ones. A server that is away is asked again
//! after a while; meanwhile everybody is told at once.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use dict::store::{millis, now};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult,
    TlsCertificates,
};
use tipool::{Limits, Manage, Refused, Tipool};

/// A connection that was idle for so long is asked whether it is one still.
const IDLE: Duration = Duration::from_secs(1);
/// So long nobody asks a server that did not answer to a connection.
const AWAY: Duration = Duration::from_millis(500);

/// A server, and how long it is waited for.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The number of the database.
    pub db: i64,
    /// As whom to log in.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<String>,
    /// Whether the connection is encrypted.
    pub tls: Option<Tls>,
    /// Most connections of a process.
    pub max: u32,
    /// How long to wait for a connection, and for an answer.
    pub timeout: Duration,
}

/// How to know the server.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Certificates that are trusted, in PEM; without them those of the system.
    pub ca: Option<Vec<u8>>,
}

/// Why there was no answer.
pub(crate) enum Failed {
    /// The server says so.
    Server(RedisError),
    /// There is no server, or the connection broke.
    Away(String),
    /// It took too long.
    Late(String),
}

/// An idle connection, and since when.
pub(crate) struct Connection {
    connection: redis::Connection,
    used: Instant,
}

/// Makes connections.
struct Maker {
    client: Client,
    timeout: Duration,
    title: String,
    /// Until when the server is taken to be away, in milliseconds since 1970.
    away: AtomicU64,
}

impl Manage for Maker {
    type Item = Connection;
    type Error = String;

    fn create(&self) -> Result<Connection, String> {
        let left = self.away.load(Relaxed).saturating_sub(now());
        if left > 0 && left <= millis(AWAY) {
            return Err(format!("{}: no connection a moment ago", self.title));
        }
        let made = self.client.get_connection_with_timeout(self.timeout).and_then(|connection| {
            connection.set_read_timeout(Some(self.timeout))?;
            connection.set_write_timeout(Some(self.timeout))?;
            Ok(connection)
        });
        match made {
            Ok(connection) => Ok(Connection { connection, used: Instant::now() }),
            Err(error) => {
                self.away.store(now().saturating_add(millis(AWAY)), Relaxed);
                Err(format!("{}: no connection: {error}", self.title))
            }
        }
    }

    fn destroy(&self, _: Connection) {}
}

/// The connections of this process.
pub(crate) struct Connections {
    client: Client,
    server: Server,
    title: String,
    own: Mutex<Option<(u32, Tipool<Maker>)>>,
}

impl Connections {
    pub(crate) fn new(server: Server) -> Result<Connections, String> {
        let client = client(&server).map_err(|error| error.to_string())?;
        let scheme = if server.tls.is_some() { "rediss" } else { "redis" };
        let title = format!("{scheme}://{}:{}/{}", server.host, server.port, server.db);
        Ok(Connections { client, server, title, own: Mutex::new(None) })
    }

    /// Does something on a connection, which must be one question and its answer.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut redis::Connection) -> RedisResult<T>) -> Result<T, Failed> {
        let timeout = self.server.timeout;
        let until = Instant::now() + timeout;
        let tipool = self.own(until)?;
        let mut lease = loop {
            let mut lease = tipool.checkout(until).map_err(|refused| match refused {
                Refused::CannotCreate(why) => Failed::Away(why),
                refused => Failed::Late(format!(
                    "{}: all max={} connections of this process are in use: {refused} ({} s)",
                    self.title,
                    self.server.max,
                    timeout.as_secs_f64()
                )),
            })?;
            if lease.used.elapsed() < IDLE || redis::cmd("PING").query::<()>(&mut lease.connection).is_ok() {
                break lease;
            }
            // Its end was not noticed: the next one is another, or new.
            lease.retire();
        };
        let done = f(&mut lease.connection);
        lease.used = Instant::now();
        match done {
            Ok(done) => Ok(done),
            Err(error) if is_of_connection(&error) => {
                lease.retire();
                let title = &self.title;
                Err(if error.is_timeout() {
                    Failed::Late(format!("{title}: no answer in {} s", timeout.as_secs_f64()))
                } else {
                    Failed::Away(format!("{title}: the connection broke: {error}"))
                })
            }
            Err(error) => Err(Failed::Server(error)),
        }
    }

    /// The pool of this process.
    fn own(&self, until: Instant) -> Result<Tipool<Maker>, Failed> {
        let pid = std::process::id();
        let mut own = loop {
            match self.own.try_lock() {
                Ok(own) => break own,
                Err(TryLockError::Poisoned(own)) => break own.into_inner(),
                // Where another thread has it while a script forks, the new process never gets it.
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::yield_now(),
                Err(TryLockError::WouldBlock) => {
                    return Err(Failed::Late(format!("{}: busy", self.title)));
                }
            }
        };
        if let Some((of, tipool)) = &*own
            && *of == pid
        {
            return Ok(tipool.clone());
        }
        let max = self.server.max as usize;
        let limits =
            Limits { start: 0, max, min_spare: 0, max_spare: max, max_uses: 0, max_age: None, ..Limits::default() };
        let (client, timeout, title) = (self.client.clone(), self.server.timeout, self.title.clone());
        let tipool = Tipool::new(Maker { client, timeout, title, away: AtomicU64::new(0) }, limits);
        let old = own.replace((pid, tipool.clone()));
        // Those of the process from which this one was forked are that one's.
        mem::forget(old);
        Ok(tipool)
    }
}

fn is_of_connection(error: &RedisError) -> bool {
    error.is_io_error() || error.is_timeout() || error.is_connection_dropped() || error.is_unrecoverable_error()
}

fn client(server: &Server) -> RedisResult<Client> {
    let (host, port) = (server.host.clone(), server.port);
    let address = match &server.tls {
        None => ConnectionAddr::Tcp(host, port),
        Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
    };
    let mut login = RedisConnectionInfo::default().set_db(server.db).set_skip_set_lib_name();
    if let Some(user) = &server.user {
        login = login.set_username(user);
    }
    if let Some(password) = &server.password {
        login = login.set_password(password);
    }
    let info: ConnectionInfo = address.into_connection_info()?.set_redis_settings(login);
    match &server.tls {
        Some(Tls { ca: Some(ca) }) => {
            Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(ca.clone()) })
        }
        _ => Client::open(info),
    }
}
