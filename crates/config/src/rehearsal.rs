//! What a site's lines would meet: each is read, cut and applied to records that nobody serves from, and nothing that it asks for is
//! run. `mod_interp-check` shows it.
//!
//! The caller tells the lines in the order in which httpd obeys them, and where each stands.

use crate::context::{Access, Context, process_env};
use crate::dir::DirConf;
use crate::directive::Directive;
use crate::directives::directive;
use crate::effect::Effect;
use crate::error::LineError;
use crate::flags::signed;
use crate::options::{ServerOption, dir_option, server_option};
use crate::place::{LinePlace, Where};
use crate::server::ServerConf;
use crate::vocabulary::{Args, Language, Unlike, When};
use crate::words;

/// What is to be said of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// It is an error: the server does not start, and in `.htaccess` requests are answered with 500.
    Refused(LineError),
    /// It has no effect, or not the one that was meant.
    Noted(LineError),
    /// It means something else than with mod_perl or mod_lua.
    Unlike(&'static str),
}

/// A server's records, one per language, and whether its own interpreters would run by now.
#[derive(Default)]
struct Site {
    confs: [ServerConf; 2],
    runs: [bool; 2],
}

/// A configuration that is being told.
pub struct Rehearsal {
    mpm_threaded: bool,
    perl_has_ithreads: bool,
    /// The main server's, then those of virtual hosts.
    sites: Vec<Site>,
}

impl Rehearsal {
    /// Nothing was told.
    #[must_use]
    pub fn new(mpm_threaded: bool, perl_has_ithreads: bool) -> Self {
        Self { mpm_threaded, perl_has_ithreads, sites: vec![Site::default()] }
    }

    /// Begins a virtual host; the number by which its lines name it. The main server's is 0.
    pub fn begin_host(&mut self) -> usize {
        self.sites.push(Site::default());
        self.sites.len() - 1
    }

    /// What is to be said of a line. Nothing of one that is not ours.
    pub fn line(&mut self, host: usize, place: LinePlace<'_>, at: &Where, name: &[u8], rest: &[u8]) -> Vec<Said> {
        let Some(row) = directive(name) else { return Vec::new() };
        let words = words::all(rest);
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let mut said = Vec::new();
        for args in calls(row.args, rest, &words) {
            match self.apply(row, host, place, at, &args) {
                Ok(Effect::Note(note)) => said.push(Said::Noted(note)),
                Ok(_) => {}
                Err(error) => said.push(Said::Refused(error)),
            }
        }
        if !said.iter().any(|said| matches!(said, Said::Refused(_))) {
            let holds = |of: &Unlike| match of.when {
                _ if of.text.is_empty() => false,
                When::Always => true,
                When::InSections => !place.is_server_level(),
                When::WithThreads => self.mpm_threaded,
                When::WithoutThreads => !self.mpm_threaded,
            };
            said.extend(unlike(row, place, &words).filter(holds).map(|of| Said::Unlike(of.text)));
        }
        said
    }

    fn apply(
        &mut self,
        row: &'static Directive,
        host: usize,
        place: LinePlace<'_>,
        at: &Where,
        args: &[&[u8]],
    ) -> Result<Effect, LineError> {
        let of = row.language as usize;
        let main_runs = self.sites.first().is_some_and(|site| site.runs[of]);
        let outer = self.sites.first().map(|site| site.confs[of].clone()).unwrap_or_default();
        let Some(site) = self.sites.get_mut(host) else { return Ok(Effect::Done) };
        let is_htaccess = place == LinePlace::Htaccess;
        let merged = if is_htaccess && host > 0 { ServerConf::merge(&outer, &site.confs[of]) } else { outer };
        let has_parent = host > 0 && site.confs[of].options.is(ServerOption::Parent);
        let server_running = if has_parent { site.runs[of] } else { main_runs };
        let mut dir = DirConf::default();
        let mut context = Context {
            server: if is_htaccess { Access::Read(&merged) } else { Access::Write(&mut site.confs[of]) },
            dir: Some(&mut dir),
            place,
            at: at.clone(),
            from_code: false,
            mpm_threaded: self.mpm_threaded,
            perl_has_ithreads: row.language == Language::Lua || self.perl_has_ithreads,
            running: main_runs || is_htaccess,
            server_running: server_running || is_htaccess,
            at_terminal: false,
            getenv: process_env,
        };
        let effect = row.apply(&mut context, args)?;
        if matches!(effect, Effect::Run(_) | Effect::RunCode(_)) {
            site.runs[of] = true;
            if let Some(main) = self.sites.first_mut() {
                main.runs[of] = true;
            }
        }
        Ok(effect)
    }
}

/// The calls that httpd makes for a line, as it cuts its arguments.
fn calls<'a>(how: Args, rest: &'a [u8], words: &[&'a [u8]]) -> Vec<Vec<&'a [u8]>> {
    match how {
        Args::Raw | Args::Text | Args::Headed | Args::Words { .. } | Args::Code => vec![vec![rest]],
        Args::Section => vec![vec![rest.trim_ascii_end().strip_suffix(b">").unwrap_or(rest)]],
        Args::Iterate if !words.is_empty() => words.iter().map(|word| vec![*word]).collect(),
        Args::Iterate2 if words.len() > 1 => words.iter().skip(1).map(|word| vec![words[0], *word]).collect(),
        _ => vec![words.to_vec()],
    }
}

/// What a row, and those of the options that a line names, say to who comes from the other module.
fn unlike<'a>(
    row: &'static Directive,
    place: LinePlace<'a>,
    words: &'a [&'a [u8]],
) -> impl Iterator<Item = Unlike> + use<'a> {
    let takes_options = row.name == "PerlOptions";
    let options = words.iter().filter(move |_| takes_options).filter_map(move |word| {
        let (_, name) = signed(word);
        let of_server = place.is_server_level().then(|| server_option(row.language, name)).flatten();
        of_server.or_else(|| dir_option(row.language, name)).map(|option| option.unlike)
    });
    std::iter::once(row.unlike).chain(options)
}

/// A line of a file that httpd has not read, and the number of its first line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileLine {
    /// Counted from 1.
    pub number: u32,
    /// The directive.
    pub name: Vec<u8>,
    /// What follows it.
    pub rest: Vec<u8>,
}

/// The directives of a `.htaccess` file, those within sections included; lines that open or close one are left out.
#[must_use]
pub fn lines_of(text: &[u8]) -> Vec<FileLine> {
    let mut lines = Vec::new();
    let mut begun: Option<(u32, Vec<u8>)> = None;
    for (number, line) in (1..).zip(text.split(|b| *b == b'\n')) {
        let (first, mut whole) = begun.take().unwrap_or((number, Vec::new()));
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(line) = line.strip_suffix(b"\\") {
            whole.extend_from_slice(line);
            begun = Some((first, whole));
            continue;
        }
        whole.extend_from_slice(line);
        let Some((name, rest)) = words::next(&whole) else { continue };
        if !matches!(name.first(), None | Some(b'#' | b'<')) {
            lines.push(FileLine { number: first, name, rest: rest.trim_ascii().to_vec() });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(told: &mut Rehearsal, host: usize, place: LinePlace<'_>, line: &str) -> Vec<String> {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        told.line(host, place, &Where::new("a.conf", 3), name.as_bytes(), rest.as_bytes())
            .into_iter()
            .map(|said| match said {
                Said::Refused(error) => format!("refused {error}"),
                Said::Noted(note) => format!("noted {note}"),
                Said::Unlike(text) => format!("unlike {text}"),
            })
            .collect()
    }

    #[test]
    fn a_line_meets_what_it_would_meet_in_the_server() {
        let mut told = Rehearsal::new(false, true);
        let mut main = |line: &str| say(&mut told, 0, LinePlace::Server, line);
        assert_eq!(main("Listen 80"), [""; 0]);
        assert_eq!(main("PerlSwitches -w -I/lib"), [""; 0]);
        assert_eq!(main("PerlInterpMaxSpare 3"), ["noted PerlInterpMaxSpare: this line has no effect without threads"]);
        assert_eq!(main("PerlInterpMax 0"), ["refused PerlInterpMax: \"0\" is too small: at least 1"]);
        assert_eq!(main("PerlSetVar a"), ["refused PerlSetVar: takes name value"]);
        assert_eq!(main("PerlSetEnv A b"), [""; 0], "differs in sections alone");
        assert_eq!(main("PerlLogHandler A"), [""; 0], "differs with threads alone");
        assert!(main("PerlChildExitHandler A")[0].starts_with("unlike It is skipped"));
        assert!(main("PerlOptions +MergeHandlers")[0].starts_with("unlike Each handler runs once;"));
        assert_eq!(main("PerlConfigRequire a.pl"), [""; 0]);
        assert!(main("PerlSwitches -T")[0].contains("too late for \"-T\": perl runs already"));
    }

    #[test]
    fn htaccess_is_held_against_the_server_it_belongs_to() {
        let mut told = Rehearsal::new(true, true);
        let hosts = [told.begin_host(), told.begin_host()];
        assert_eq!(say(&mut told, hosts[1], LinePlace::VirtualHost, "PerlOptions +Htaccess"), [""; 0]);
        let line = "PerlResponseHandler My::H";
        assert!(say(&mut told, hosts[0], LinePlace::Htaccess, line)[0].contains("may do only where"));
        assert_eq!(say(&mut told, hosts[1], LinePlace::Htaccess, line), [""; 0]);
    }

    #[test]
    fn lines_of_a_file_are_joined_and_sections_are_looked_into() {
        let text = b"# PerlModule A\n<Files a>\n  PerlFixupHandler A \\\n   B\r\n</Files>\n\n\"SetHandler\" x";
        let lines: Vec<_> = lines_of(text)
            .into_iter()
            .map(|l| (l.number, String::from_utf8(l.name).unwrap(), String::from_utf8(l.rest).unwrap()))
            .collect();
        assert_eq!(lines, [(3, "PerlFixupHandler".into(), "A    B".into()), (7, "SetHandler".into(), "x".into())]);
    }
}
