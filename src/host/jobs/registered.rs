//! A job of this server, as the site keeps it.

use std::sync::Arc;

use config::Job;
use httpd::KeptServer;

use super::runs::Runs;
use crate::host::lease::Stock;

/// A job, and in whose parent interpreter it runs.
pub struct Registered {
    /// What its line says.
    pub job: Job,
    /// The server in whose configuration the line stands.
    pub server: KeptServer,
    /// The interpreters: those of the server, or of the class in whose section the line stands.
    pub stock: Arc<Stock>,
    /// Its last runs.
    pub runs: Runs,
}
