//! Handlers that scripts add to phases, and providers.

use api::{AuthProvider, Change, Handlers};
use config::{Handler, Language, Phase, Scope, Where};
use httpd::provider::Group;
use httpd::{Request, Server};
use interp::{HandlerRef, Kept, Raise, Raised, Result};

use super::cleanup::{Left, Subject, running_call};
use super::{HostRuntime, hold, lang, state};
use crate::host::call::enter_any;
use crate::host::lang::Lang;
use crate::host::process::serves;
use crate::host::provider::Provider;
use crate::host::request::RequestState;
use crate::host::start_error::NOT_CALLED;
use crate::host::step::Step;
use crate::host::{configured, providers, report, site};

impl Handlers for HostRuntime {
    fn of_request(&self, r: &Request, phase: &[u8]) -> Result<Option<Vec<HandlerRef>>> {
        let lang = lang()?;
        let Some(phase) = phase_of(lang, phase)? else { return Ok(None) };
        let steps = match RequestState::find(lang, r) {
            Some(state) => state.steps(phase, &configured::of_request(lang, phase, r)),
            None => configured::of_request(lang, phase, r).iter().cloned().map(Step::Named).collect(),
        };
        Ok(Some(refs(steps)))
    }

    fn of_server(&self, s: &Server, phase: &[u8]) -> Result<Option<Vec<HandlerRef>>> {
        let lang = lang()?;
        let Some(phase) = phase_of(lang, phase)? else { return Ok(None) };
        Ok(Some(configured::of_server(lang, phase, s).into_iter().map(|h| HandlerRef::Name(h.name)).collect()))
    }

    fn change_request(&self, r: &Request, phase: &[u8], change: Change, handlers: Vec<HandlerRef>) -> Result<bool> {
        let new = steps(handlers);
        let lang = lang()?;
        let Some(phase) = phase_of_request(lang, phase)? else { return Ok(false) };
        let state = state(r)?;
        lang.in_use.mark(phase);
        pin_for(r, state, &new)?;
        state.set_steps(r, phase, changed(change, state.steps(phase, &configured::of_request(lang, phase, r)), new));
        Ok(true)
    }

    fn change_server(&self, s: &Server, phase: &[u8], change: Change, handlers: Vec<HandlerRef>) -> Result<bool> {
        let lang = lang()?;
        let Some(phase) = phase_of(lang, phase)? else { return Ok(false) };
        let new = steps(handlers).into_iter().map(|step| named(step, b"")).collect::<Result<Vec<_>>>()?;
        configured::change_server(lang, s, phase, |old| changed(change, old.to_vec(), new))?;
        Ok(true)
    }

    fn failed(&self, r: &Request, handler: &[u8], text: &[u8]) -> Result<()> {
        let (lang, phase) = (lang()?, Phase::Response);
        let directive = lang.phase_name(phase);
        let configured = configured::of_request(lang, phase, r);
        let steps = RequestState::find(lang, r).map_or_else(Vec::new, |state| state.steps(phase, &configured));
        let is_it = |step: &&Step| matches!(step, Step::Named(named) if named.name.starts_with(handler));
        let what = steps.iter().find(is_it).or(steps.first()).map(|step| report::name(directive, step));
        report::script(lang, r, what.as_deref().unwrap_or(directive), &Raised::Died(text.to_vec()));
        Ok(())
    }

    fn provide(&self, given: AuthProvider) -> Result<()> {
        if site::with(lang()?, |site| site.is_complete) {
            return Err("Can't run 'register_auth_provider' after server startup".into());
        }
        let role: &[u8] = if given.group == Group::Authn { b"hash" } else { b"line" };
        let handler = |handler: HandlerRef, role: &[u8]| {
            named(steps(vec![handler]).pop().ok_or("the callback is no handler")?, role)
        };
        let second = given.second.map(|second| handler(second, role)).transpose()?;
        let provider =
            Provider { group: given.group, name: given.name.into(), check: handler(given.check, b"")?, second };
        providers::register(lang()?, provider, given.version, given.kind)
            .map_err(|s| Raise::status(s.code(), "Apache2::RequestUtil::register_auth_provider"))
    }

    fn at_shutdown(&self, s: &Server, code: Kept, arg: Option<Kept>) -> Result<()> {
        let running = running_call(|_, _| Subject::Server(s.keep()))?;
        if site::with(running.0.lang, |site| site.is_complete) {
            return Err("Can't run 'server_shutdown_cleanup_register' after server startup".into());
        }
        // This cleanup is registered after the one that ends all interpreters, so it runs before that one.
        let left = Left::of(running, code, arg);
        let _ = s.pconf().before_death(move || {
            let left = left;
            if serves() {
                left.run();
            }
        });
        Ok(())
    }
}

/// The handlers of a phase after a change.
fn changed<T>(change: Change, mut old: Vec<T>, new: Vec<T>) -> Vec<T> {
    match change {
        Change::Push => {
            old.extend(new);
            old
        }
        Change::Set => new,
    }
}

fn steps(handlers: Vec<HandlerRef>) -> Vec<Step> {
    handlers
        .into_iter()
        .filter_map(|handler| match handler {
            HandlerRef::Name(name) => Handler::new(&name, Where::default()).map(Step::Named),
            code => Some(Step::Code(code)),
        })
        .collect()
}

/// Handlers in the form in which a script gets them.
fn refs(steps: Vec<Step>) -> Vec<HandlerRef> {
    steps
        .into_iter()
        .map(|step| match step {
            Step::Named(handler) => HandlerRef::Name(handler.name),
            Step::Code(code) => code,
        })
        .collect()
}

/// A phase as a script names it. mod_perl says of a name that it does not know only that nothing was done.
///
/// # Errors
/// In other languages, where there is none.
fn phase_of(lang: Lang, name: &[u8]) -> Result<Option<Phase>> {
    let phase = Phase::by_name(lang.facts.tongue, name);
    if phase.is_none() && lang.facts.tongue != Language::Perl {
        return Err(format!("there is no phase \"{}\" for handlers", String::from_utf8_lossy(name)).into());
    }
    Ok(phase)
}

/// A phase as a script names it, if this request may change it.
fn phase_of_request(lang: Lang, name: &[u8]) -> Result<Option<Phase>> {
    let Some(phase) = phase_of(lang, name)? else { return Ok(None) };
    match phase.row().scope {
        Scope::Server | Scope::Directory if !lang.call_for(phase) => {
            Err(format!("{}: {}", lang.phase_name(phase), NOT_CALLED).into())
        }
        Scope::Server | Scope::Directory => Ok(Some(phase)),
        _ => Err(format!("too late to modify {} handlers", lang.phase_name(phase)).into()),
    }
}

/// Makes the request keep the running interpreter, since pushed code lives in the interpreter that pushed it.
fn pin_for(r: &Request, state: &RequestState, steps: &[Step]) -> Result<()> {
    if steps.iter().any(|s| matches!(s, Step::Code(_))) {
        state.pin(r, &hold()?);
    }
    Ok(())
}

/// A handler as a server keeps it: by a name, so that every interpreter can look it up. Code is given one; `role` names the wrapper
/// around it, empty for none.
fn named(step: Step, role: &[u8]) -> Result<Handler> {
    let code = match step {
        Step::Named(handler) => return Ok(handler),
        Step::Code(code) => code,
    };
    let name = enter_any(&hold()?, |entry| lang()?.name_code(entry, &code, role))?;
    Handler::new(&name, Where::default()).ok_or_else(|| "this code has no name".into())
}
