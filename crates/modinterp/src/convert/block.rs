//! The lines that are printed.

use std::fmt::Write as _;

use super::access;
use super::conf::Given;
use super::keys::{self, Becomes, Place};
use super::listen::Address;
use super::personality::{Personality, Workers};
use super::program::Program;
use super::remark::{Kind, Remark, written};
use super::settings::Settings;
use crate::words::{unsayable, word};

/// All that the lines say.
pub struct Block<'a> {
    pub source: String,
    pub program: &'a Program,
    pub class: String,
    pub personality: Personality,
    pub settings: &'a Settings,
    pub addresses: Vec<Address>,
    /// What else stood on the program's command line.
    pub arguments: Vec<String>,
    pub switches: Vec<String>,
}

/// Lines of one place, with the comments that stand there.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn say(&mut self, line: impl Into<String>) {
        self.0.push(line.into());
    }

    fn comment(&mut self, given: &Given, text: &str) {
        self.0.push(format!("# {}: {text}", written(&given.key, &given.value)));
    }

    fn print(&self, text: &mut String, indent: &str) {
        for line in &self.0 {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{indent}{line}");
        }
    }
}

/// The lines of all places.
#[derive(Default)]
struct Places {
    server: Lines,
    class: Lines,
    host: Lines,
    tls: Lines,
}

impl Places {
    fn at(&mut self, place: Place) -> &mut Lines {
        match place {
            Place::Server => &mut self.server,
            Place::Class => &mut self.class,
            Place::Host => &mut self.host,
            Place::Tls => &mut self.tls,
        }
    }
}

/// A key among the words of `PerlNetServer`, as Net::Server reads it on a command line.
fn pass(words: &mut Vec<String>, Given { key, value, .. }: &Given) {
    if value.contains(char::is_whitespace) || value.is_empty() {
        words.extend([format!("--{key}"), word(value)]);
    } else {
        words.push(word(&format!("{key}={value}")));
    }
}

impl Block<'_> {
    /// The text; what is to be said of it is added to the remarks.
    pub fn print(&self, remarks: &mut Vec<Remark>) -> String {
        let mut places = Places::default();
        let mut passed = Vec::new();
        self.each_key(&mut places, &mut passed, remarks);
        let Places { mut server, mut class, host, tls } = places;
        self.listeners(&mut server, remarks);
        self.interpreters(&mut class, remarks);
        self.dequeue(&mut passed, &mut class, remarks);

        let mut text = format!("# {}, as lines of httpd's: printed by modinterp convert.\n", self.source);
        for remark in &*remarks {
            let _ = writeln!(text, "# {remark}");
        }
        text.push_str("\n# The whole httpd, outside of any section.\n");
        server.print(&mut text, "");
        let _ = writeln!(text, "\n<PerlInterpClass {}>", word(&self.class));
        class.print(&mut text, "    ");
        text.push_str("</PerlInterpClass>\n");
        for has_tls in [false, true] {
            let addresses: Vec<_> = self.addresses.iter().filter(|address| address.has_tls == has_tls).collect();
            if addresses.is_empty() {
                continue;
            }
            let mut names: Vec<String> = addresses.iter().map(|address| address.virtual_host()).collect();
            names.dedup();
            let _ = writeln!(text, "\n<VirtualHost {}>", names.join(" "));
            host.print(&mut text, "    ");
            if has_tls {
                text.push_str("    SSLEngine on\n");
                tls.print(&mut text, "    ");
            }
            self.service(&passed).print(&mut text, "    ");
            text.push_str("</VirtualHost>\n");
        }
        text
    }

    /// What each key says by itself.
    fn each_key(&self, places: &mut Places, passed: &mut Vec<String>, remarks: &mut Vec<Remark>) {
        let has_tls = self.addresses.iter().any(|address| address.has_tls);
        for given in self.settings.iter() {
            let Given { key: name, value, at } = given;
            if let Some(why) = unsayable(value) {
                let is_access = access::KEYS.contains(&name.as_str());
                let why = if is_access { format!("{why}: nobody is let in (deny=.*)") } else { why.into() };
                remarks.push(Remark::of(Kind::Refused, name, value, at, why));
                if is_access {
                    passed.push(word("deny=.*"));
                }
                continue;
            }
            let Some(key) = keys::key(name) else {
                pass(passed, given);
                continue;
            };
            if keys::is_of_tls(key) && !has_tls {
                places.at(Place::Server).comment(given, "no port has TLS");
                continue;
            }
            if let Some(whose) = self.personality.passes_over(name) {
                let is = self.personality.name();
                let text = format!("is a key of {whose}: the program is a {is}, which passes it over");
                remarks.push(Remark::of(Kind::Differs, name, value, at, text));
                continue;
            }
            match key.becomes {
                Becomes::Line(place, directive, as_written) => match as_written(value, self.settings) {
                    Ok(text) => places.at(place).say(format!("{directive} {text}")),
                    Err(why) => remarks.push(Remark::of(Kind::Refused, name, value, at, why)),
                },
                Becomes::Passed => pass(passed, given),
                Becomes::Together => {}
                Becomes::Nothing(place, why) => places.at(place).comment(given, why),
                Becomes::Refused(why) => remarks.push(Remark::of(Kind::Refused, name, value, at, why)),
            }
        }
        let has = |key: &'static str| self.settings.all(key).next().is_some();
        if let Some(given) = self.settings.get("deny").or(self.settings.get("cidr_deny"))
            && !has("allow")
            && !has("cidr_allow")
        {
            let text = "with no allow beside it Net::Server lets nobody in, and so do these lines";
            remarks.push(Remark::of(Kind::Differs, &given.key, &given.value, &given.at, text));
        }
    }

    fn listeners(&self, server: &mut Lines, remarks: &mut Vec<Remark>) {
        let mut listens: Vec<String> = self.addresses.iter().map(|address| address.listen()).collect();
        listens.dedup();
        for listen in listens {
            // `raw`, as any word but http and https: httpd then accepts a connection before the client has spoken.
            server.say(format!("Listen {listen} raw"));
        }
        if self.personality == Personality::Multiplex {
            let given = self.settings.get("server_type");
            let at = given.map_or(super::conf::At::Default, |given| given.at.clone());
            let text = "Net::Server::Multiplex waits for all connections by itself, which httpd does";
            remarks.push(Remark::of(Kind::Refused, "Multiplex", "", &at, text));
        }
    }

    /// The class: how many, how long.
    fn interpreters(&self, class: &mut Lines, remarks: &mut Vec<Remark>) {
        class.say("PerlOptions +Parent");
        if !self.switches.is_empty() {
            class.say(format!("PerlSwitches {}", self.switches.join(" ")));
        }
        match self.personality.workers(self.settings, remarks) {
            Workers::Fixed(number) => class.say(format!("PerlClassInterpreters {number} total")),
            Workers::Between { start, min_spare, max_spare, max } => {
                class.say(format!(
                    "# These numbers are those of each of httpd's child processes. So many in all of them, fixed: PerlClassInterpreters {max} total"
                ));
                for (directive, number) in [
                    ("PerlInterpStart", start),
                    ("PerlInterpMinSpare", min_spare),
                    ("PerlInterpMaxSpare", max_spare),
                    ("PerlInterpMax", max),
                ] {
                    class.say(format!("{directive} {number}"));
                }
            }
        }
        if let Some(number) = self.personality.max_requests(self.settings).filter(|number| *number > 0) {
            class.say(format!("PerlClassReload {number}"));
        }
    }

    /// When the program looks at its queue: words of `PerlNetServer`, which makes a job of that.
    fn dequeue(&self, passed: &mut Vec<String>, class: &mut Lines, remarks: &mut Vec<Remark>) {
        let of = |key: &str| self.settings.get(key).filter(|_| self.personality.passes_over(key).is_none());
        let (every, most) = (of("check_for_dequeue"), of("max_dequeue"));
        let (Some(every), Some(most)) = (every, most) else {
            if let Some(given) = every.or(most) {
                class
                    .comment(given, "Net::Server dequeues only where both check_for_dequeue and max_dequeue are given");
            }
            return;
        };
        match (every.value.parse::<u32>(), most.value.parse::<u32>()) {
            (Ok(_), Ok(0)) => class.comment(most, "Net::Server does not dequeue"),
            (Ok(_), Ok(_)) => [every, most].into_iter().for_each(|given| pass(passed, given)),
            (every_is, _) => {
                let wrong = if every_is.is_err() { every } else { most };
                remarks.push(Remark::of(Kind::Refused, &wrong.key, &wrong.value, &wrong.at, "is not a number"));
            }
        }
    }

    /// What serves a connection.
    fn service(&self, passed: &[String]) -> Lines {
        let mut lines = Lines::default();
        lines.say(format!("PerlUseClass {}", word(&self.class)));
        let mut words = self.program.words();
        words.extend_from_slice(passed);
        words.extend(self.arguments.iter().map(|argument| word(argument)));
        lines.say(format!("PerlNetServer {}", words.join(" ")));
        let require = access::require(self.settings);
        if !require.is_empty() {
            lines.say("# The same for requests, should this port ever serve any.");
            let lookups = self.settings.value("reverse_lookups").unwrap_or_default();
            let is_double =
                lookups.to_ascii_lowercase().starts_with("double") || self.settings.is_on("double_reverse_lookups");
            if is_double || self.settings.is_on("reverse_lookups") {
                lines.say(format!("HostnameLookups {}", if is_double { "Double" } else { "On" }));
            }
            lines.say("<Location \"/\">");
            require.into_iter().for_each(|line| lines.say(format!("    {line}")));
            lines.say("</Location>");
        }
        lines
    }
}
