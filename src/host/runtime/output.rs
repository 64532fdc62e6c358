//! What scripts print: through a request's buffer, or in a language without one straight to the filters.

use api::Unsent;
use apr::Reenter;
use config::Phase;
use httpd::Request;
use interp::Result;

use super::{HostRuntime, lang, state};
use crate::host::lease::Frame;
use crate::host::output::Output;
use crate::host::request::RequestState;
use crate::host::running;

impl api::Output for HostRuntime {
    fn write(&self, cx: Reenter, r: &Request, bytes: &[u8]) -> Result<usize, Unsent> {
        let Some(lang) = running::lang() else { return Err(Unsent::NotInResponse) };
        if !lang.facts.has_output {
            return r.write(bytes, cx).map_err(Unsent::Failed);
        }
        let Some(output) = lang.output(r) else { return Err(Unsent::NotInResponse) };
        output.write(r, cx, bytes)
    }

    fn flush(&self, cx: Reenter, r: &Request, hard: bool) -> Result<(), Unsent> {
        let Some(lang) = running::lang() else { return Err(Unsent::NotInResponse) };
        if !lang.facts.has_output {
            return if hard { r.flush(cx).map_err(Unsent::Failed) } else { Ok(()) };
        }
        let Some(output) = lang.output(r) else { return Err(Unsent::NotInResponse) };
        output.flush(r, cx, hard)
    }

    fn may_go_on(&self, r: &Request) -> bool {
        let Some(lang) = running::lang() else { return true };
        let is_late = |frame: &Frame<'_>| matches!(frame.phase, Some(Phase::Log | Phase::Cleanup)).then_some(());
        let is_ended = RequestState::find(lang, r).is_some_and(RequestState::is_ended);
        !is_ended && !leases::is_at_end() && Frame::find(is_late).is_none()
    }

    fn is_over(&self, r: &Request) {
        if let Some(output) = running::lang().and_then(|lang| lang.output(r)) {
            output.end();
        }
    }

    fn cgi_headers(&self, cx: Reenter, r: &Request, text: &[u8]) -> Result<(), Unsent> {
        let Some(lang) = running::lang() else { return Err(Unsent::NotInResponse) };
        let headers = match lang.output(r) {
            Some(output) => output.take_headers(r, cx, text),
            None if lang.facts.has_output => return Err(Unsent::NotInResponse),
            None => Output::new(lang.module(), |_, _| ()).take_headers(r, cx, text),
        };
        let body = &text[headers..];
        if body.is_empty() { Ok(()) } else { self.write(cx, r, body).map(drop) }
    }

    fn headers_are_set(&self, r: &Request) {
        if let Some(output) = running::lang().and_then(|lang| lang.output(r)) {
            output.headers_are_set();
        }
    }

    fn complete_env(&self, cx: Reenter, r: &Request) {
        if let Some(lang) = running::lang() {
            lang.complete_env(cx, r);
        }
    }

    fn fill_env(&self, cx: Reenter, r: &Request) -> Result<()> {
        state(r)?;
        lang()?.fill_env(cx, r)
    }
}
