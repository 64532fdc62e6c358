//! Programs for Net::Server: `lib/ModInterp/NetServer.pm` has what is done with them.

use config::NetServer;
use interp::{Entry, IntoVal, Load, Raised, Ticket, Val};

use super::call_named;
use crate::host::wire::{Life, Wire};

/// By what the Perl side knows the program: all that its line says. Two lines that say the same, as for a port with TLS and one without, are one program.
fn key(of: &NetServer) -> Vec<u8> {
    let call = of.call.as_deref().unwrap_or_default();
    let words = of.words.iter().map(|word| &word[..]);
    [&of.program[..], call].into_iter().chain(words).collect::<Vec<_>>().join(&0)
}

/// Loads the program.
pub fn load(entry: &dyn Entry, of: &NetServer) -> Result<(), Raised> {
    let text = |text: &[u8]| text.val(Ticket::FOREVER);
    let (key, at) = (key(of), of.at.to_string());
    let call = of.call.as_deref().map_or(Val::UNDEF, text);
    let mut args = vec![text(&key), text(at.as_bytes()), text(&of.program), of.is_file().val(Ticket::FOREVER), call];
    args.extend(of.words.iter().map(|word| text(word)));
    entry.require_module(b"ModInterp::NetServer", None)?;
    call_named(entry, b"ModInterp::NetServer::load", Load::Never, &args).map(drop)
}

/// Calls its hooks for the lives of interpreters.
pub fn tell(entry: &dyn Entry, of: &NetServer, life: Life) -> Result<(), Raised> {
    let (word, number) = match life {
        Life::Spawn(count) => (&b"spawn"[..], count as i64),
        Life::Begin => (&b"begin"[..], 0),
        Life::End => (&b"end"[..], 0),
        Life::Close { is_restart } => (&b"close"[..], is_restart.into()),
    };
    let key = key(of);
    let args = [(&key[..]).val(Ticket::FOREVER), word.val(Ticket::FOREVER), number.val(Ticket::FOREVER)];
    call_named(entry, b"ModInterp::NetServer::life", Load::Never, &args).map(drop)
}

/// Runs it on a connection.
pub fn run(entry: &dyn Entry, of: &NetServer, on: &Wire<'_>) -> Result<(), Raised> {
    let text = |text: &[u8]| text.val(Ticket::FOREVER);
    let number = |n: i64| n.val(Ticket::FOREVER);
    let (key, c) = (key(of), on.c);
    let port = |port: Option<u16>| number(port.unwrap_or(0).into());
    let (client, local) = (c.client_ip().unwrap_or(b"0.0.0.0"), c.local_ip().unwrap_or(b"0.0.0.0"));
    let args = [
        text(&key),
        number(on.fd.into()),
        text(on.proto.as_bytes()),
        text(client),
        port(c.client_port()),
        text(local),
        port(c.local_port()),
    ];
    call_named(entry, b"ModInterp::NetServer::serve", Load::Never, &args).map(drop)
}
