//! Ports whose connections httpd takes only when the client has sent something, though a handler of ours speaks there, which may want
//! to speak first: told at the start, since nothing else shows why both sides wait.

use config::Phase;
use httpd::log::Level;
use httpd::{Listener, Node, Server};

use super::lang::Lang;
use super::server::ServerRecord;
use super::{configured, net_server, report};

/// Looks at each port whose connections a `ProcessConnection` handler gets.
pub fn tell_deferred(lang: Lang, main: &Server) {
    for listener in Listener::all(main).filter(|listener| listener.waits_for_the_client(main)) {
        let Some((server, name)) = speaker(lang, main, listener) else { continue };
        let (Some(line), false) = (line_of(main, listener), is_encrypted(main, server)) else { continue };
        let written = words(line).next().unwrap_or_default();
        let text = format!(
            "{name}: Listen {} ({}:{}) says the protocol {}, for which httpd takes no connection before the client has sent something: \
             so that the handler can speak first, write \"Listen {written} raw\"",
            String::from_utf8_lossy(line.arguments()),
            String::from_utf8_lossy(line.file()),
            line.line(),
            String::from_utf8_lossy(listener.protocol()),
        );
        report::server(lang, Some(server), Level::Warn, &text);
    }
}

/// The first server with a handler or a program, and its name, among those to which httpd gives the connections of a port: the first of each address that virtual
/// hosts have there, the main one where there is none.
fn speaker<'s>(lang: Lang, main: &'s Server, listener: &Listener) -> Option<(&'s Server, String)> {
    let address = listener.address()?;
    let mut seen: Vec<&[u8]> = Vec::new();
    let mut hosts: Vec<&Server> = Vec::new();
    for server in main.chain().filter(|server| server.is_virtual()) {
        for own in std::iter::successors(server.addrs(), |own| own.next()).filter(|own| own.takes_from(address)) {
            let written = own.written().unwrap_or_default();
            if !seen.contains(&written) {
                seen.push(written);
                hosts.push(server);
            }
        }
    }
    if hosts.is_empty() {
        hosts.push(main);
    }
    hosts.into_iter().find_map(|server| {
        let record = ServerRecord::find(lang, server).filter(|record| record.conf.is_enabled())?;
        let handlers = configured::of_record(lang, Phase::ProcessConnection, record);
        let program = || record.conf.net_servers.first().map(net_server::name);
        let handler = handlers.first().map(|handler| report::name_of(lang, Phase::ProcessConnection, handler));
        handler.or_else(program).map(|name| (server, name))
    })
}

/// Under TLS it is always the client that speaks first.
fn is_encrypted(main: &Server, server: &Server) -> bool {
    fn says(of: &Server) -> Option<&[u8]> {
        let mut lines = Node::of_server(of)?.and_next();
        lines.find(|line| line.name().eq_ignore_ascii_case(b"SSLEngine")).map(Node::arguments)
    }
    says(server).or_else(|| says(main)).is_some_and(|value| !value.eq_ignore_ascii_case(b"off"))
}

/// The `Listen` line of a port.
fn line_of<'s>(main: &'s Server, listener: &Listener) -> Option<&'s Node> {
    let address = listener.address()?;
    let mut lines = Node::first(main).into_iter().flat_map(Node::and_next);
    lines.find(|line| {
        line.name().eq_ignore_ascii_case(b"Listen") && {
            let (host, port) = split(words(line).next().unwrap_or_default());
            port.parse() == Ok(address.port())
                && (host.is_none_or(|host| host == "*") || host.map(str::as_bytes) == address.ip())
        }
    })
}

fn words(line: &Node) -> impl Iterator<Item = &str> {
    std::str::from_utf8(line.arguments()).unwrap_or_default().split_ascii_whitespace()
}

/// Address, if there is one, and port of a `Listen` line: `80`, `192.0.2.1:80`, `[2001:db8::1]:80`.
fn split(written: &str) -> (Option<&str>, &str) {
    match written.rsplit_once(':') {
        Some((host, port)) => (Some(host.trim_matches(['[', ']'])), port),
        None => (None, written),
    }
}
