//! What the host has to do at once, now that a line has changed the records. Everything is parsed: the host never looks at the
//! directive's name or at the line's text again.

use std::ffi::CStr;
use std::sync::Arc;

use crate::classes::ClassRef;
use crate::dicts::DictConf;
use crate::error::LineError;
use crate::handler::Handler;
use crate::hooks::Position;
use crate::jobs::Job;
use crate::lua_dir::{MapHandler, NamedFilter};
use crate::phases::Phase;
use crate::server::{Code, Queued};

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    Done,
    /// Nothing; for the log at level info, since what was written is of no effect here.
    Note(LineError),
    /// Trace from now on what this level says. An error is the line's error.
    Trace(Box<[u8]>),
    /// Run this start-up code in the server's interpreter, or in the one whose code has fed the line; start the interpreter if
    /// none runs. An error is the line's error.
    Run(Queued),
    /// Run this code in the server's interpreter, which is started if it does not run. An error is the line's error.
    RunCode(Code),
    /// Make this provider known to httpd.
    Provider(NamedProvider),
    /// Put this variable into `%ENV` of the running interpreter.
    EnvNow {
        /// Its name.
        name: Box<[u8]>,
        /// Its value.
        value: Box<[u8]>,
    },
    /// The line named these handlers: early ones are to be resolved at start-up; Lua's code that stands in the
    /// configuration can be compiled now. An error is the line's error.
    Handlers(Named),
    /// Compile this one's pattern; an error is the line's error.
    Map(Arc<MapHandler>),
    /// Scripts belong to this class; when all lines are read the server must have it.
    UsesClass(ClassRef),
    /// A program serves the connections of the server.
    Speaks,
    /// The server has a job; code that stands in its line can be compiled now.
    Job(Arc<Job>),
    /// The server has this dictionary, whichever language's module is told the line.
    Dict(Arc<DictConf>),
    /// Tell httpd of a filter of this name.
    Filter(Arc<NamedFilter>),
    /// What those must know who tell the running server what to do stands in this file, to be read when the server starts.
    TokenFile(Arc<[u8]>),
}

/// The handlers that a line named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// The directive, for messages.
    pub directive: &'static str,
    /// The phase they are of.
    pub phase: Phase,
    /// The list they were added to.
    pub position: Position,
    /// In the line's order.
    pub handlers: Vec<Handler>,
}

/// A provider of authentication or authorization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedProvider {
    /// The directive, for messages.
    pub directive: &'static str,
    /// What it is asked for.
    pub group: Group,
    /// Its name.
    pub name: Box<[u8]>,
    /// Its code.
    pub handler: Handler,
}

/// What a provider is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Whether a password is right: `AuthBasicProvider`, `AuthDigestProvider`.
    Authn,
    /// Whether a request may pass: `Require`.
    Authz,
}

impl Group {
    /// Its name for httpd.
    #[must_use]
    pub const fn name(self) -> &'static CStr {
        match self {
            Group::Authn => c"authn",
            Group::Authz => c"authz",
        }
    }

    /// By its name.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Group> {
        [Group::Authn, Group::Authz].into_iter().find(|group| group.name().to_bytes() == name)
    }
}
