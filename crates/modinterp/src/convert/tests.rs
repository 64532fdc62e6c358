//! Whole files, and the tables.

use std::path::Path;

use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command};

/// What is printed for a conf file's text, and what is said.
fn converted(text: &str, arguments: &[&str]) -> (String, Vec<String>) {
    let all = ["modinterp", "convert", "a.conf"].into_iter().chain(arguments.iter().copied());
    let Command::Convert(options) = Cli::parse_from(all).command else { return Default::default() };
    let mut remarks = Vec::new();
    let words = conf::words_of(Path::new("a.conf"), text, &mut remarks);
    let program = Program::of(&options).unwrap_or_default();
    let text = printed(&options, &program, &words, &mut remarks);
    (text, remarks.iter().map(ToString::to_string).collect())
}

/// The lines, without what they are indented by, comments left out.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// The sample of the manual of Net::Server::PreForkSimple.
const SAMPLE: &str = "\
### server information
max_servers   80

max_requests  1000

### user and group to become
user        somebody
group       everybody

### logging ?
log_file    /var/log/server.log
log_level   3
pid_file    /tmp/server.pid

### access control
allow       .+\\.(net|com)
allow       domain\\.com
deny        a.+

### background the process?
background  1

### ports to bind
host        127.0.0.1
port        localhost:20204
port        20205

### reverse lookups ?
# reverse_lookups on
";

#[test]
fn the_manuals_sample() {
    let (text, said) = converted(SAMPLE, &["--class", "My::Server"]);
    assert_eq!(said, [""; 0]);
    assert_eq!(
        lines(&text),
        [
            "User somebody",
            "Group everybody",
            "PidFile /tmp/server.pid",
            "Listen localhost:20204 raw",
            "Listen 127.0.0.1:20205 raw",
            "<PerlInterpClass my-server>",
            "PerlOptions +Parent",
            "PerlClassInterpreters 80 total",
            "PerlClassReload 1000",
            "</PerlInterpClass>",
            "<VirtualHost localhost:20204 127.0.0.1:20205>",
            "ErrorLog /var/log/server.log",
            "LogLevel info",
            "PerlUseClass my-server",
            "PerlNetServer My::Server \"allow=.+\\.(net|com)\" \"allow=domain\\.com\" deny=a.+",
            "<Location \"/\">",
            "<RequireAll>",
            "Require not expr %{REMOTE_ADDR} =~ m#^(?:a.+)$#",
            "<RequireAny>",
            "Require expr %{REMOTE_ADDR} =~ m#^(?:.+\\.(net|com))$#",
            "Require expr %{REMOTE_ADDR} =~ m#^(?:domain\\.com)$#",
            "</RequireAny>",
            "</RequireAll>",
            "</Location>",
            "</VirtualHost>",
        ]
    );
    assert!(text.contains("# background 1: httpd goes to the background by itself"), "{text}");
}

#[test]
fn without_any_line_net_servers_defaults_hold() {
    let (text, said) = converted("", &["--class", "A"]);
    assert_eq!(said, [""; 0]);
    assert_eq!(
        lines(&text),
        [
            "Listen 20203 raw",
            "<PerlInterpClass a>",
            "PerlOptions +Parent",
            "PerlClassInterpreters 50 total",
            "PerlClassReload 1000",
            "</PerlInterpClass>",
            "<VirtualHost *:20203>",
            "PerlUseClass a",
            "PerlNetServer A",
            "</VirtualHost>",
        ]
    );
}

#[test]
fn prefork_has_numbers_between_which_it_grows() {
    let sample = SAMPLE
        .replace("max_servers   80", "min_servers 20\nmax_servers 80\nmin_spare_servers 10\nmin_spare_servers 15\n");
    let (text, said) = converted(&sample, &["--class", "A"]);
    let class: Vec<_> = lines(&text).into_iter().filter(|line| line.starts_with("PerlInterp")).collect();
    assert_eq!(class, ["PerlInterpStart 20", "PerlInterpMinSpare 15", "PerlInterpMaxSpare 15", "PerlInterpMax 80"]);
    assert_eq!(
        said,
        [
            "a.conf:5: differs: min_spare_servers 15: is more than max_spare_servers, 10: Net::Server does not start; here it counts for both"
        ]
    );
    let (text, _) = converted("server_type PreFork\nserver_type Single\n", &["--class", "A"]);
    assert!(text.contains("PerlInterpMax 50"), "{text}");
    let (text, said) = converted("min_servers 3\n", &["--class", "A", "--personality", "PreForkSimple"]);
    assert!(text.contains("PerlClassInterpreters 50 total"), "an option says it before the keys do: {text}");
    assert_eq!(
        said,
        ["a.conf:1: differs: min_servers 3: is a key of PreFork: the program is a PreForkSimple, which passes it over"]
    );
    assert!(text.contains(&format!("# {}\n", said[0])), "{text}");
}

#[test]
fn a_key_that_the_program_does_not_read_is_named_and_does_nothing() {
    let conf =
        "max_servers 7\nmax_requests 3\nmax_dequeue 1\ncheck_for_dequeue 2\ntimeout_header 4\nserialize pipe\napp x\n";
    for (personality, reads) in [
        ("Single", &[][..]),
        ("Thread", &["max_servers"]),
        ("Fork", &["max_servers", "max_dequeue", "check_for_dequeue"]),
        ("PreForkSimple", &["max_servers", "max_requests", "max_dequeue", "check_for_dequeue", "serialize"]),
        (
            "PSGI",
            &["max_servers", "max_requests", "max_dequeue", "check_for_dequeue", "timeout_header", "serialize", "app"],
        ),
    ] {
        let (text, said) = converted(conf, &["--class", "A", "--personality", personality]);
        for line in conf.lines() {
            let key = line.split(' ').next().unwrap_or_default();
            let is_named = said.iter().any(|remark| remark.contains(&format!("{line}: is a key of ")));
            assert_eq!(is_named, !reads.contains(&key), "{personality} {key}: {said:?}");
        }
        assert_eq!(text.contains(" check_for_dequeue=2"), reads.contains(&"check_for_dequeue"), "{text}");
        assert_eq!(text.contains(" timeout_header=4"), reads.contains(&"timeout_header"), "{text}");
    }
}

#[test]
fn ports_with_tls_have_a_virtual_host_of_their_own() {
    let conf = "port 25\nport 465/ssl\nSSL_cert_file /etc/a.crt\nSSL_key_file /etc/a.key\nSSL_version TLSv1_2\nSSL_verify_mode 3\n";
    let (text, said) = converted(conf, &["--class", "A"]);
    assert_eq!(said, [""; 0]);
    let hosts: Vec<_> = lines(&text).into_iter().skip_while(|line| *line != "</PerlInterpClass>").skip(1).collect();
    assert_eq!(
        hosts,
        [
            "<VirtualHost *:25>",
            "PerlUseClass a",
            "PerlNetServer A",
            "</VirtualHost>",
            "<VirtualHost *:465>",
            "SSLEngine on",
            "SSLCertificateFile /etc/a.crt",
            "SSLCertificateKeyFile /etc/a.key",
            "SSLProtocol TLSv1.2",
            "SSLVerifyClient require",
            "PerlUseClass a",
            "PerlNetServer A",
            "</VirtualHost>",
        ]
    );
    let (text, _) = converted("SSL_cert_file /etc/a.crt\n", &["--class", "A"]);
    assert!(text.contains("# SSL_cert_file /etc/a.crt: no port has TLS"), "{text}");
}

#[test]
fn what_is_unknown_or_cannot_be_had_is_named_with_its_line() {
    let conf = "port 25\nmaxservers 3\nspool_dir /var/spool\nport 53/udp\nsig_passthrough USR1\nmy_words a\n";
    let (text, said) = converted(conf, &["--class", "A", "--own", "my_words"]);
    assert_eq!(
        said,
        [
            "a.conf:2: unknown: maxservers 3: Net::Server has no such key: max_servers?",
            "a.conf:3: unknown: spool_dir /var/spool: Net::Server has no such key; if the program has it: --own spool_dir",
            "a.conf:4: refused: port 53/udp: httpd serves no datagrams",
            "a.conf:5: refused: sig_passthrough USR1: signals are the process's, which has many interpreters; a graceful restart or a job does what they did",
        ]
    );
    for remark in said {
        assert!(text.contains(&format!("# {remark}\n")), "{remark} is a comment among the lines, too");
    }
    assert!(text.contains("PerlNetServer A my_words=a\n"), "a key of the program's own is given to it: {text}");
}

#[test]
fn the_command_line_comes_first_and_its_own_words_are_given_on() {
    let (text, said) = converted("port 25\nmax_servers 3\n", &["--class", "A", "--", "--port=26", "--verbose", "a b"]);
    assert_eq!(said, [""; 0]);
    assert!(text.contains("Listen 26 raw\n") && !text.contains("Listen 25"), "{text}");
    assert!(text.contains("PerlNetServer A --verbose \"a b\"\n"), "{text}");
}

#[test]
fn logs_jobs_and_switches() {
    let conf = "log_file Sys::Syslog\nsyslog_facility mail\nsyslog_ident me\nmax_dequeue 2\ncheck_for_dequeue 10\nreverse_lookups double\n\
                allow .+\\.net\ntimeout_header 5\naccess_log_format %h %u\nlisten 128\nuser 8\n";
    let (text, said) =
        converted(conf, &["--class", "My::Server", "--name", "mail", "-I", "/srv/lib", "--call", "main"]);
    assert_eq!(said, [""; 0]);
    for line in [
        "ErrorLog syslog:mail:me",
        "HostnameLookups Double",
        "ListenBacklog 128",
        "User #8",
        "<PerlInterpClass mail>",
        "PerlSwitches -I/srv/lib",
        "PerlUseClass mail",
        "PerlNetServer My::Server call=main reverse_lookups=double \"allow=.+\\.net\" timeout_header=5 --access_log_format \"%h %u\" check_for_dequeue=10 max_dequeue=2",
    ] {
        assert!(lines(&text).contains(&line), "{line}\n{text}");
    }
}

#[test]
fn every_key_becomes_something() {
    for key in keys::KEYS {
        let value = match key.name {
            "SSL_version" => "TLSv1_2",
            "ipv" => "4",
            "proto" => "ssl",
            "log_file" => "/l",
            "server_type" => "PreFork",
            _ => "3",
        };
        let (text, said) = converted(&format!("{} {value}\nport 9/ssl\n", key.name), &["--class", "A"]);
        let (without, _) = converted("port 9/ssl\n", &["--class", "A"]);
        let is_of_others =
            ["port", "host", "ipv", "proto", "syslog_facility", "syslog_ident", "conf_file"].contains(&key.name);
        assert!(is_of_others || text != without || !said.is_empty(), "{}", key.name);
    }
}

#[test]
fn directives_of_the_module_are_its_own() {
    let all: String = keys::KEYS.iter().map(|key| format!("{} 3\n", key.name)).collect();
    for conf in [&*all, "max_dequeue 1\ncheck_for_dequeue 2\n", "min_servers 2\n"] {
        let (text, _) = converted(conf, &["--class", "A", "-I", "/lib"]);
        for line in lines(&text).into_iter().filter(|line| line.starts_with("Perl") || line.starts_with("<Perl")) {
            let name = line.split([' ', '>']).next().unwrap_or_default();
            assert!(config::directive(name.as_bytes()).is_some(), "{name}");
        }
    }
}

#[test]
fn nothing_becomes_a_line_of_its_own_or_a_variable_of_httpds() {
    for argument in ["x\n</VirtualHost>\nUser root", "${HOME}"] {
        for arguments in
            [&["--class", "A", "--", argument][..], &["--class", argument], &["-I", argument, "--program", "a"]]
        {
            let all = ["modinterp", "convert", "a.conf"].into_iter().chain(arguments.iter().copied());
            assert!(Cli::try_parse_from(all).is_err(), "{arguments:?}");
        }
    }
    let (text, said) = converted("mine ${HOME}\nuser ${WHO}\nallow ${HOME}\n", &["--class", "A", "--own", "mine"]);
    assert!(lines(&text).iter().all(|line| !line.contains("mine") && !line.starts_with("User")), "{text}");
    assert!(said.len() == 3 && said.iter().all(|said| said.contains("refused") && said.contains("has ${")), "{said:?}");
    assert!(text.contains("PerlNetServer A deny=.*"), "without its allow nobody is let in: {text}");
}
