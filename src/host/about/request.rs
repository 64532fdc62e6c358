//! A call about a request.

use std::ffi::c_int;
use std::time::{Duration, Instant};

use config::{DirConf, Phase, Scope};
use httpd::Request;
use httpd::log::Level;
use httpd::status::{DECLINED, HTTP_SERVICE_UNAVAILABLE};
use interp::{Entry, Interp, Ticket};

use super::super::call::Call;
use super::super::lang::Lang;
use super::super::lease::{Frame, Hold, Refused, Stock};
use super::super::request::RequestState;
use super::super::server::{ServerRecord, class_of, stock_of};
use super::super::{configured, counting, holding, report, site};
use super::{About, Args, Topic};

/// A request, what we keep of it, and the configuration that holds for it.
#[derive(Clone, Copy)]
pub struct OfRequest<'a> {
    /// The request.
    pub r: &'a Request,
    /// Our state of it.
    pub state: &'a RequestState,
    /// The record of its server, or of the interpreter class to which its script belongs.
    pub server: &'a ServerRecord,
    /// The configuration of its directory, in phases that know the directory.
    pub dir: Option<&'a DirConf>,
}

impl<'a> Call<'a, OfRequest<'a>> {
    /// A call about a request; `None` where the language is switched off.
    #[inline(always)]
    pub fn of_request(lang: Lang, phase: Phase, r: &'a Request) -> Option<Call<'a, OfRequest<'a>>> {
        let server = ServerRecord::of_request(lang, r).filter(|server| server.conf.is_enabled())?.home(lang, r);
        let stock = stock_of(server)?;
        let state = RequestState::of(lang, r)?;
        // When a request is cleaned up, no directory's variables are put in any more.
        let knows_dir = phase.row().scope == Scope::Directory && phase != Phase::Cleanup;
        let dir = if knows_dir { lang.dir(r) } else { None };
        Some(Call { lang, phase: Some(phase), about: OfRequest { r, state, server, dir }, stock })
    }

    /// Runs the handlers of a phase, if the request has any.
    #[inline(always)]
    pub fn run_phase(lang: Lang, phase: Phase, r: &'a Request) -> c_int {
        let configured = &*configured::of_request(lang, phase, r);
        if configured.is_empty() && !RequestState::find(lang, r).is_some_and(|state| state.is_changed(phase)) {
            return DECLINED;
        }
        Call::of_request(lang, phase, r).map_or(DECLINED, |call| call.handlers(configured))
    }
}

impl Topic for OfRequest<'_> {
    #[inline(always)]
    fn record(&self) -> About<'_> {
        About::Request(self.r)
    }

    #[inline(always)]
    fn ticket(&self) -> Ticket {
        self.state.ticket()
    }

    #[inline(always)]
    fn args(&self, _lang: Lang) -> Args {
        Args::One([self.state.subject(self.r)])
    }

    #[inline(always)]
    fn lease(&self, call: &Call<'_, Self>) -> Result<Hold, Refused> {
        let watched = site::watched();
        if watched & !site::DOING != 0 {
            return self.take_watched(call, watched);
        }
        let hold = self.take(call)?;
        if watched != 0 {
            counting::does(self.r, &hold, call.stock);
        }
        Ok(hold)
    }

    #[inline(always)]
    fn enter(&self, lang: Lang, call: &Call<'_, Self>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        lang.around(self.r, &self.server.conf, call.phase, interp, f);
    }

    #[inline(always)]
    fn before_handlers(&self, lang: Lang, entry: &dyn Entry) {
        lang.before_handlers(self.r, &self.server.conf, self.dir, entry);
    }

    /// 503 with Retry-After, as long as there is an answer to be made.
    fn refused(&self, call: &Call<'_, Self>, refused: &Refused) -> c_int {
        if refused.tell {
            report::request(call.lang, self.r, Level::Error, &refused.text);
        }
        if let Some(phase @ (Phase::Log | Phase::Cleanup)) = call.phase {
            let text = format!("{}: skipped, as no interpreter came free", call.lang.phase_name(phase));
            report::request(call.lang, self.r, Level::Error, &text);
            return DECLINED;
        }
        if call.phase.is_some_and(|phase| !phase.row().ends_request(HTTP_SERVICE_UNAVAILABLE)) {
            // No answer comes of it.
            return HTTP_SERVICE_UNAVAILABLE;
        }
        self.r.err_headers_out().set(b"Retry-After", refused.retry_after.to_string().as_bytes());
        HTTP_SERVICE_UNAVAILABLE
    }

    #[inline(always)]
    fn state(&self) -> Option<&RequestState> {
        Some(self.state)
    }
}

impl OfRequest<'_> {
    #[inline(always)]
    fn take(&self, call: &Call<'_, Self>) -> Result<Hold, Refused> {
        match Frame::inside(call.stock) {
            Some(hold) if self.state.tree().held(call.stock).is_none() => Ok(hold),
            _ => holding::for_request(call.lang, self.r, self.state, call.phase, call.stock),
        }
    }

    /// The same where a log is to have it.
    #[cold]
    #[inline(never)]
    fn take_watched(&self, call: &Call<'_, Self>, watched: u8) -> Result<Hold, Refused> {
        let had = self.state.tree().held(call.stock).is_some();
        let began = (watched & site::TRACES != 0).then(Instant::now);
        let hold = self.take(call)?;
        if watched & site::DOING != 0 {
            counting::does(self.r, &hold, call.stock);
        }
        if watched & site::NOTES != 0 {
            note_interpreter(self.r, &hold, call.stock);
        }
        if watched & site::TRACES != 0 && !had {
            let phase = call.phase.map_or("", |phase| call.lang.phase_name(phase));
            let (class, number, uses) = (class_of(call.stock), hold.number(), hold.uses());
            let file = String::from_utf8_lossy(self.r.filename().unwrap_or_default());
            let text = format!("{phase}: class {class}, interpreter {number}, use {uses}: for {file}");
            report::request(call.lang, self.r, Level::Trace1, &text);
            let waited = began.map_or(Duration::ZERO, |began| began.elapsed());
            if waited >= Duration::from_millis(1) {
                let text = format!("{phase}: class {class}: waited {} ms for an interpreter", waited.as_millis());
                report::request(call.lang, self.r, Level::Trace2, &text);
            }
        }
        Ok(hold)
    }
}

/// Notes which interpreter a request has, for `%{interp}n` in `LogFormat` and `ErrorLogFormat`.
#[cold]
#[inline(never)]
fn note_interpreter(r: &Request, hold: &Hold, stock: &Stock) {
    r.notes().set(b"interp", format!("{}/{}", class_of(stock), hold.number()).as_bytes());
}
