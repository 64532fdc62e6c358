//! The response phase: `SetHandler modperl` and `SetHandler perl-script`.

use std::ffi::c_int;

use apr::Reenter;
use config::content::first_letters;
use config::{ContentRow, DirConf, DirOption, Language, Phase};
use httpd::Request;
use httpd::log::Level;
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, OK};
use interp::{Fail, IntoVal, Raised, Ticket};
use interp_perl::{Entered, Stdio};

use super::{PERL, PerlHost, entered, env};
use crate::host::about::About;
use crate::host::dispatch::{Stack, enter, refuse, run_stack};
use crate::host::lang::RequestCall;
use crate::host::request::RequestState;
use crate::host::{configured, end, hint, report};

/// The content handler of ours that the request asks for.
fn content(r: &Request) -> Option<&'static ContentRow> {
    r.content_handler(Language::Perl)
}

/// Whether `SetHandler` may name us.
#[inline(always)]
pub fn may_be_ours(r: &Request) -> bool {
    const LETTERS: u32 = first_letters(Language::Perl);
    r.handler_begins_with(LETTERS)
}

/// The two callbacks of the phase. The first runs before all other modules' and only ends the walk if another module's handler is
/// about to run: an access handler in front of a proxy must not hold an interpreter while the proxy works.
pub fn run(order: usize, r: &Request) -> c_int {
    let content = content(r);
    if order == 0 {
        if let Some(page_of) = r.prev() {
            hint::unreached(PERL, &page_of);
        }
        if content.is_none() {
            // The walks of the requests that it came from by an internal redirect end too: this may be their error page.
            std::iter::successors(Some(*r), Request::prev).for_each(|r| end_walk(&r));
        }
        end::before_upgrade(PERL, r);
        return DECLINED;
    }
    let Some(content) = content else { return DECLINED };
    let (server, dir) = (r.server_config::<PerlHost>(), r.dir_config::<PerlHost>());
    let configured = &*configured::of_request(PERL, Phase::Response, r);
    if configured.is_empty() && !r.state::<PerlHost>().is_some_and(|s| s.is_changed(Phase::Response)) {
        end_walk(r);
        return declined(r);
    }
    let (Some(server), Some(state)) = (server.filter(|s| s.conf.is_enabled()), RequestState::of(PERL, r)) else {
        end_walk(r);
        return DECLINED;
    };
    let phase = Phase::Response;
    let stack = Stack { lang: PERL, phase, about: About::Request(*r), configured, state: Some(state) };
    let call = RequestCall { r, state, server, phase };
    let status = match enter(PERL, &call, |entry| {
        let Some(entered) = entered(entry) else { return DECLINED };
        let on = |option| is_on(dir, content, option);
        state.output.open(on(DirOption::ParseHeaders));
        env::before_handler(&call, dir, entry);
        let (with_env, is_global) = (on(DirOption::SetupEnv), on(DirOption::GlobalRequest));
        let status = match content.takes_over {
            true => script(r, state, with_env, is_global, entered, &stack),
            false => plain(r, state, with_env, entered, &stack),
        };
        finished(&stack, r, state, status)
    }) {
        Ok(DECLINED) => declined(r),
        Ok(status) => status,
        Err(refused) => refuse(PERL, r, phase, &refused),
    };
    state.end_walk(r);
    status
}

/// Sends what is left of the output of handlers that ended with `status`; returns the status that results.
fn finished(stack: &Stack<'_>, r: &Request, state: &RequestState, status: c_int) -> c_int {
    // SAFETY: in a phase that may answer, inside the interpreter: a filter written in Perl may run; nothing is lent here.
    let cx = unsafe { Reenter::assume() };
    let finished = state.output.finish(r, cx, status == OK);
    if state.output.was_missed() && status == OK && r.bytes_sent() == 0 {
        let first = stack.configured.first();
        let step = first.map_or_else(String::new, |handler| report::name_of(PERL, stack.phase, handler));
        hint::printed_astray(PERL, r, &step);
    }
    match finished {
        Ok(()) => state.output.status().unwrap_or(status),
        Err(_) if r.connection().is_aborted() => status,
        Err(failed) => failed.code(),
    }
}

/// Runs the handlers of a phase before the response that may answer. Where a subrequest is only looked up nothing of what they print is
/// sent; their second argument says so.
pub fn early(phase: Phase, r: &Request, is_look_up: bool) -> c_int {
    let configured = &*configured::of_request(PERL, phase, r);
    if configured.is_empty() && !r.state::<PerlHost>().is_some_and(|s| s.is_changed(phase)) {
        return DECLINED;
    }
    let server = r.server_config::<PerlHost>().filter(|s| s.conf.is_enabled());
    let (Some(server), Some(state)) = (server, RequestState::of(PERL, r)) else { return DECLINED };
    let stack = Stack { lang: PERL, phase, about: About::Request(*r), configured, state: Some(state) };
    let call = RequestCall { r, state, server, phase };
    let done = enter(PERL, &call, |entry| {
        match is_look_up {
            true => state.output.open_for_look_up(),
            false => state.output.open(false),
        }
        env::before_handler(&call, None, entry);
        let status = run_stack(entry, &stack, &[stack.subject(), is_look_up.val(Ticket::FOREVER)]);
        if is_look_up || status == DECLINED {
            state.output.forget();
            return status;
        }
        finished(&stack, r, state, status)
    });
    let status = done.unwrap_or_else(|refused| refuse(PERL, r, phase, &refused));
    if is_look_up && status == OK && r.filename().is_none() {
        // Nothing more looks the subrequest up, and httpd's own handlers expect a name if the promise is not kept.
        r.set_filename(Some(r.uri().unwrap_or_default()));
    }
    if status != DECLINED {
        state.end_walk(r);
        end::look_after(PERL, r);
    }
    status
}

fn end_walk(r: &Request) {
    if let Some(state) = r.state::<PerlHost>() {
        state.end_walk(r);
    }
}

/// All handlers declined: another module may answer by the content type.
fn declined(r: &Request) -> c_int {
    if let Some(content_type) = r.content_type() {
        let content_type = content_type.to_vec();
        r.set_handler(Some(&content_type));
    }
    DECLINED
}

/// Whether an option is on: as a line says, else as the content handler has it.
fn is_on(dir: Option<&DirConf>, content: &ContentRow, option: DirOption) -> bool {
    dir.and_then(|dir| dir.options.said(option)).unwrap_or_else(|| content.turns_on(option))
}

fn plain(r: &Request, state: &RequestState, with_env: bool, entered: &Entered, stack: &Stack<'_>) -> c_int {
    if with_env {
        // SAFETY: as in `run`.
        env::add_cgi(r, state, unsafe { Reenter::assume() });
        env::put_cgi(r, state, Some(r), entered);
    }
    run_stack(entered, stack, &[stack.subject()])
}

fn script(
    r: &Request,
    state: &RequestState,
    with_env: bool,
    is_global: bool,
    entered: &Entered,
    stack: &Stack<'_>,
) -> c_int {
    if is_global {
        state.is_global.set(true);
    }
    if with_env {
        // SAFETY: as in `run`.
        env::add_cgi(r, state, unsafe { Reenter::assume() });
    }
    let globals = entered.save_globals();
    let stdio = Handles { r: *r, state };
    let status = env::in_script(r, state, entered, with_env, || match entered.redirect(&stdio) {
        Ok(redirect) => {
            let status = run_stack(entered, stack, &[stack.subject()]);
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
    r: Request,
    state: &'a RequestState,
}

impl Stdio for Handles<'_> {
    fn read(&self, to: &mut [u8]) -> Result<usize, Fail> {
        // SAFETY: the layer's buffer is perl's own and stays; script code may run in input filters.
        let cx = unsafe { Reenter::assume() };
        self.r.read(to, cx).map_err(|e| e.to_string().into())
    }

    fn write(&self, from: &[u8]) -> Result<(), Fail> {
        // SAFETY: the layer holds the bytes while this runs.
        let cx = unsafe { Reenter::assume() };
        self.state.output.write(&self.r, cx, from).map(drop).map_err(|e| e.fail("Apache2::RequestIO::print", "print"))
    }

    fn flush(&self) -> Result<(), Fail> {
        // SAFETY: nothing is lent.
        let cx = unsafe { Reenter::assume() };
        self.state.output.flush(&self.r, cx, true).map_err(|e| e.fail("Apache2::RequestIO::rflush", "flush"))
    }
}
