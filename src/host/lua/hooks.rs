//! mod_lua's hooks: `LuaHookFixups` and its like, one after the other until one does not decline.

use std::ffi::c_int;

use config::{Handler, HookRow, Phase, Position};
use httpd::Request;
use httpd::log::Level;
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, OK};
use interp::{Entry, Raised};

use super::super::about::{About, OfRequest, Topic};
use super::super::call::Call;
use super::super::step::Step;
use super::super::{hint, report};
use super::{LUA, scope, script};

/// The hooks of a phase at a position.
pub fn run(phase: Phase, position: Position, r: &Request) -> c_int {
    let Some(hooks) = LUA.dir(r).and_then(|dir| dir.lua().shared_hooks(phase, position)) else { return DECLINED };
    let Some(call) = Call::of_request(LUA, phase, r) else { return DECLINED };
    let of = &call.about;
    let run = |entry: &dyn Entry| {
        hooks.iter().map(|hook| one(phase, of, entry, hook)).find(|status| *status != DECLINED).unwrap_or(DECLINED)
    };
    let first = || hooks.first().and_then(|hook| script::file_of(hook, r)).unwrap_or_default();
    let done = scope::hold(of, call.stock, first).and_then(|_hold| call.run(run));
    let status = done.unwrap_or_else(|refused| call.about.refused(&call, &refused));
    if phase != Phase::Log && status != OK && status != DECLINED && phase.row().ends_request(status) {
        of.state.end_walk(r);
    }
    status
}

fn one(phase: Phase, of: &OfRequest<'_>, entry: &dyn Entry, hook: &Handler) -> c_int {
    let about = About::Request(of.r);
    match script::call(&about, entry, hook, &[of.state.subject(of.r)]) {
        Ok(outcome) if outcome.is_number => {
            let number = c_int::try_from(outcome.number).unwrap_or(HTTP_INTERNAL_SERVER_ERROR);
            if number != OK && number != DECLINED {
                let step = format!("{} {}, {}", directive(phase), hook.display_name(), hook.at);
                hint::script_result(LUA, of.r, phase, &step, &outcome, number);
            }
            httpd::status::of_script(number)
        }
        Ok(_) => {
            let text = format!(
                "{} {} ({}): did not return a number: apache2.OK, apache2.DECLINED or a status",
                directive(phase),
                hook.display_name(),
                hook.at
            );
            report::request(LUA, of.r, Level::Crit, &text);
            HTTP_INTERNAL_SERVER_ERROR
        }
        Err(Raised::Exit(_)) => OK,
        Err(raised) => {
            report::raised(LUA, &about, directive(phase), &Step::Named(hook.clone()), &raised);
            HTTP_INTERNAL_SERVER_ERROR
        }
    }
}

/// mod_lua's directive for a phase.
fn directive(phase: Phase) -> &'static str {
    phase.row().hooks.as_ref().map_or("LuaHook", HookRow::directive)
}
