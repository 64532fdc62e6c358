//! `PerlNetServer`: programs that serve connections which httpd has taken. What is done in the language is [`super::ways::Ways`]'s.

use std::ffi::c_int;
use std::sync::Arc;

use config::{NetServer, Phase, Queued, What};
use httpd::log::Level;
use httpd::status::OK;
use httpd::{Connection, Server};
use interp::{Raised, SignalsKept};

use super::about::{About, OfConnection, Topic, in_parent};
use super::call::Call;
use super::connection::ConnectionState;
use super::lang::Lang;
use super::languages::languages;
use super::lease::Stock;
use super::server::{ServerRecord, of_connections};
use super::start_error::StartError;
use super::wire::Wire;
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
    for s in main.chain() {
        let Some(record) = ServerRecord::find(lang, s).filter(|record| record.conf.is_enabled()) else { continue };
        let (Some(program), Some(stock)) = (record.conf.net_servers.first(), of_connections(record)) else { continue };
        in_parent(s, stock, |entry| lang.load_net_server(entry, program)).map_err(|raised| {
            let (name, at) = (program.program.clone(), program.at.clone());
            parents::failed(lang, &Queued { what: What::Code, name, directive: DIRECTIVE, at }, raised)
        })?;
    }
    Ok(())
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
