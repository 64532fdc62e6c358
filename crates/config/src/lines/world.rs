//! For tests: a server and a directory in which lines stand.

use crate::context::{Access, Context};
use crate::dir::DirConf;
use crate::directives::directive;
use crate::effect::Effect;
use crate::error::LineError;
use crate::place::{LinePlace, Where};
use crate::server::ServerConf;
use crate::vocabulary::Args;

/// What stands around a line.
pub(crate) struct World {
    pub(crate) server: ServerConf,
    pub(crate) dir: DirConf,
    pub(crate) running: bool,
    pub(crate) ithreads: bool,
    pub(crate) threaded: bool,
    pub(crate) from_code: bool,
}

impl Default for World {
    fn default() -> Self {
        let (server, dir) = Default::default();
        Self { server, dir, running: false, ithreads: true, threaded: true, from_code: false }
    }
}

fn env(name: &[u8]) -> Option<Vec<u8>> {
    (name == b"HOME").then(|| b"/root".to_vec())
}

impl World {
    /// Applies a line as httpd would, up to the first error; the last effect is the result.
    pub(crate) fn line(&mut self, place: LinePlace<'_>, line: &str) -> Result<Effect, LineError> {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let row = directive(name.as_bytes()).expect(name);
        let words: Vec<&[u8]> = match row.args {
            Args::Raw | Args::Section | Args::Text | Args::Words { .. } | Args::Code => vec![rest.as_bytes()],
            _ => rest.split(' ').map(|w| if w == "''" { b"" } else { w.as_bytes() }).collect(),
        };
        let calls: Vec<Vec<&[u8]>> = match row.args {
            Args::Iterate => words.iter().map(|w| vec![*w]).collect(),
            Args::Iterate2 => words[1..].iter().map(|w| vec![words[0], *w]).collect(),
            _ => vec![words],
        };
        let mut effect = Effect::Done;
        for args in calls {
            let read_only = place == LinePlace::Htaccess;
            let mut cmd = Context {
                server: if read_only { Access::Read(&self.server) } else { Access::Write(&mut self.server) },
                dir: Some(&mut self.dir),
                place,
                at: Where::new("httpd.conf", 12),
                from_code: self.from_code,
                mpm_threaded: self.threaded,
                perl_has_ithreads: self.ithreads,
                running: self.running || read_only,
                server_running: self.running || read_only,
                at_terminal: false,
                getenv: env,
            };
            effect = row.apply(&mut cmd, &args)?;
        }
        Ok(effect)
    }
}

pub(crate) const LOCATION: LinePlace<'_> = LinePlace::Section("<Location");

pub(crate) fn refused(world: &mut World, place: LinePlace<'_>, line: &str) -> String {
    world.line(place, line).expect_err(line).to_string()
}

/// The text of a line's note.
pub(crate) fn noted(done: Result<Effect, LineError>) -> String {
    match done {
        Ok(Effect::Note(note)) => note.to_string(),
        other => format!("no note: {other:?}"),
    }
}
