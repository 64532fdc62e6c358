//! Values of keys as httpd's lines have them.

use super::settings::Settings;
use crate::words::word;

/// A whole number.
pub fn number(value: &str, _: &Settings) -> Result<String, String> {
    match value.parse::<u32>() {
        Ok(number) => Ok(number.to_string()),
        Err(_) => Err("is not a number".into()),
    }
}

/// A user's or group's name, or its number, which httpd wants a `#` before.
pub fn account(value: &str, _: &Settings) -> Result<String, String> {
    if value.is_empty() || !value.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        return Err("is no name of an account".into());
    }
    let is_number = value.bytes().all(|c| c.is_ascii_digit());
    Ok(if is_number { format!("#{value}") } else { value.into() })
}

/// The first of several groups: httpd has one, and takes the others of its user.
pub fn first_account(value: &str, settings: &Settings) -> Result<String, String> {
    account(value.split([' ', ',']).next().unwrap_or_default(), settings)
}

/// `0` to `4`, each as Net::Server gives it to syslog.
pub fn level(value: &str, _: &Settings) -> Result<String, String> {
    let levels = ["error", "warn", "notice", "info", "debug"];
    let number = value.parse::<usize>().unwrap_or(2);
    Ok(levels[number.min(levels.len() - 1)].into())
}

/// A file, or syslog.
pub fn log(value: &str, settings: &Settings) -> Result<String, String> {
    if value == "Sys::Syslog" {
        let facility = settings.value("syslog_facility").unwrap_or("daemon");
        let ident = settings.value("syslog_ident").unwrap_or("net_server");
        return Ok(word(&format!("syslog:{facility}:{ident}")));
    }
    if value.contains("::") && !value.contains('/') {
        return Err("is a module that writes the log; httpd does: ErrorLog, which may be a program's pipe".into());
    }
    Ok(word(value))
}

/// What OpenSSL's names for versions are in `SSLProtocol`.
pub fn protocols(value: &str, _: &Settings) -> Result<String, String> {
    let names = [
        ("SSLv23", "all"),
        ("SSLv2/3", "all"),
        ("TLS", "all"),
        ("SSLv2", "SSLv2"),
        ("SSLv3", "SSLv3"),
        ("TLSv1", "TLSv1"),
        ("TLSv1_1", "TLSv1.1"),
        ("TLSv11", "TLSv1.1"),
        ("TLSv1_2", "TLSv1.2"),
        ("TLSv12", "TLSv1.2"),
        ("TLSv1_3", "TLSv1.3"),
        ("TLSv13", "TLSv1.3"),
    ];
    let mut line = Vec::new();
    for part in value.split([':', ' ']).filter(|part| !part.is_empty()) {
        let (sign, name) = part.strip_prefix('!').map_or(("", part), |name| ("-", name));
        match names.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name)) {
            // httpd has not had SSLv2 for long.
            Some((_, "SSLv2")) if sign == "-" => {}
            Some((_, "SSLv2")) => return Err("SSLv2 is no more".into()),
            Some((_, ours)) => line.push(format!("{sign}{ours}")),
            None => return Err(format!("{name} is no version of TLS")),
        }
    }
    if line.is_empty() { Err("is no version of TLS".into()) } else { Ok(line.join(" ")) }
}

/// Whether the client must show a certificate: OpenSSL's bits, or their names.
pub fn verify(value: &str, _: &Settings) -> Result<String, String> {
    let bit = |name: &str| match name.trim() {
        "SSL_VERIFY_NONE" => Some(0),
        "SSL_VERIFY_PEER" => Some(1),
        "SSL_VERIFY_FAIL_IF_NO_PEER_CERT" => Some(2),
        "SSL_VERIFY_CLIENT_ONCE" => Some(4),
        number => match number.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        },
    };
    let bits = value.split('|').map(bit).try_fold(0, |bits, more| Some(bits | more?));
    match bits {
        Some(bits) if bits & 1 == 0 => Ok("none".into()),
        Some(bits) if bits & 2 == 0 => Ok("optional".into()),
        Some(_) => Ok("require".into()),
        None => Err("is no mode of OpenSSL's".into()),
    }
}

/// Keys that `Proto::SSL` and `Proto::SSLEAY` read.
pub fn is_of_tls(name: &str) -> bool {
    name.starts_with("SSL_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_httpds() {
        let none = Settings::default();
        assert_eq!(account("nobody", &none), Ok("nobody".into()));
        assert_eq!(account("1000", &none), Ok("#1000".into()));
        assert!(account("a b", &none).is_err());
        assert_eq!(first_account("a b,c", &none), Ok("a".into()));
        let levels: Vec<_> =
            ["0", "1", "2", "3", "4", "9", "high"].map(|value| level(value, &none)).into_iter().flatten().collect();
        assert_eq!(levels, ["error", "warn", "notice", "info", "debug", "debug", "notice"]);
        assert_eq!(log("/var/log/a b", &none), Ok("\"/var/log/a b\"".into()));
        assert_eq!(log("Sys::Syslog", &none), Ok("syslog:daemon:net_server".into()));
        assert!(log("Log::Log4perl", &none).is_err());
        assert_eq!(protocols("SSLv23:!SSLv3:!SSLv2", &none), Ok("all -SSLv3".into()));
        assert_eq!(protocols("TLSv1_2", &none), Ok("TLSv1.2".into()));
        assert!(
            protocols("SSLv2", &none).is_err() && protocols("!SSLv2", &none).is_err() && protocols("x", &none).is_err()
        );
        let modes: Vec<_> = ["0", "1", "3", "SSL_VERIFY_PEER|SSL_VERIFY_FAIL_IF_NO_PEER_CERT", "0x03", "2"]
            .map(|value| verify(value, &none))
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(modes, ["none", "optional", "require", "require", "require", "none"]);
        assert!(verify("peer", &none).is_err());
        assert!(number("5x", &none).is_err());
    }
}
