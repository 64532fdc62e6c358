//! Ports: `port`, `host`, `proto` and `ipv`, as `Net::Server::Proto::parse_info` reads them.

use std::net::{IpAddr, ToSocketAddrs};

use super::conf::{At, Given};
use super::remark::{Kind, Remark};
use super::settings::Settings;

/// An address that httpd is to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// None for all addresses of the machine.
    host: Option<String>,
    port: u16,
    pub has_tls: bool,
}

impl Address {
    /// As `Listen` has it.
    pub fn listen(&self) -> String {
        match &self.host {
            Some(host) => format!("{}:{}", in_brackets(host), self.port),
            None => self.port.to_string(),
        }
    }

    /// As `<VirtualHost>` has it, which knows one word for all addresses.
    pub fn virtual_host(&self) -> String {
        match self.host.as_deref() {
            None | Some("0.0.0.0" | "::") => format!("*:{}", self.port),
            Some(host) => format!("{}:{}", in_brackets(host), self.port),
        }
    }
}

fn in_brackets(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.into() }
}

/// What asks the machine's names.
pub struct Names {
    /// The number of a service.
    pub service: fn(&str) -> Option<u16>,
    /// The addresses of a host.
    pub addresses: fn(&str) -> Vec<IpAddr>,
}

impl Names {
    /// This machine's.
    pub const OF_MACHINE: Names = Names {
        service: |name| {
            let services = std::fs::read_to_string("/etc/services").ok()?;
            let mut lines = services.lines().map(|line| line.split('#').next().unwrap_or_default());
            lines.find_map(|line| {
                let mut words = line.split_whitespace();
                let (first, number) = (words.next()?, words.next()?.strip_suffix("/tcp")?);
                (first == name || words.any(|alias| alias == name)).then(|| number.parse().ok())?
            })
        },
        addresses: |name| {
            (name, 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
        },
    };
}

/// The addresses that the keys name; none where no port can be had.
pub fn addresses(settings: &Settings, default_port: u16, names: &Names, remarks: &mut Vec<Remark>) -> Vec<Address> {
    let default = Given { key: "port".into(), value: default_port.to_string(), at: At::Default };
    let mut ports: Vec<&Given> = settings.all("port").collect();
    if ports.is_empty() {
        ports.push(&default);
    }
    // Where there are more ports than hosts the last host serves.
    let beside = |key: &'static str, at: usize| {
        let all: Vec<&Given> = settings.all(key).collect();
        all.get(at).or(all.last()).map_or("", |given| &*given.value)
    };
    let mut found = Vec::<Address>::new();
    for (at, port) in ports.into_iter().enumerate() {
        match read(&port.value, beside("host", at), beside("proto", at), beside("ipv", at), names) {
            Ok(more) => more.into_iter().for_each(|address| {
                if !found.contains(&address) {
                    found.push(address);
                }
            }),
            Err(why) => remarks.push(Remark::of(Kind::Refused, "port", &port.value, &port.at, why)),
        }
    }
    found
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || ",|:/".contains(c)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Cuts out a token that stands behind separators; how long it is says the function, which is given the rest of the text.
fn cut(text: &mut String, token: impl Fn(&str) -> Option<usize>) -> Option<String> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    for start in starts {
        let is_behind = text[..start].ends_with(|c| is_word(c) || c == '*' || c == ']');
        let behind = text[start..].trim_start_matches(is_separator);
        let begin = text.len() - behind.len();
        if !is_behind || begin == start {
            continue;
        }
        if let Some(length) = token(behind) {
            let cut = behind[..length].to_owned();
            text.replace_range(start..begin + length, "");
            return Some(cut);
        }
    }
    None
}

/// `IPv4`, `IPv6`, `IPv*`, of which there may be two.
fn cut_family(text: &mut String) -> Option<String> {
    let family = |text: &str| {
        let rest = text.get(..3).filter(|start| start.eq_ignore_ascii_case("IPv")).and(text.get(3..))?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c == '*' || c.is_ascii_digit()).len();
        (digits > 0).then_some(3 + digits)
    };
    let first = cut(text, family)?;
    Some(first + &cut(text, family).unwrap_or_default())
}

fn cut_protocol(text: &mut String) -> Option<String> {
    let known = |text: &str| {
        let is_class =
            text.contains("::") && text.split("::").all(|part| !part.is_empty() && part.chars().all(is_word));
        let names = ["tcp", "udp", "ssl", "ssleay", "unix", "unixdgram"];
        (is_class || names.iter().any(|name| name.eq_ignore_ascii_case(text))).then_some(text.len())
    };
    cut(text, known).or_else(|| {
        let (rest, last) = text.rsplit_once('/')?;
        let is_name = !last.is_empty() && last.chars().all(is_word);
        let (rest, last) = is_name.then(|| (rest.to_owned(), last.to_owned()))?;
        *text = rest;
        Some(last)
    })
}

/// The addresses that one port's text names.
fn read(port: &str, host: &str, protocol: &str, family: &str, names: &Names) -> Result<Vec<Address>, String> {
    let (mut port, mut protocol, mut family) = (port.to_owned(), protocol.to_owned(), family.to_owned());
    let is_datagram = cut(&mut port, |text| {
        let is_dgram = text.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("sock_dgram"));
        let is_stream = text.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("sock_stream"));
        if is_dgram { Some(10) } else { is_stream.then_some(11) }
    });
    if let Some(own) = cut_family(&mut port) {
        family = own;
    }
    if let Some(own) = cut_protocol(&mut port) {
        protocol = own;
    }
    if is_datagram.is_some() {
        protocol = "unix".into();
    }
    if let Some(own) = cut_family(&mut protocol) {
        family = own;
    }
    let has_tls = match protocol.rsplit("::").next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "tcp" => false,
        "ssl" | "ssleay" => true,
        "udp" => return Err("httpd serves no datagrams".into()),
        "unix" | "unixdgram" => return Err("httpd listens on no socket of a path".into()),
        other => return Err(format!("{other} is a protocol that httpd does not have")),
    };
    let mut host = host.to_owned();
    let number_at = port.trim_end_matches(is_word).len();
    let before = port[..number_at].trim_end_matches(|c| c != '/' && is_separator(c));
    if before.len() < number_at && number_at < port.len() {
        host = before.to_owned();
        port = port[number_at..].to_owned();
    }
    if let Some(own) = cut_family(&mut host) {
        family = own;
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        host = inner.to_owned();
    }
    if !host.chars().all(|c| is_word(c) || "/.-:*".contains(c)) {
        return Err(format!("{host} is no host"));
    }
    let number = match port.parse::<u16>() {
        Ok(0) => return Err("httpd chooses no port by itself: write one".into()),
        Ok(number) => number,
        Err(_) if port.bytes().all(|c| c.is_ascii_digit()) => return Err("is no port".into()),
        Err(_) => (names.service)(&port).ok_or_else(|| format!("{port} is no service of /etc/services"))?,
    };
    let (has_4, has_6, is_any) =
        (family.contains('4'), family.contains('6'), family.contains('*') || family.is_empty());
    if !(has_4 || has_6 || is_any) {
        return Err(format!("ipv {family} is neither 4 nor 6 nor *"));
    }
    let is_both = is_any || (has_4 && has_6);
    let hosts: Vec<Option<String>> = match host.as_str() {
        "" | "*" if is_both => vec![None],
        "" | "*" if has_6 => vec![Some("::".into())],
        "" | "*" => vec![Some("0.0.0.0".into())],
        literal if literal.parse::<IpAddr>().is_ok() => vec![Some(host)],
        _ if is_both => vec![Some(host)],
        name => {
            let all = (names.addresses)(name);
            let mut wanted: Vec<String> =
                all.iter().filter(|address| address.is_ipv6() == has_6).map(ToString::to_string).collect();
            wanted.dedup();
            if wanted.is_empty() {
                return Err(format!("{name} has no address of IPv{}", if has_6 { 6 } else { 4 }));
            }
            wanted.into_iter().map(Some).collect()
        }
    };
    Ok(hosts.into_iter().map(|host| Address { host, port: number, has_tls }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = Names {
        service: |name| (name == "smtp").then_some(25),
        addresses: |name| match name {
            "both" => vec!["::1".parse(), "127.0.0.1".parse()].into_iter().flatten().collect(),
            _ => Vec::new(),
        },
    };

    fn of(port: &str, host: &str, protocol: &str, family: &str) -> String {
        match read(port, host, protocol, family, &NAMES) {
            Ok(found) => found
                .iter()
                .map(|address| format!("{}{}", address.listen(), if address.has_tls { " tls" } else { "" }))
                .collect::<Vec<_>>()
                .join(", "),
            Err(why) => why,
        }
    }

    #[test]
    fn ports_of_the_manual() {
        for (port, is) in [
            ("20203", "20203"),
            ("localhost:20203", "localhost:20203"),
            ("localhost:smtp", "localhost:25"),
            ("localhost:20203/tcp", "localhost:20203"),
            ("localhost:20203/tcp/IPv*", "localhost:20203"),
            ("localhost, 20203, tcp, IPv*", "localhost:20203"),
            ("localhost | 20203 | tcp | IPv*", "localhost:20203"),
            ("localhost:20203/IPv*", "localhost:20203"),
            ("both:20203/IPv4/IPv6", "both:20203"),
            ("both:20203:IPv6", "[::1]:20203"),
            ("both:20203:IPv4", "127.0.0.1:20203"),
            ("*:20203", "20203"),
            ("*:20203:IPv4", "0.0.0.0:20203"),
            ("[::1]:80", "[::1]:80"),
            ("[::]:80", "[::]:80"),
            ("::1:80", "[::1]:80"),
            ("443/ssl", "443 tls"),
            ("443/Net::Server::Proto::SSLEAY", "443 tls"),
            ("25/tcp", "25"),
        ] {
            assert_eq!(of(port, "", "", ""), is, "{port}");
        }
    }

    #[test]
    fn what_a_port_does_not_say_the_other_keys_say() {
        assert_eq!(of("25", "127.0.0.1", "", ""), "127.0.0.1:25");
        assert_eq!(of("10.0.0.1:25", "127.0.0.1", "ssl", ""), "10.0.0.1:25 tls");
        assert_eq!(of("25", "both/IPv4", "", ""), "127.0.0.1:25");
        assert_eq!(of("25", "*", "", "4"), "0.0.0.0:25");
        assert_eq!(of("25", "*", "", "6"), "[::]:25");
        assert_eq!(of("25", "*", "", "IPv4 IPv6"), "25");
        assert_eq!(of("25", "::1", "", ""), "[::1]:25");
        assert_eq!(of("25/tcp", "", "udp", ""), "25");
    }

    #[test]
    fn what_httpd_has_not_is_refused() {
        assert_eq!(of("53/udp", "", "", ""), "httpd serves no datagrams");
        assert_eq!(of("53", "", "udp", ""), "httpd serves no datagrams");
        assert_eq!(of("/tmp/s|unix", "", "", ""), "httpd listens on no socket of a path");
        assert_eq!(of("/tmp/s|sock_dgram|unix", "", "", ""), "httpd listens on no socket of a path");
        assert_eq!(of("80/MyTcp", "", "", ""), "mytcp is a protocol that httpd does not have");
        assert_eq!(of("0", "", "", ""), "httpd chooses no port by itself: write one");
        assert_eq!(of("nosuch", "", "", ""), "nosuch is no service of /etc/services");
        assert_eq!(of("99999", "", "", ""), "is no port");
        assert_eq!(of("25", "nowhere", "", "6"), "nowhere has no address of IPv6");
        assert_eq!(of("25", "a b", "", ""), "a b is no host");
    }

    #[test]
    fn all_addresses_have_one_word_in_a_virtual_host() {
        let host = |host: Option<&str>| Address { host: host.map(Into::into), port: 25, has_tls: false }.virtual_host();
        assert_eq!([host(None), host(Some("0.0.0.0")), host(Some("::"))], ["*:25", "*:25", "*:25"]);
        assert_eq!([host(Some("::1")), host(Some("localhost"))], ["[::1]:25", "localhost:25"]);
    }
}
