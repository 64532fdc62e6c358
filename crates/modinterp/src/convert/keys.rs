//! THE table of Net::Server's keys, of all its personalities and protocols as of version 2.013, and of what becomes of each.

use super::conf::Sort;
use super::settings::Settings;
use super::values::{self, account, first_account, level, log, number, protocols, verify};
use crate::words::word;

/// Where a line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Outside of any section: it is about the whole httpd.
    Server,
    /// In the interpreter class.
    Class,
    /// In each virtual host.
    Host,
    /// In the virtual host of the ports with TLS.
    Tls,
}

/// A value as httpd's line has it, or why it cannot.
pub type Value = fn(&str, &Settings) -> Result<String, String>;

/// What becomes of a key.
#[derive(Clone, Copy)]
pub enum Becomes {
    /// A line of its own.
    Line(Place, &'static str, Value),
    /// A word of `PerlNetServer`: Net::Server's own code, which serves the connection, reads it.
    Passed,
    /// Lines that several keys make together.
    Together,
    /// Nothing: why it is not needed.
    Nothing(Place, &'static str),
    /// It cannot be had: why.
    Refused(&'static str),
}

/// A key.
pub struct Key {
    pub name: &'static str,
    pub sort: Sort,
    pub becomes: Becomes,
}

const fn one(name: &'static str, becomes: Becomes) -> Key {
    Key { name, sort: Sort::One, becomes }
}

const fn list(name: &'static str, becomes: Becomes) -> Key {
    Key { name, sort: Sort::List, becomes }
}

use Becomes::{Line, Nothing, Passed, Refused, Together};
use Place::{Class, Host, Server, Tls};

fn path(value: &str, _: &Settings) -> Result<String, String> {
    Ok(word(value))
}

const KEPT_BY_HTTPD: Becomes = Nothing(Class, "the keeper replaces interpreters that have ended, at once");
const BY_HTTPD: Becomes = Nothing(Server, "httpd's listeners and its Mutex take turns in accepting");
const CODE: Becomes = Refused("is code, which a conf file cannot give: the program passes it to run()");
const DATAGRAMS: Becomes = Refused("httpd serves no datagrams");

/// The keys.
pub static KEYS: &[Key] = &[
    // Net::Server
    list("port", Together),
    list("host", Together),
    list("proto", Together),
    list("ipv", Together),
    one("ipv6_package", Nothing(Server, "httpd listens by itself")),
    one("listen", Line(Server, "ListenBacklog", number)),
    list("allow", Passed),
    list("deny", Passed),
    list("cidr_allow", Passed),
    list("cidr_deny", Passed),
    one("reverse_lookups", Passed),
    one("double_reverse_lookups", Passed),
    one("conf_file", Nothing(Host, "its lines are here")),
    one("user", Line(Server, "User", account)),
    one("group", Line(Server, "Group", first_account)),
    one("chroot", Line(Server, "ChrootDir", path)),
    one("pid_file", Line(Server, "PidFile", path)),
    one(
        "background",
        Nothing(Server, "httpd goes to the background by itself; in the foreground: httpd -D FOREGROUND"),
    ),
    one("setsid", Nothing(Server, "httpd leaves the terminal by itself; in the foreground: httpd -D FOREGROUND")),
    one("log_level", Line(Host, "LogLevel", level)),
    one("log_file", Line(Host, "ErrorLog", log)),
    one("log_function", Refused("httpd writes the log: ErrorLog, which may be a program's pipe")),
    one("no_close_by_child", Nothing(Class, "no program ends httpd: server_close ends the connection")),
    one("no_client_stdout", Passed),
    one("tie_client_stdout", Passed),
    one("tied_stdout_callback", CODE),
    one("tied_stdin_callback", CODE),
    one(
        "leave_children_open_on_hup",
        Nothing(Server, "apachectl graceful does so: connections go on in the old process until they end"),
    ),
    // PreForkSimple, PreFork, Fork
    one("max_servers", Together),
    one("min_servers", Together),
    one("min_spare_servers", Together),
    one("max_spare_servers", Together),
    one("spare_servers", Nothing(Class, "Net::Server itself makes nothing of it")),
    one("max_requests", Together),
    one("max_dequeue", Together),
    one("check_for_dequeue", Together),
    one("check_for_dead", KEPT_BY_HTTPD),
    one("check_for_waiting", KEPT_BY_HTTPD),
    one("check_for_spawn", KEPT_BY_HTTPD),
    one("min_child_ttl", KEPT_BY_HTTPD),
    one(
        "child_communication",
        Refused("interpreters of one process have no sockets to a parent; child_is_talking_hook is not called"),
    ),
    one("serialize", BY_HTTPD),
    one("lock_file", BY_HTTPD),
    list(
        "sig_passthrough",
        Refused(
            "signals are the process's, which has many interpreters; a graceful restart or a job does what they did",
        ),
    ),
    // MultiType
    list("server_type", Nothing(Class, "chosen")),
    // HTTP, PSGI
    one("timeout_header", Passed),
    one("timeout_idle", Passed),
    one("server_revision", Passed),
    one("max_header_size", Passed),
    one("access_log_format", Passed),
    one("access_log_file", Passed),
    one("access_log_function", Passed),
    one("enable_dispatch", Passed),
    one("default_content_type", Passed),
    one("allow_body_on_all_statuses", Passed),
    one("app", Passed),
    // Net::Server::Log::Sys::Syslog, Log::Log4perl
    one("syslog_facility", Together),
    one("syslog_ident", Together),
    one("syslog_logsock", Nothing(Host, "httpd uses the machine's own syslog")),
    one("syslog_logopt", Nothing(Host, "httpd has no options of syslog's")),
    one("log4perl_conf", Refused("httpd writes the log: ErrorLog, which may be a program's pipe")),
    one("log4perl_logger", Refused("httpd writes the log: ErrorLog, which may be a program's pipe")),
    one("log4perl_poll", Refused("httpd writes the log: ErrorLog, which may be a program's pipe")),
    // Proto::SSL, Proto::SSLEAY
    one("SSL_cert_file", Line(Tls, "SSLCertificateFile", path)),
    one("SSL_key_file", Line(Tls, "SSLCertificateKeyFile", path)),
    one("SSL_ca_file", Line(Tls, "SSLCACertificateFile", path)),
    one("SSL_ca_path", Line(Tls, "SSLCACertificatePath", path)),
    one("SSL_cipher_list", Line(Tls, "SSLCipherSuite", path)),
    one("SSL_version", Line(Tls, "SSLProtocol", protocols)),
    one("SSL_verify_mode", Line(Tls, "SSLVerifyClient", verify)),
    one("SSL_use_cert", Nothing(Tls, "a server always shows its certificate")),
    one("SSL_max_getline_length", Nothing(Tls, "a line is as long as the program reads it")),
    one("SSL_passwd_cb", CODE),
    one("SSL_error_callback", CODE),
    one("SSL_verify_callback", CODE),
    // Proto::UNIX, Proto::UDP
    one("unix_type", Refused("httpd listens on no socket of a path")),
    one("unix_path", Refused("httpd listens on no socket of a path")),
    one("udp_recv_len", DATAGRAMS),
    one("udp_recv_flags", DATAGRAMS),
    one("udp_broadcast", DATAGRAMS),
];

/// The key of a name.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// A key that is written almost like this name.
pub fn almost(name: &str) -> Option<&'static str> {
    let letters =
        |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = letters(name);
    let plural = |other: &str| other.strip_suffix('s') == Some(&*wanted) || wanted.strip_suffix('s') == Some(other);
    KEYS.iter().map(|key| key.name).find(|other| {
        let other = letters(other);
        other == wanted || plural(&other)
    })
}

/// Whether a key counts only where a port has TLS.
pub fn is_of_tls(key: &Key) -> bool {
    values::is_of_tls(key.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_one_row() {
        for (at, one) in KEYS.iter().enumerate() {
            assert!(KEYS[..at].iter().all(|other| other.name != one.name), "{}", one.name);
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_told_from_an_own_key() {
        assert_eq!(almost("maxservers"), Some("max_servers"));
        assert_eq!(almost("max_server"), Some("max_servers"));
        assert_eq!(almost("Ssl_Cert_File"), Some("SSL_cert_file"));
        assert_eq!(almost("ports"), Some("port"));
        assert_eq!(almost("spool_dir"), None);
    }
}
