//! mod_lua's hooks: `LuaHookFixups` and its like, one after the other until one does not decline.

use std::ffi::c_int;

use config::{Handler, HookRow, Phase, Position};
use httpd::Request;
use httpd::log::Level;
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, OK};
use interp::{Entry, IntoVal, Raised};

use super::super::about::About;
use super::super::lang::RequestCall;
use super::super::request::{RequestState, Step};
use super::super::{dispatch, report};
use super::{LUA, scope, script};

/// The hooks of a phase at a position.
pub fn run(phase: Phase, position: Position, r: &Request) -> c_int {
    let Some(hooks) = LUA.dir(r).and_then(|dir| dir.lua().shared_hooks(phase, position)) else { return DECLINED };
    let (Some(server), Some(state)) = (LUA.server_of(r).filter(|s| s.conf.is_enabled()), RequestState::of(LUA, r))
    else {
        return DECLINED;
    };
    let call = RequestCall { r, state, server, phase };
    let run = |entry: &dyn Entry| {
        hooks.iter().map(|hook| one(&call, entry, hook)).find(|status| *status != DECLINED).unwrap_or(DECLINED)
    };
    let first = || hooks.first().and_then(|hook| script::file_of(hook, r)).unwrap_or_default();
    let done = scope::hold(&call, first).and_then(|_hold| dispatch::enter(LUA, &call, run));
    let status = match done {
        Ok(status) => status,
        Err(refused) => dispatch::refuse(LUA, r, phase, &refused),
    };
    if phase != Phase::Log && status != OK && status != DECLINED {
        state.end_walk(r);
    }
    status
}

fn one(call: &RequestCall<'_>, entry: &dyn Entry, hook: &Handler) -> c_int {
    let about = About::Request(*call.r);
    match script::call(&about, entry, hook, &[call.r.val(call.state.ticket())]) {
        Ok(outcome) if outcome.is_number => c_int::try_from(outcome.number).unwrap_or(HTTP_INTERNAL_SERVER_ERROR),
        Ok(_) => {
            let text = format!(
                "{} {} ({}): did not return a number: apache2.OK, apache2.DECLINED or a status",
                directive(call.phase),
                hook.display_name(),
                hook.at
            );
            report::request(LUA, call.r, Level::Crit, &text);
            HTTP_INTERNAL_SERVER_ERROR
        }
        Err(Raised::Exit(_)) => OK,
        Err(raised) => {
            report::raised(LUA, &about, directive(call.phase), &Step::Named(hook.clone()), &raised);
            HTTP_INTERNAL_SERVER_ERROR
        }
    }
}

/// mod_lua's directive for a phase.
fn directive(phase: Phase) -> &'static str {
    phase.row().hooks.as_ref().map_or("LuaHook", HookRow::directive)
}
