//! The handlers that hold for a phase: those of the configuration, or what code of a serving process put in their place
//! (`$s->push_handlers`). That holds in that process only, from the next look on; until there is any, nothing is looked up.

use std::ops::Deref;
use std::sync::Arc;

use config::{DirConf, Handler, Phase, Scope, ServerConf, Slot};
use httpd::log::Level;
use httpd::{Request, Server};

use super::lang::Lang;
use super::server::ServerRecord;
use super::start_error::NOT_CALLED;
use super::{report, site};

/// The handlers of a phase, wherever they come from.
pub enum Configured<'a> {
    /// Handlers of the configuration.
    Written(&'a [Handler]),
    /// Handlers that code has put in their place.
    Changed(Arc<[Handler]>),
}

impl Deref for Configured<'_> {
    type Target = [Handler];

    #[inline(always)]
    fn deref(&self) -> &[Handler] {
        match self {
            Configured::Written(handlers) => handlers,
            Configured::Changed(handlers) => handlers,
        }
    }
}

/// The handlers of a phase, for this request.
#[inline(always)]
pub fn of_request(lang: Lang, phase: Phase, r: &Request) -> Configured<'_> {
    if lang.uses().are_changed(phase)
        && let Some(changed) = changed_for(lang, phase, r)
    {
        return Configured::Changed(changed);
    }
    Configured::Written(written(lang, phase, r))
}

/// The handlers of the configuration for this request.
#[inline(always)]
pub fn written(lang: Lang, phase: Phase, r: &Request) -> &[Handler] {
    match phase.slot() {
        Slot::Dir(_) => lang.dir(r).map_or(&[], |d| d.handlers(phase)),
        Slot::Server(_) => ServerRecord::of_request(lang, r).map_or(&[], |s| s.conf.handlers(phase)),
    }
}

/// What code has put in place of the server's handlers holds for a directory only where no section has handlers of its own.
#[cold]
#[inline(never)]
fn changed_for(lang: Lang, phase: Phase, r: &Request) -> Option<Arc<[Handler]>> {
    let changed = ServerRecord::of_request(lang, r)?.changes.get(phase)?;
    let is_default = match phase.slot() {
        Slot::Server(_) => true,
        Slot::Dir(_) => {
            let here = lang.dir(r).map_or(&[][..], |d| d.handlers(phase));
            here == lang.dir_defaults(r.server()).map_or(&[][..], |d| d.handlers(phase))
        }
    };
    is_default.then_some(changed)
}

/// The handlers of a server's phase, or of a connection's.
#[inline]
pub fn of_record(lang: Lang, phase: Phase, record: &ServerRecord) -> Configured<'_> {
    if lang.uses().are_changed(phase)
        && let Some(changed) = record.changes.get(phase)
    {
        return Configured::Changed(changed);
    }
    Configured::Written(record.conf.handlers(phase))
}

/// All handlers that a server's configuration has for a phase, from whichever of its two records.
pub fn of_server(lang: Lang, phase: Phase, s: &Server) -> Vec<Handler> {
    let Some(record) = ServerRecord::find(lang, s) else { return Vec::new() };
    match (phase.slot(), record.changes.get(phase)) {
        (_, Some(changed)) => changed.to_vec(),
        (Slot::Server(_), None) => record.conf.handlers(phase).to_vec(),
        (Slot::Dir(_), None) => lang.dir_defaults(s).map_or_else(Vec::new, |d| d.handlers(phase).to_vec()),
    }
}

/// Changes the configured handlers of a server: `$s->push_handlers`. In a child the change holds in that process, from then on.
/// `change` runs no script code.
///
/// # Errors
/// When the configuration cannot be changed.
pub fn change_server(
    lang: Lang,
    s: &Server,
    phase: Phase,
    change: impl FnOnce(&[Handler]) -> Vec<Handler>,
) -> Result<(), String> {
    if !lang.call_for(phase) {
        return Err(format!("{}: {NOT_CALLED}", lang.phase_name(phase)));
    }
    lang.in_use.mark(phase);
    if site::with(lang, |site| site.is_complete) {
        if phase.row().scope == Scope::Files || phase == Phase::ChildInit {
            let text = format!(
                "{}: the handlers that a script gives the server now are never called, since this phase is over",
                lang.phase_name(phase)
            );
            report::server(lang, Some(s), Level::Warn, &text);
        }
        change_process(lang, phase, s, change);
        return Ok(());
    }
    let mut change = Some(change);
    let mut edit = |server: &mut ServerConf, dir: Option<&mut DirConf>| {
        let Some(change) = change.take() else { return };
        match phase.row().scope {
            Scope::Directory | Scope::Filter => {
                if let Some(dir) = dir {
                    let new = change(dir.handlers(phase));
                    dir.set_handlers(phase, new);
                }
            }
            _ => {
                let new = change(server.handlers(phase));
                server.set_handlers(phase, new);
            }
        }
    };
    if lang.edit(s, &mut edit) { Ok(()) } else { Err("the server's configuration cannot be changed here".to_owned()) }
}

/// Replaces the handlers that hold for a phase by what `f` makes of them, in this process.
fn change_process(lang: Lang, phase: Phase, s: &Server, f: impl FnOnce(&[Handler]) -> Vec<Handler>) {
    let Some(record) = ServerRecord::find(lang, s) else { return };
    let written = match phase.slot() {
        Slot::Server(_) => record.conf.handlers(phase),
        Slot::Dir(_) => lang.dir_defaults(s).map_or(&[][..], |d| d.handlers(phase)),
    };
    record.changes.change(phase, written, f);
    lang.in_use.mark_changed(phase);
}
