//! Providers of authentication and authorization that start-up code registers. Their code has a name, which the interpreter
//! that serves a request looks up.

use std::ffi::c_int;
use std::sync::Arc;

use config::{Handler, Phase};
use httpd::auth::{AUTH_DENIED, AUTH_GENERAL_ERROR, AUTHZ_DENIED, AUTHZ_DENIED_NO_USER, AUTHZ_GENERAL_ERROR};
use httpd::log::Level;
use httpd::provider::Group;
use httpd::{Command, Request};
use interp::{IntoVal, Raised, Ticket, Val};

use super::about::{About, Topic};
use super::call::{Call, leave_if_core_exit};
use super::lang::Lang;
use super::lease::Frame;
use super::provider::Provider;
use super::server::ServerRecord;
use super::step::Step;
use super::{parents, report, site};

/// The note of the request in which the wrapper of a second callback leaves the hash.
const HASH_NOTE: &[u8] = b"mod_interp.realm_hash";

/// Registers a provider with httpd, in place of an earlier one of the same name.
///
/// # Errors
/// Once the server serves; httpd's status.
pub fn register(lang: Lang, provider: Provider, version: &[u8], kind: c_int) -> Result<(), apr::Status> {
    let (group, name) = (provider.group, &provider.name);
    let done = httpd::with_pconf(|pconf| lang.register_provider(pconf, group, name, version, kind));
    done.ok_or(apr::Status::EGENERAL)??;
    site::with(lang, |site| {
        site.providers.retain(|p| p.group != provider.group || p.name != provider.name);
        site.providers.push(Arc::new(provider));
    });
    Ok(())
}

fn find(lang: Lang, group: Group, name: &[u8]) -> Option<Arc<Provider>> {
    site::with(lang, |site| site.providers.iter().find(|p| p.group == group && *p.name == *name).cloned())
}

/// What a provider that is asked in this phase may return, as numbers and in words.
fn results(phase: Phase) -> (std::ops::RangeInclusive<c_int>, &'static str) {
    match phase {
        Phase::Authz => (
            AUTHZ_DENIED..=AUTHZ_DENIED_NO_USER,
            "AUTHZ_GRANTED (1), AUTHZ_DENIED (0), AUTHZ_NEUTRAL (2), AUTHZ_GENERAL_ERROR (3) or AUTHZ_DENIED_NO_USER (4)",
        ),
        _ => (
            AUTH_DENIED..=AUTH_GENERAL_ERROR,
            "AUTH_GRANTED (1), AUTH_DENIED (0), AUTH_USER_FOUND (2), AUTH_USER_NOT_FOUND (3) or AUTH_GENERAL_ERROR (4)",
        ),
    }
}

/// Calls a provider's code and returns its number; `None` when the code died, which is in the log. `exit` counts as 0, a denial in both groups.
fn call(lang: Lang, r: &Request, phase: Phase, name: &[u8], handler: &Handler, args: &[&[u8]]) -> Option<c_int> {
    let wrong = |level: Level, what: &str| {
        let (_, words) = results(phase);
        let (directive, name) = (lang.provider_name(phase), String::from_utf8_lossy(name));
        let code = format!("{} {}, {}", directive, handler.display_name(), handler.at);
        report::request(lang, r, level, &format!("{code}: provider \"{name}\" {what}: return {words}"));
        None
    };
    if !ServerRecord::of_request(lang, r).is_some_and(|s| s.conf.is_enabled()) {
        let text = format!(
            "{} {}: cannot be asked, since {}Options -Enable holds for this server",
            lang.provider_name(phase),
            handler.display_name(),
            lang.name()
        );
        report::request(lang, r, Level::Error, &text);
        return None;
    }
    let about = About::Request(r);
    let call = Call::of_request(lang, phase, r)?;
    let done = call.run(|entry| {
        call.about.before_handlers(lang, entry);
        let args = args.iter().map(|text| text.val(Ticket::FOREVER));
        let args: Vec<Val> = call.about.args(lang).iter().copied().chain(args).collect();
        lang.call(&about, entry, handler, &args)
    });
    match done {
        Ok(Ok(outcome)) if !outcome.is_number => wrong(Level::Error, "did not return a number"),
        Ok(Ok(outcome)) => match c_int::try_from(outcome.number) {
            Ok(number) if results(phase).0.contains(&number) => Some(number),
            _ => wrong(Level::Warn, &format!("returned {}", outcome.number)),
        },
        Ok(Err(Raised::Exit(_))) => Some(0),
        Ok(Err(raised)) => {
            leave_if_core_exit(&raised);
            report::raised(lang, &about, lang.provider_name(phase), &Step::Named(handler.clone()), &raised);
            None
        }
        Err(refused) => {
            call.about.refused(&call, &refused);
            httpd::provider::is_busy();
            None
        }
    }
}

/// `AuthBasicProvider`: whether the password is right.
pub fn check_password(lang: Lang, r: &Request, name: &[u8], user: &[u8], password: &[u8]) -> c_int {
    let Some(provider) = find(lang, Group::Authn, name) else { return AUTH_DENIED };
    call(lang, r, Phase::Authen, name, &provider.check, &[user, password]).unwrap_or(AUTH_GENERAL_ERROR)
}

/// `AuthDigestProvider`: the hash of a user.
pub fn realm_hash(lang: Lang, r: &Request, name: &[u8], user: &[u8], realm: &[u8]) -> (c_int, Option<Vec<u8>>) {
    let Some(provider) = find(lang, Group::Authn, name) else { return (AUTH_GENERAL_ERROR, None) };
    let Some(second) = &provider.second else { return (AUTH_GENERAL_ERROR, None) };
    let status = call(lang, r, Phase::Authen, name, second, &[user, realm]).unwrap_or(AUTH_GENERAL_ERROR);
    let hash = r.notes().get(HASH_NOTE).filter(|hash| !hash.is_empty()).map(<[u8]>::to_vec);
    r.notes().unset(HASH_NOTE);
    (status, hash)
}

/// `Require`: whether the request may pass.
pub fn check_authorization(lang: Lang, r: &Request, name: &[u8], line: &[u8]) -> c_int {
    let Some(provider) = find(lang, Group::Authz, name) else { return AUTHZ_DENIED };
    let arguments = lang.require_arguments(r, line);
    let arguments: Vec<&[u8]> = arguments.iter().map(|a| &a[..]).collect();
    call(lang, r, Phase::Authz, name, &provider.check, &arguments).unwrap_or(AUTHZ_GENERAL_ERROR)
}

/// Asks the provider's code whether it understands a `Require` line. While the configuration is read, the parent runs that code. A line
/// of a `.htaccess` file is read in the middle of a request that may hold an interpreter, but which request is not known here: where
/// no interpreter is free at once, the line is accepted unseen, and the code that says who may pass judges it later.
///
/// # Errors
/// The code's own words, or what it raised.
pub fn check_require_line(lang: Lang, cmd: &Command, name: &[u8], line: &[u8]) -> Result<(), String> {
    let Some(provider) = find(lang, Group::Authz, name) else { return Ok(()) };
    let Some(second) = &provider.second else { return Ok(()) };
    let s = cmd.server();
    let stock = parents::start_for(lang, Some(s)).map_err(|error| error.to_string())?;
    let hold = match Frame::inside(&stock) {
        Some(hold) => hold,
        None => match stock.lend_now(None) {
            Some(lent) => Arc::new(lent),
            None => return Ok(()),
        },
    };
    // The ticket is void once the line has been read: the object must not be used after that.
    let ticket = Ticket::new_owner();
    let parms = cmd.val(ticket);
    let done = Frame::enter(About::Server(s), None, &stock, &hold, |interp| {
        let args = [parms, line.val(Ticket::FOREVER)];
        interp::enter(interp, |entry| lang.call(&About::Server(s), entry, second, &args))
    });
    ticket.void();
    done.map(drop).map_err(|raised| raised.to_string())
}
