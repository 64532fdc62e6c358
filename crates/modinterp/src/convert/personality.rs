//! Net::Server's personalities, and how many interpreters each wants.

use super::remark::{Kind, Remark};
use super::settings::Settings;

/// What a program inherits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "verbatim")]
pub enum Personality {
    /// Net::Server itself: one connection at a time
    Single,
    /// A process per connection
    Fork,
    /// A fixed number of workers
    PreForkSimple,
    /// Workers as the load asks for
    PreFork,
    /// A thread per connection
    Thread,
    /// Started by inetd for each connection
    #[value(name = "INET")]
    Inet,
    /// PreFork with HTTP
    #[value(name = "HTTP")]
    Http,
    /// PreFork with PSGI
    #[value(name = "PSGI")]
    Psgi,
    /// One process that waits for all connections: cannot be had
    Multiplex,
}

const BY_NAME: &[(&str, Personality)] = &[
    ("Single", Personality::Single),
    ("Fork", Personality::Fork),
    ("PreForkSimple", Personality::PreForkSimple),
    ("PreFork", Personality::PreFork),
    ("Prefork", Personality::PreFork),
    ("Thread", Personality::Thread),
    ("INET", Personality::Inet),
    ("HTTP", Personality::Http),
    ("PSGI", Personality::Psgi),
    ("Multiplex", Personality::Multiplex),
];

fn named(name: &str) -> Option<Personality> {
    BY_NAME.iter().find(|(written, _)| *written == name).map(|(_, personality)| *personality)
}

/// That which a program's text inherits: named on a line with `use`, `base`, `parent` or `@ISA`.
pub fn inherited(program: &str) -> Option<Personality> {
    let lines = program.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with('#') && (line.starts_with("use ") || line.contains("@ISA") || line.starts_with("extends"))
    });
    lines
        .flat_map(|line| line.match_indices("Net::Server::").map(move |(at, found)| &line[at + found.len()..]))
        .find_map(|rest| named(&rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())]))
}

/// That which the keys of the file ask for or belong to.
pub fn told_by(settings: &Settings) -> Personality {
    let of_prefork = ["min_servers", "min_spare_servers", "max_spare_servers", "check_for_waiting", "check_for_spawn"];
    let of_http = [
        "timeout_header",
        "timeout_idle",
        "access_log_file",
        "access_log_format",
        "max_header_size",
        "enable_dispatch",
    ];
    let has = |keys: &[&str]| keys.iter().any(|key| settings.get(key).is_some());
    settings
        .all("server_type")
        .find_map(|given| named(given.value.rsplit("::").next().unwrap_or_default()))
        .or_else(|| has(&of_http).then_some(Personality::Http))
        .or_else(|| has(&of_prefork).then_some(Personality::PreFork))
        .unwrap_or(Personality::PreForkSimple)
}

/// Keys that only some read: Net::Server passes over those of another personality.
const OWN: &[(&[&str], &str, fn(Personality) -> bool)] = &[
    (
        &[
            "min_servers",
            "min_spare_servers",
            "max_spare_servers",
            "spare_servers",
            "check_for_waiting",
            "check_for_spawn",
            "min_child_ttl",
            "child_communication",
        ],
        "PreFork",
        is_prefork,
    ),
    (&["max_requests", "serialize", "lock_file"], "PreForkSimple and PreFork", has_workers),
    (
        &["max_dequeue", "check_for_dequeue", "check_for_dead", "sig_passthrough"],
        "Fork, PreForkSimple and PreFork",
        |of| has_workers(of) || of == Personality::Fork,
    ),
    (&["max_servers"], "Fork, PreForkSimple, PreFork and Thread", |of| {
        has_workers(of) || [Personality::Fork, Personality::Thread].contains(&of)
    }),
    (
        &[
            "timeout_header",
            "timeout_idle",
            "server_revision",
            "max_header_size",
            "access_log_format",
            "access_log_file",
            "access_log_function",
            "enable_dispatch",
            "default_content_type",
            "allow_body_on_all_statuses",
        ],
        "HTTP and PSGI",
        |of| [Personality::Http, Personality::Psgi].contains(&of),
    ),
    (&["app"], "PSGI", |of| of == Personality::Psgi),
];

fn is_prefork(of: Personality) -> bool {
    [Personality::PreFork, Personality::Http, Personality::Psgi].contains(&of)
}

fn has_workers(of: Personality) -> bool {
    is_prefork(of) || of == Personality::PreForkSimple
}

/// How many interpreters a class has, and how long each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// So many in all processes.
    Fixed(u32),
    /// As many as are wanted.
    Between { start: u32, min_spare: u32, max_spare: u32, max: u32 },
}

impl Personality {
    /// Its name.
    pub fn name(self) -> &'static str {
        BY_NAME.iter().find(|(_, of)| *of == self).map_or("Net::Server", |(name, _)| name)
    }

    /// Whose key it is, where this one does not read it.
    pub fn passes_over(self, key: &str) -> Option<&'static str> {
        let (_, whose, reads) = OWN.iter().find(|(keys, ..)| keys.contains(&key))?;
        (!reads(self)).then_some(*whose)
    }

    /// The port that it listens on where no key says one.
    pub fn default_port(self) -> u16 {
        if matches!(self, Personality::Http | Personality::Psgi) { 80 } else { 20203 }
    }

    /// The connections that a worker serves before it is replaced; none for a personality that counts none.
    pub fn max_requests(self, settings: &Settings) -> Option<u32> {
        has_workers(self).then(|| number(settings, "max_requests").unwrap_or(1000))
    }

    /// The interpreters.
    pub fn workers(self, settings: &Settings, remarks: &mut Vec<Remark>) -> Workers {
        let of = |key: &str, default: u32| number(settings, key).unwrap_or(default);
        for key in ["max_servers", "min_servers", "min_spare_servers", "max_spare_servers", "max_requests"] {
            if let Some(given) = settings.get(key).filter(|_| number(settings, key).is_none()) {
                let text = "is not a number: Net::Server takes its default for it, and so do these lines";
                remarks.push(Remark::of(Kind::Differs, key, &given.value, &given.at, text));
            }
        }
        match self {
            Personality::Single | Personality::Multiplex => Workers::Fixed(1),
            Personality::PreForkSimple => Workers::Fixed(of("max_servers", 50).max(1)),
            Personality::Fork | Personality::Thread | Personality::Inet => {
                let max = of("max_servers", if self == Personality::Thread { 20 } else { 256 }).max(1);
                Workers::Between { start: 1, min_spare: 1, max_spare: max.saturating_sub(1).clamp(1, 10), max }
            }
            Personality::PreFork | Personality::Http | Personality::Psgi => {
                let max = of("max_servers", 50).max(1);
                let start = of("min_servers", 5).min(max);
                let (min_spare, max_spare) = (of("min_spare_servers", 2), of("max_spare_servers", 10));
                if let Some(given) = settings.get("min_spare_servers")
                    && min_spare > max_spare
                {
                    let text = format!(
                        "is more than max_spare_servers, {max_spare}: Net::Server does not start; here it counts for both"
                    );
                    remarks.push(Remark::of(Kind::Differs, &given.key, &given.value, &given.at, text));
                }
                let min_spare = min_spare.min(start);
                Workers::Between { start, min_spare, max_spare: max_spare.max(min_spare).min(max), max }
            }
        }
    }
}

fn number(settings: &Settings, key: &str) -> Option<u32> {
    settings.value(key)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_what_it_inherits() {
        for (text, is) in [
            ("use base qw(Net::Server::PreFork); # any will do", Some(Personality::PreFork)),
            ("use base 'Net::Server::PreForkSimple';", Some(Personality::PreForkSimple)),
            ("    our @ISA = ('Net::Server::Fork');", Some(Personality::Fork)),
            ("use Net::Server::Multiplex;\n", Some(Personality::Multiplex)),
            ("use Net::Server::Daemonize ();\nuse parent 'Net::Server::HTTP';", Some(Personality::Http)),
            ("# use base 'Net::Server::Fork'", None),
            ("use base 'Net::Server';", None),
        ] {
            assert_eq!(inherited(text), is, "{text}");
        }
    }
}
