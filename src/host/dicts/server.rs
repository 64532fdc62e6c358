//! Entries on a Redis or Valkey server: what a line says, as `dict-redis` has it.

use config::RedisServer;
use dict_redis::{Redis, Server, Tls};

/// The store of a dictionary of this name. It connects when it is used first.
///
/// # Errors
/// The file of certificates cannot be read; they are none.
pub fn store(name: &str, of: &RedisServer) -> Result<Redis, String> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let read = |file: &str| std::fs::read(file).map_err(|why| format!("ca={file}: {why}"));
    let tls = match &of.ca {
        Some(file) => Some(Tls { ca: Some(read(file)?) }),
        None => of.is_tls.then(Tls::default),
    };
    let server = Server {
        host: of.host.clone(),
        port: of.port,
        db: of.db.into(),
        user: given(&of.user),
        password: given(&of.password),
        tls,
        max: of.max,
        timeout: of.timeout,
    };
    Redis::new(name, server)
}
