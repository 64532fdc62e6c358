//! A dictionary whose entries are on a Redis or Valkey server, so that servers on many machines share them.
//!
//! Each step is one command or one script of the server's, which it runs as one. What a dictionary of this machine can do is done in the
//! same way here, and nothing else of the server is used. Every wait is bounded: for a connection, for its making, for an answer.
//!
//! | file | holds |
//! |---|---|
//! | `text` | values, as the server has them |
//! | `scripts` | the scripts |
//! | `connections` | connections that the threads of a process share |
//!
//! Nothing here knows a language or httpd. No unsafe.

#![forbid(unsafe_code)]

mod connections;
mod scripts;
mod text;

use std::time::Duration;

use dict::store::{check_key, millis, now};
use dict::{End, Error, Life, LockOf, Number, Result, Size, Store, Stored, Value, When};
use redis::{Cmd, FromRedisValue, cmd};

use connections::{Connections, Failed};
pub use connections::{Server, Tls};
use scripts::{Scripts, scripts};

/// So many keys the server looks at in one step, when it looks through all.
const SCANNED: usize = 1000;

/// A dictionary on a server.
pub struct Redis {
    connections: Connections,
    scripts: Scripts,
    /// Names of its keys on the server begin so.
    name: String,
}

impl Redis {
    /// The dictionary of a name on a server. Nobody connects before it is used.
    ///
    /// # Errors
    /// What is wrong with the address, or with the certificates.
    pub fn new(name: &str, server: Server) -> std::result::Result<Redis, String> {
        Ok(Redis { connections: Connections::new(server)?, scripts: scripts(), name: name.into() })
    }

    /// The name of a value's key on the server.
    fn key(&self, key: &[u8]) -> Result<Vec<u8>> {
        check_key(key)?;
        Ok([self.name.as_bytes(), b":", key].concat())
    }

    fn lock_key(&self, name: &[u8], of: LockOf) -> Result<Vec<u8>> {
        check_key(name)?;
        let of: &[u8] = match of {
            LockOf::Script => b"#lock:",
            LockOf::Once => b"#once:",
        };
        Ok([self.name.as_bytes(), of, name].concat())
    }

    fn fence_key(&self) -> Vec<u8> {
        [self.name.as_bytes(), b"#fence"].concat()
    }

    fn ask<T: FromRedisValue>(&self, command: &Cmd, what: &'static str) -> Result<T> {
        self.connections.with(|connection| command.query(connection)).map_err(|failed| failed.error(what))
    }

    fn run<T: FromRedisValue>(
        &self,
        script: &redis::Script,
        keys: &[&[u8]],
        arguments: &[&[u8]],
        what: &'static str,
    ) -> Result<T> {
        let mut call = script.prepare_invoke();
        keys.iter().for_each(|key| {
            call.key(*key);
        });
        arguments.iter().for_each(|argument| {
            call.arg(*argument);
        });
        self.connections.with(|connection| call.invoke(connection)).map_err(|failed| failed.error(what))
    }
}

/// Milliseconds as an argument; 0 for none.
fn time(time: Option<Duration>) -> Vec<u8> {
    time.map_or(0, millis).to_string().into_bytes()
}

impl Store for Redis {
    fn get(&self, key: &[u8]) -> Result<Option<Stored>> {
        let bytes: Option<Vec<u8>> = self.ask(cmd("GET").arg(self.key(key)?), Error::NO_PLAIN)?;
        Ok(bytes.map(|bytes| text::stored(&bytes, now())))
    }

    fn set(&self, key: &[u8], value: &Value, life: Life, when: When) -> Result<bool> {
        let bytes = text::with_time(value, life, now());
        let whole = life.ttl.map(|ttl| ttl.saturating_add(life.stale));
        if when == When::Always {
            let mut command = cmd("SET");
            command.arg(self.key(key)?).arg(bytes);
            if let Some(whole) = whole {
                command.arg("PX").arg(millis(whole));
            }
            let () = self.ask(&command, Error::NO_PLAIN)?;
            return Ok(true);
        }
        let wants_it: &[u8] = if when == When::Present { b"1" } else { b"0" };
        self.run(&self.scripts.set, &[&self.key(key)?], &[&now_text(), &bytes, &time(whole), wants_it], Error::NO_PLAIN)
    }

    fn incr(&self, key: &[u8], by: Number, init: Number, ttl: Option<Duration>) -> Result<Number> {
        let (by, init) = (text::of(&by.into()), text::of(&init.into()));
        let sum: Vec<u8> =
            self.run(&self.scripts.incr, &[&self.key(key)?], &[&now_text(), &by, &init, &time(ttl)], Error::NO_NUMBER)?;
        text::value(&sum).number().ok_or(Error::Overflow)
    }

    fn delete(&self, key: &[u8]) -> Result<bool> {
        self.run(&self.scripts.delete, &[&self.key(key)?], &[&now_text()], Error::NO_PLAIN)
    }

    fn push(&self, key: &[u8], end: End, item: &Value) -> Result<u64> {
        let command: &[u8] = match end {
            End::Left => b"LPUSH",
            End::Right => b"RPUSH",
        };
        let arguments: &[&[u8]] = &[&now_text(), command, &text::of(item)];
        self.run(&self.scripts.push, &[&self.key(key)?], arguments, Error::NO_LIST)
    }

    fn pop(&self, key: &[u8], end: End) -> Result<Option<Value>> {
        let command = match end {
            End::Left => "LPOP",
            End::Right => "RPOP",
        };
        let item: Option<Vec<u8>> = self.ask(cmd(command).arg(self.key(key)?), Error::NO_LIST)?;
        Ok(item.map(|item| text::value(&item)))
    }

    fn length(&self, key: &[u8]) -> Result<u64> {
        self.ask(cmd("LLEN").arg(self.key(key)?), Error::NO_LIST)
    }

    fn ttl(&self, key: &[u8]) -> Result<Option<Option<Duration>>> {
        let left: i64 = self.run(&self.scripts.ttl, &[&self.key(key)?], &[&now_text()], Error::NO_PLAIN)?;
        Ok(match left {
            -2 => None,
            -1 => Some(None),
            left => Some(Some(Duration::from_millis(left.unsigned_abs()))),
        })
    }

    fn expire(&self, key: &[u8], ttl: Option<Duration>) -> Result<bool> {
        self.run(&self.scripts.expire, &[&self.key(key)?], &[&now_text(), &time(ttl)], Error::NO_PLAIN)
    }

    fn keys(&self, most: usize) -> Result<Vec<Vec<u8>>> {
        let mut keys = Vec::new();
        self.scan(|found| {
            let begin = self.name.len() + 1;
            keys.extend(found.iter().filter_map(|key| key.get(begin..)).map(<[u8]>::to_vec));
            Ok(keys.len() < most)
        })?;
        keys.sort_unstable();
        // The server may name a key twice.
        keys.dedup();
        keys.truncate(most);
        Ok(keys)
    }

    fn clear(&self) -> Result<()> {
        self.scan(|found| {
            if !found.is_empty() {
                let () = self.ask(cmd("UNLINK").arg(found), Error::NO_PLAIN)?;
            }
            Ok(true)
        })
    }

    fn lock(&self, name: &[u8], of: LockOf, ttl: Duration) -> Result<Option<u64>> {
        let keys: &[&[u8]] = &[&self.lock_key(name, of)?, &self.fence_key()];
        self.run(&self.scripts.lock, keys, &[&time(Some(ttl))], Error::NO_PLAIN)
    }

    fn unlock(&self, name: &[u8], of: LockOf, number: u64) -> Result<bool> {
        let number = number.to_string();
        self.run(&self.scripts.unlock, &[&self.lock_key(name, of)?], &[number.as_bytes()], Error::NO_PLAIN)
    }

    fn size(&self) -> Result<Size> {
        // What the server holds beside this dictionary cannot be told from it without looking at every key.
        Ok(Size::default())
    }
}

impl Redis {
    /// Calls with the keys of this dictionary, some at a time, until `f` says that it is enough.
    fn scan(&self, mut f: impl FnMut(&[Vec<u8>]) -> Result<bool>) -> Result<()> {
        let pattern = [self.name.as_bytes(), b":*"].concat();
        let mut cursor = 0_u64;
        loop {
            let mut command = cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCANNED);
            let (next, found): (u64, Vec<Vec<u8>>) = self.ask(&command, Error::NO_PLAIN)?;
            if !f(&found)? || next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}

fn now_text() -> Vec<u8> {
    now().to_string().into_bytes()
}

impl Failed {
    /// What the caller is told; `what` the value should have been.
    fn error(self, what: &'static str) -> Error {
        match self {
            Failed::Server(error) => match error.code() {
                Some("WRONGTYPE" | "NOTTHAT") => Error::Kind(what),
                Some("TOOLARGE") => Error::Overflow,
                Some("OOM") => Error::Away(format!("the server is full: {error}")),
                _ => Error::Away(format!("the server says: {error}")),
            },
            Failed::Away(why) => Error::Away(why),
            Failed::Late(why) => Error::Late(why),
        }
    }
}
