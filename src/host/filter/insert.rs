//! How handlers come into httpd's chains as filters: those of the configuration, and those that scripts add.

use std::ffi::c_int;

use config::{Handler, Phase};
use httpd::kind::Way;
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, OK};
use httpd::{Connection, Filter, Request};
use interp::{Entry, Raise, Raised, Result, trace};

use super::super::about::About;
use super::super::lang::Lang;
use super::super::server::ServerRecord;
use super::super::step::Step;
use super::super::{configured, hint, holding, report};
use super::handler::{self, Sub};
use super::running::Running;
use super::said::{self, Said};

/// Which way the data of a phase's filters goes.
pub fn way_of(phase: Phase) -> Way {
    if phase == Phase::InputFilter { Way::Input } else { Way::Output }
}

/// What a filter is put in front of.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Request(&'a Request),
    Connection(&'a Connection),
}

impl<'a> Owner<'a> {
    fn about(self) -> About<'a> {
        match self {
            Owner::Request(r) => About::Request(r),
            Owner::Connection(c) => About::Connection(c),
        }
    }

    fn put(self, lang: Lang, way: Way, step: Step) -> Option<&'a Filter> {
        let kinds = lang.facts.filters?;
        trace!(Filters, "{}: put in place", report::name(lang.phase_name(handler::phase(way)), &step));
        let sub = Sub::new(lang, way, step);
        match self {
            Owner::Request(r) => {
                let running = Running::new(sub, r.pool(), r.connection().bucket_alloc()?);
                kinds.of_request(way).add_to_request(r, running)
            }
            Owner::Connection(c) => {
                holding::filters_begin(c);
                let running = Running::new(sub, c.pool(), c.bucket_alloc()?);
                kinds.of_connection(way).add_to_connection(c, running)
            }
        }
    }

    /// Puts a filter of httpd's in place.
    fn put_named(self, lang: Lang, way: Way, handler: &Handler) {
        let is_known = match self {
            Owner::Request(r) => r.add_filter(way, &handler.name),
            Owner::Connection(c) => c.add_filter(way, &handler.name).is_some(),
        };
        if !is_known {
            let directive = if way == Way::Input { "SetInputFilter" } else { "SetOutputFilter" };
            hint::unknown_filter(lang, &self.about(), &format!("{}{directive}", lang.name()), handler);
        }
    }

    /// A handler that is made for other owners is not put in place, which is told where its line means this one.
    fn leaves_out(self, lang: Lang, way: Way, handler: &Handler) {
        let Owner::Request(r) = self else { return };
        let phase = handler::phase(way);
        let outside = lang.dir_defaults(r.server()).map_or(&[][..], |dir| dir.handlers(phase));
        if !handler.at.file.is_empty() && !outside.iter().any(|of_server| of_server.at == handler.at) {
            hint::not_of_a_section(lang, &self.about(), lang.phase_name(phase), handler);
        }
    }
}

/// Filters are put in place for a request: those of the phase that its section names.
pub fn for_request(lang: Lang, phase: Phase, r: &Request) -> c_int {
    let is_enabled = ServerRecord::of_request(lang, r).is_some_and(|server| server.conf.is_enabled());
    if is_enabled {
        configured(lang, way_of(phase), Owner::Request(r), &configured::of_request(lang, phase, r));
    }
    DECLINED
}

/// A connection begins: the filters of its server, outside of all sections, that work on connections are put in place.
pub fn for_connection(lang: Lang, c: &Connection) {
    for phase in [Phase::InputFilter, Phase::OutputFilter].into_iter().filter(|phase| lang.uses().has(*phase)) {
        let server = c.base_server();
        let Some(record) = ServerRecord::find(lang, server).filter(|record| record.conf.is_enabled()) else { continue };
        let written = lang.dir_defaults(server).map_or(&[][..], |dir| dir.handlers(phase));
        match record.changes.get(phase).filter(|_| lang.uses().are_changed(phase)) {
            Some(changed) => configured(lang, way_of(phase), Owner::Connection(c), &changed),
            None => configured(lang, way_of(phase), Owner::Connection(c), written),
        }
    }
}

fn configured(lang: Lang, way: Way, owner: Owner<'_>, handlers: &[Handler]) {
    for handler in handlers {
        if handler.is_httpds {
            owner.put_named(lang, way, handler);
            continue;
        }
        let said = said::by(handler);
        let is_for_owner = |said: Said| match owner {
            Owner::Request(_) => !said.is_for_connections(),
            Owner::Connection(_) => said.is_for_connections(),
        };
        if said.is_some_and(|said| !is_for_owner(said)) {
            owner.leaves_out(lang, way, handler);
            continue;
        }
        // One that could not be asked is in the log, and asked when a request comes.
        if said.is_none() && matches!(owner, Owner::Connection(_)) {
            continue;
        }
        let Some(filter) = owner.put(lang, way, Step::Named(handler.clone())) else { continue };
        if said.is_some_and(|said| !said.begins()) {
            continue;
        }
        let begun = begin(lang, way, filter, &Step::Named(handler.clone()), said, |now| {
            said::note(handler, now);
            is_for_owner(now)
        });
        match begun {
            Ok(true) => {}
            Ok(false) => {
                filter.remove();
                owner.leaves_out(lang, way, handler);
            }
            Err(status) => fail(filter, status),
        }
    }
}

/// A filter that could not begin: its data does not pass.
fn fail(filter: &Filter, status: c_int) {
    if let Some(running) = filter.own().and_then(|own| own.data::<Running<Sub>>()) {
        let status = match status {
            HTTP_INTERNAL_SERVER_ERROR => running.filtering.failed(filter.request(), "it could not begin"),
            status => status,
        };
        running.failed.set(Some(status));
    }
}

/// Runs the code that the handler of a filter, which is in place, begins with. A handler that has not said what it is for is asked
/// before, and `wants` whether that will do. Returns whether it does.
fn begin(
    lang: Lang,
    way: Way,
    filter: &Filter,
    step: &Step,
    said: Option<Said>,
    wants: impl FnOnce(Said) -> bool,
) -> std::result::Result<bool, c_int> {
    let Some(call) = handler::call(lang, way, filter) else { return Ok(false) };
    let done = handler::within(&call, |entry, object| {
        let said = match said {
            Some(said) => said,
            None => {
                let said = lang.filter_says(entry, step)?;
                if !wants(said) {
                    return Ok(None);
                }
                said
            }
        };
        if said.begins() {
            lang.begin_filter(entry, step, object).map(|outcome| Some(outcome.number))
        } else {
            Ok(Some(0))
        }
    })?;
    match done {
        Ok(None) => Ok(false),
        Ok(Some(number)) => match c_int::try_from(number).unwrap_or(HTTP_INTERNAL_SERVER_ERROR) {
            OK | DECLINED => Ok(true),
            status => Err(status),
        },
        Err(Raised::Exit(_)) => Ok(true),
        Err(raised) => {
            if let Some(of) = handler::about(filter) {
                report::raised(lang, &of, lang.phase_name(handler::phase(way)), step, &raised);
            }
            Err(HTTP_INTERNAL_SERVER_ERROR)
        }
    }
}

/// A script adds a filter to a request or, without one, to a connection.
///
/// # Errors
/// Where the handler cannot be found, or says that it is made for another chain; what it begins with raised.
pub fn add(
    lang: Lang,
    entry: &dyn Entry,
    way: Way,
    r: Option<&Request>,
    c: &Connection,
    step: Step,
    name: &str,
) -> Result<()> {
    let said = match &step {
        Step::Named(handler) => said::by(handler),
        Step::Code(_) => None,
    };
    let said = match said {
        Some(said) => said,
        None => {
            let said = lang.filter_says(entry, &step).map_err(|raised| raised.to_string())?;
            if let Step::Named(handler) = &step {
                said::note(handler, said);
            }
            said
        }
    };
    let (owner, fits, attribute) = match r {
        Some(r) => (Owner::Request(r), said.is_for_requests(), "FilterRequestHandler"),
        None => (Owner::Connection(c), said.is_for_connections(), "FilterConnectionHandler"),
    };
    if !fits {
        return Err(format!("{name} lacks the attribute {attribute}").into());
    }
    let filter = owner.put(lang, way, step.clone()).ok_or("there are no filters here")?;
    lang.in_use.mark(handler::phase(way));
    if said.begins() {
        let function = match way {
            Way::Input => "Apache2::Filter::add_input_filter",
            Way::Output => "Apache2::Filter::add_output_filter",
        };
        let begun = begin(lang, way, filter, &step, Some(said), |_| true);
        if let Err(status) = begun {
            filter.remove();
            return Err(Raise::status(status, function));
        }
    }
    Ok(())
}
