//! `PerlNetServer`: programs that serve connections which httpd has taken. What is done in the language is [`super::ways::Ways`]'s.

use std::ffi::c_int;
use std::sync::Arc;

use config::{NetServer, Phase, Queued, What};
use httpd::log::Level;
use httpd::server::MainState;
use httpd::status::OK;
use httpd::{Connection, Server};
use interp::{Entry, Raised, SignalsKept};
use leases::ending;

use super::about::{About, OfConnection, Topic, in_parent};
use super::call::Call;
use super::connection::ConnectionState;
use super::lang::Lang;
use super::languages::languages;
use super::lease::Stock;
use super::server::{ServerRecord, of_connections};
use super::start_error::StartError;
use super::wire::{Life, Wire};
use super::{parents, report};

const DIRECTIVE: &str = "PerlNetServer";

/// The name of a program for messages, with its line.
pub fn name(of: &NetServer) -> String {
    report::placed(DIRECTIVE, &of.program, &of.at)
}

/// The program that serves a server's connections, in the phase in which it does.
#[inline(always)]
pub fn speaker(phase: Phase, record: &ServerRecord) -> Option<&NetServer> {
    if phase == Phase::ProcessConnection { record.conf.net_servers.first() } else { None }
}

/// Loads the programs of all servers, each in the parent of the interpreters that will run it.
///
/// # Errors
/// Why one of them cannot serve.
pub fn load_all(lang: Lang, main: &Server) -> Result<(), StartError> {
    for (s, program, stock) in programs(lang, main) {
        in_parent(s, stock, |entry| lang.load_net_server(entry, program)).map_err(|raised| {
            let (name, at) = (program.program.clone(), program.at.clone());
            parents::failed(lang, &Queued { what: What::Code, name, directive: DIRECTIVE, at }, raised)
        })?;
    }
    Ok(())
}

/// The programs whose connections the interpreters of a stock serve.
pub fn served_by(lang: Lang, stock: &Arc<Stock>) -> Vec<NetServer> {
    // Without threads the parent serves, for each stock that has it.
    let is_one = |other: &Arc<Stock>| {
        let serve_alike = other.tipool().is_none() && stock.tipool().is_none();
        Arc::ptr_eq(other, stock) || (serve_alike && Arc::ptr_eq(&other.parent, &stock.parent))
    };
    let mut found: Vec<NetServer> = Vec::new();
    let _ = Server::with_main(|main| {
        for (_, program, other) in programs(lang, main) {
            if is_one(other) && !found.iter().any(|known| known.is_same(program)) {
                found.push(program.clone());
            }
        }
    });
    found
}

/// The programs of all servers, each with the interpreters that serve for it.
fn programs(lang: Lang, main: &Server) -> impl Iterator<Item = (&Server, &NetServer, &Arc<Stock>)> {
    main.chain().filter_map(move |s| {
        let record = ServerRecord::find(lang, s).filter(|record| record.conf.is_enabled())?;
        Some((s, record.conf.net_servers.first()?, of_connections(record)?))
    })
}

/// Calls a program's hooks for what happens to an interpreter.
pub fn tell(lang: Lang, s: &Server, of: &NetServer, entry: &dyn Entry, life: Life) {
    match lang.tell_net_server(entry, of, life) {
        // As a worker that calls exit there: it is over with the hook.
        Ok(()) | Err(Raised::Exit(_) | Raised::CoreExit(_)) => {}
        Err(raised) => About::Server(s).log(lang, Level::Error, format!("{raised} ({})", name(of)).as_bytes()),
    }
}

/// Tells all programs, in httpd's parent, that the server ends or begins anew.
pub fn close_all(lang: Lang) {
    let is_restart = httpd::server::main_state() != MainState::Exiting;
    let _ = Server::with_main(|main| {
        let mut told: Vec<(&NetServer, &Arc<Stock>)> = Vec::new();
        for (s, program, stock) in programs(lang, main) {
            let is_told = |(known, of): &(&NetServer, &Arc<Stock>)| {
                known.is_same(program) && Arc::ptr_eq(&of.parent, &stock.parent)
            };
            if !told.iter().any(is_told) {
                told.push((program, stock));
                let close = |entry: &dyn Entry| tell(lang, s, program, entry, Life::Close { is_restart });
                ending(lang, || stock.parent.run(|parent| parent.with(&mut |entry| close(entry))));
            }
        }
    });
}

/// Has the program serve a connection, to its end.
pub fn serve(lang: Lang, c: &Connection, state: &ConnectionState, stock: &Arc<Stock>, of: &NetServer) -> c_int {
    let is_scripts = |of: Lang| ConnectionState::find(of, c).is_some_and(|state| state.is_filtered.get());
    if languages().any(is_scripts) {
        let text = format!(
            "{}: the connection has a filter that is a script, and is closed: the program would wait for it for ever",
            name(of)
        );
        report::connection(lang, c, Level::Error, &text);
        c.abort();
        return OK;
    }
    let call = Call { lang, phase: Some(Phase::ProcessConnection), about: OfConnection { c, state }, stock };
    // Without threads a program can say what this process does on a signal.
    let _kept = (!httpd::mpm::is_threaded()).then(SignalsKept::new);
    let done = c.with_descriptor(|fd| {
        let proto = if c.is_encrypted() { "SSL" } else { "TCP" };
        let done = call.run(|entry| lang.run_net_server(entry, of, &Wire { fd, proto, c }));
        // The interpreter goes to others now, whatever is still to be sent.
        state.give_back();
        done
    });
    match done {
        Err(error) => {
            report::connection(lang, c, Level::Info, &format!("{}: {error}: the connection is closed", name(of)));
            c.abort();
        }
        Ok(Err(refused)) => {
            call.about.refused(&call, &refused);
        }
        Ok(Ok(Err(raised @ (Raised::Died(_) | Raised::Unresolved(_))))) => {
            About::Connection(c).log(lang, Level::Error, format!("{raised} ({})", name(of)).as_bytes());
        }
        Ok(Ok(_)) => {}
    }
    OK
}
