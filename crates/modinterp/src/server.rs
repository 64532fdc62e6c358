//! A running server: its `SetHandler interp-status`, asked over loopback or a socket of the system's.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::cli::Server;

/// How long the server may think.
const PATIENCE: Duration = Duration::from_secs(30);
/// A longer answer is none of the module's.
const LONGEST: u64 = 64 << 20;

/// What came back.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The text.
    pub text: String,
}

impl Server {
    /// Asks for the figures.
    ///
    /// # Errors
    /// There is no server, or what answers is none.
    pub fn get(&self) -> Result<Answer, String> {
        self.ask("GET", "")
    }

    /// Tells it to do something, with its secret.
    ///
    /// # Errors
    /// As [`Server::get`]; the secret cannot be read.
    pub fn post(&self, fields: &[(&str, &str)]) -> Result<Answer, String> {
        let file = self.token_file.display();
        let token = std::fs::read_to_string(&self.token_file).map_err(|why| format!("--token-file {file}: {why}"))?;
        let token = token.lines().next().unwrap_or_default().trim();
        let secret = ("token", token);
        let fields = fields.iter().chain([&secret]).map(|(name, value)| format!("{name}={}", escaped(value)));
        self.ask("POST", &fields.collect::<Vec<_>>().join("&"))
    }

    fn ask(&self, method: &str, body: &str) -> Result<Answer, String> {
        let (host, path) = parts(&self.url)?;
        let failed = |why: std::io::Error| format!("{}: {why}", self.shown());
        let mut stream = match &self.socket {
            Some(socket) => UnixStream::connect(socket).and_then(|stream| {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Box::new(stream) as Box<dyn Stream>)
            }),
            None => loopback(host)?.and_then(|stream| {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Box::new(stream) as Box<dyn Stream>)
            }),
        }
        .map_err(failed)?;
        // HTTP/1.0: the answer ends with the connection, and comes in one piece.
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_to_end(&mut answer).map_err(failed)?;
        read(&String::from_utf8_lossy(&answer)).ok_or_else(|| format!("{}: the answer is none of HTTP's", self.shown()))
    }

    fn shown(&self) -> String {
        self.socket.as_ref().map_or_else(|| self.url.clone(), |socket| socket.display().to_string())
    }
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// Host, with its port, and path of a URL.
fn parts(url: &str) -> Result<(&str, &str), String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| format!("--url {url}: begins with http://, since it is on this machine"))?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    let is_plain = |part: &str| !part.contains(|c: char| c.is_control() || c == ' ');
    if host.is_empty() || !is_plain(rest) {
        return Err(format!("--url {url}: is none"));
    }
    Ok((host, if path.is_empty() { "/" } else { path }))
}

/// A connection to this machine itself: the secret goes over it as it is.
fn loopback(host: &str) -> Result<std::io::Result<TcpStream>, String> {
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    let whole = if has_port { host.to_owned() } else { format!("{host}:80") };
    let addresses: Vec<_> = whole.to_socket_addrs().map_err(|why| format!("--url {host}: {why}"))?.collect();
    if let Some(far) = addresses.iter().find(|address| !address.ip().is_loopback()) {
        return Err(format!("--url {host}: {} is another machine's, or looks so: only loopback is asked", far.ip()));
    }
    Ok(TcpStream::connect(&addresses[..]))
}

/// Status and text of an answer.
fn read(answer: &str) -> Option<Answer> {
    let (head, text) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, text: text.into() })
}

/// A value of a form.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_of_this_machine() {
        assert_eq!(parts("http://127.0.0.1/interp-status"), Ok(("127.0.0.1", "/interp-status")));
        assert_eq!(parts("http://[::1]:81"), Ok(("[::1]:81", "/")));
        assert!(
            parts("https://127.0.0.1/").is_err() && parts("http:///a").is_err() && parts("http://a/\r\nX: y").is_err()
        );
        assert!(loopback("192.0.2.1").is_err_and(|why| why.contains("only loopback is asked")));
    }

    #[test]
    fn an_answer_has_a_status_and_a_text() {
        let answer = read("HTTP/1.1 200 OK\r\nA: b\r\n\r\nyes\r\n\r\nno\n").map(|answer| (answer.status, answer.text));
        assert_eq!(answer, Some((200, "yes\r\n\r\nno\n".into())));
        assert!(read("SSH-2.0-x\r\n").is_none() && read("").is_none());
        assert_eq!(escaped("+2 a&b"), "%2B2%20a%26b");
    }
}
