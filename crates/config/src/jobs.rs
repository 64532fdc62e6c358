//! Jobs: code that runs at times of its own, beside the requests.

use std::sync::Arc;
use std::time::Duration;

use croner::Cron;

use crate::handler::Handler;
use crate::place::Where;

/// When a job runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Due {
    /// That long after its last run began, and after the server's start.
    Every(Duration),
    /// At these times, by the clock of the machine.
    At(Box<Cron>),
}

/// A job, and the line that makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// Its name.
    pub name: Arc<str>,
    /// The directive, for messages.
    pub directive: &'static str,
    /// When it runs.
    pub due: Due,
    /// How many runs of it there may be at once.
    pub max: u32,
    /// After how long a run is ended.
    pub timeout: Option<Duration>,
    /// Its code; the line is in here.
    pub handler: Handler,
}

impl Job {
    /// The line.
    #[must_use]
    pub fn at(&self) -> &Where {
        &self.handler.at
    }

    /// The name for messages: `PerlJob queue`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.directive, self.name)
    }
}
