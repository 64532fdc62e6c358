//! An answer in Perl, and what is around its handlers: the output, and for `SetHandler perl-script` `%ENV`, STDIN and STDOUT.

use std::ffi::c_int;

use apr::Reenter;
use config::{CgiHeader, ContentRow, DirOption, Form, Phase};
use httpd::Request;
use httpd::log::Level;
use httpd::status::{DECLINED, HTTP_BAD_REQUEST, HTTP_INTERNAL_SERVER_ERROR, HTTP_OK, OK};
use interp::{Entry, Fail, IntoVal, Raised, Ticket};
use interp_perl::{Entered, Stdio};

use super::env::ScriptEnv;
use super::{PERL, Part, entered, env, part};
use crate::host::about::{OfRequest, Topic};
use crate::host::call::Call;
use crate::host::content::Work;
use crate::host::output::Output;
use crate::host::request::RequestState;
use crate::host::{configured, dispatch, hint, report};

/// Runs the handlers, sends what is left of their output, and finds the status.
#[inline(always)]
pub fn answer(row: Option<&ContentRow>, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry, work: impl Work) -> c_int {
    let of = &call.about;
    let (Some(entered), Some(part)) = (entered(entry), part(of.r)) else { return DECLINED };
    // Where no content handler makes the page, only what a line says holds.
    let on = |option| {
        let said = of.dir.and_then(|dir| dir.options.said(option));
        said.unwrap_or_else(|| row.is_some_and(|row| row.turns_on(option) && !is_sent_by_server(option, of)))
    };
    part.output.open(on(DirOption::ParseHeaders));
    env::before_handlers(of.r, &of.server.conf, of.dir, entered);
    let with_env = on(DirOption::SetupEnv);
    let status = match row {
        Some(row) if row.takes_over => {
            of.state.is_global.set(of.state.is_global.get() || on(DirOption::GlobalRequest));
            let env = ScriptEnv {
                with_cgi: with_env,
                is_lazy: on(DirOption::LazyEnv),
                identity: (row.form != Form::Handlers).then(|| of.server.conf.identity()),
            };
            script(of, part, env, entered, || work.run(call, entry))
        }
        _ => {
            if with_env {
                // SAFETY: in the response phase, inside the interpreter; nothing is lent here.
                env::add_cgi(of.r, part, unsafe { Reenter::assume() });
                env::put_cgi(of.r, part, of.r, entered);
            }
            work.run(call, entry)
        }
    };
    finished(call, part, status)
}

/// Whether this is the option that has a script's header parsed, and the server sends the header by itself.
#[inline(always)]
fn is_sent_by_server(option: DirOption, of: &OfRequest<'_>) -> bool {
    option == DirOption::ParseHeaders && of.server.conf.cgi_header() == CgiHeader::On
}

/// Sends what is left of the output of handlers that ended with `status`; returns the status that results.
#[inline(always)]
fn finished(call: &Call<'_, OfRequest<'_>>, part: &Part, status: c_int) -> c_int {
    let (r, output) = (call.about.r, &part.output);
    // An answer that has begun with this status needs no page of httpd's behind it.
    let status = match status > HTTP_OK && output.is_sent_as(status) {
        true => {
            r.set_status(status);
            OK
        }
        false => status,
    };
    // SAFETY: in a phase that may answer, inside the interpreter: a filter written in Perl may run; nothing is lent here.
    let cx = unsafe { Reenter::assume() };
    let finished = output.finish(r, cx, status == OK);
    if output.was_missed() && status == OK && r.bytes_sent() == 0 {
        printed_astray(call);
    }
    match finished {
        Ok(()) => output.status().unwrap_or(status),
        Err(_) if r.connection().is_aborted() => status,
        Err(failed) => failed.code(),
    }
}

#[cold]
fn printed_astray(call: &Call<'_, OfRequest<'_>>) {
    let (r, phase) = (call.about.r, call.phase.unwrap_or(Phase::Response));
    let configured = configured::of_request(PERL, phase, r);
    let step = configured.first().map_or_else(String::new, |h| report::name_of(PERL, phase, h));
    hint::printed_astray(PERL, r, &step);
}

/// Runs the handlers of a phase before the response that may answer. Where a subrequest is only looked up nothing of what they print is
/// sent; their second argument says so.
pub fn early(phase: Phase, r: &Request, is_look_up: bool) -> c_int {
    let configured = &*configured::of_request(PERL, phase, r);
    if configured.is_empty() && !RequestState::find(PERL, r).is_some_and(|state| state.is_changed(phase)) {
        return DECLINED;
    }
    let Some(call) = Call::of_request(PERL, phase, r) else { return DECLINED };
    let done = call.run(|entry| {
        let Some(part) = part(r) else { return DECLINED };
        match is_look_up {
            true => part.output.open_for_look_up(),
            false => part.output.open(false),
        }
        env::before_handlers(r, &call.about.server.conf, call.about.dir, entry);
        let args = [call.about.state.subject(r), is_look_up.val(Ticket::FOREVER)];
        let status = call.stack_with(entry, configured, &args);
        if is_look_up || status == DECLINED {
            part.output.forget();
            return status;
        }
        finished(&call, part, status)
    });
    let status = done.unwrap_or_else(|refused| call.about.refused(&call, &refused));
    if is_look_up && status == OK && r.filename().is_none() {
        // Nothing more looks the subrequest up, and httpd's own handlers expect a name if the promise is not kept.
        r.set_filename(r.uri().or(Some(b"")));
    }
    if status != DECLINED {
        dispatch::ends(PERL, r);
    }
    status
}

/// All handlers declined: another module may answer by the content type.
pub fn declined(r: &Request) -> c_int {
    if let Some(content_type) = r.content_type() {
        let content_type = content_type.to_vec();
        r.set_handler(Some(&content_type));
    }
    DECLINED
}

fn script(
    of: &OfRequest<'_>,
    part: &Part,
    with: ScriptEnv,
    entered: &Entered,
    handlers: impl FnOnce() -> c_int,
) -> c_int {
    let r = of.r;
    // SAFETY: as in `answer`.
    let cx = unsafe { Reenter::assume() };
    let globals = entered.save_globals();
    let stdio = Handles { r, output: &part.output };
    let status = env::in_script(r, part, entered, with, cx, || match entered.redirect(&stdio) {
        Ok(redirect) => {
            let status = handlers();
            if let Err(raised) = redirect.end() {
                raised_at_end(r, &raised);
            }
            status
        }
        Err(raised) => {
            raised_at_end(r, &raised);
            HTTP_INTERNAL_SERVER_ERROR
        }
    });
    drop(globals);
    if status >= HTTP_BAD_REQUEST {
        // The page of the error, if it is a script's, is told by them what failed.
        env::complete(r, cx);
    }
    status
}

/// Logs what was raised while STDIN and STDOUT were given back.
fn raised_at_end(r: &Request, raised: &Raised) {
    report::request(
        PERL,
        r,
        Level::Error,
        &format!("SetHandler perl-script: STDIN or STDOUT could not be given back: {raised}"),
    );
}

/// The streams behind STDIN and STDOUT of a response.
struct Handles<'a> {
    r: &'a Request,
    output: &'a Output,
}

impl Stdio for Handles<'_> {
    fn read(&self, to: &mut [u8]) -> Result<usize, Fail> {
        // SAFETY: the layer's buffer is perl's own and stays; script code may run in input filters.
        let cx = unsafe { Reenter::assume() };
        let ahead = RequestState::find(PERL, self.r).map_or_else(Vec::new, |state| state.take_ahead(to.len()));
        if let Some(room) = to.get_mut(..ahead.len()).filter(|room| !room.is_empty()) {
            room.copy_from_slice(&ahead);
            return Ok(ahead.len());
        }
        self.r.read(to, cx).map_err(|e| e.to_string().into())
    }

    fn write(&self, from: &[u8]) -> Result<(), Fail> {
        // SAFETY: the layer holds the bytes while this runs.
        let cx = unsafe { Reenter::assume() };
        self.output.write(self.r, cx, from).map(drop).map_err(|e| e.fail("Apache2::RequestIO::print", "print"))
    }

    fn piece(&self, page: i64, number: i64) -> Result<(), Fail> {
        // SAFETY: the piece is held while this runs.
        let cx = unsafe { Reenter::assume() };
        let sent = api::page::with_piece(page, number, |text| self.output.write(self.r, cx, text))?;
        sent.map(drop).map_err(|e| e.fail("ModInterp::page_text", "print"))
    }

    fn flush(&self) -> Result<(), Fail> {
        // SAFETY: nothing is lent.
        let cx = unsafe { Reenter::assume() };
        self.output.flush_printed(self.r, cx).map_err(|e| e.fail("Apache2::RequestIO::rflush", "flush"))
    }
}
