//! What `mod_interp-check` is told: a site's lines as httpd has read them, and what each of ours would meet. Nothing of the
//! configuration is obeyed, no code is run and no interpreter started.
//!
//! To standard output go records of one line, with tabs between their fields and `\` before what would be taken for the end
//! of one. `lib/ModInterp/Check.pm` reads them and says the rest.
//!
//! | record | fields |
//! |---|---|
//! | `load` | file, line, module, path: a `LoadModule` line, which comes before all others |
//! | `server` | its MPM's name, 1 if that has threads, ServerRoot |
//! | `line` | file, line, host (0 for the main server), place, directive, arguments |
//! | `said` | `refused`, `noted` or `unlike`, text: about the line before |
//! | `end` | none: everything was told |

use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use config::{Args, LinePlace, Rehearsal, Said, Where};
use httpd::{Command, ModuleRecord, Node, Reader, mpm};

/// Names the file that lists `.htaccess` files, each with the number of its host before it and a tab between.
const HTACCESS: &str = "MOD_INTERP_CHECK_HTACCESS";

#[cfg(feature = "perl")]
const PERL_HAS_ITHREADS: bool = interp_perl::HAS_ITHREADS;
#[cfg(not(feature = "perl"))]
const PERL_HAS_ITHREADS: bool = false;

/// The checker's module.
pub struct Check;

impl Reader for Check {
    fn module() -> &'static ModuleRecord {
        &crate::interp_check_module
    }

    fn load(line: &Command, name: &[u8], file: &[u8]) {
        let number = line.line().to_string();
        print(&[b"load", line.file().unwrap_or_default(), number.as_bytes(), name, file]);
    }

    fn read(first: Option<&Node>) {
        let is_threaded = mpm::is_threaded();
        let root = httpd::server::server_root().unwrap_or_default();
        print(&[b"server", mpm::name(), if is_threaded { b"1" } else { b"0" }, root]);
        let mut told = Rehearsal::new(is_threaded, PERL_HAS_ITHREADS);
        tell(&mut told, first, 0, LinePlace::Server);
        if let Some(list) = std::env::var_os(HTACCESS).and_then(|list| std::fs::read(list).ok()) {
            list.split(|b| *b == b'\n').filter_map(|line| split(line, b'\t')).for_each(|(host, file)| {
                let host = std::str::from_utf8(host).ok().and_then(|host| host.parse().ok()).unwrap_or(0);
                tell_htaccess(&mut told, host, file);
            });
        }
        print(&[b"end"]);
    }
}

fn split(line: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = line.iter().position(|b| *b == at)?;
    Some((&line[..place], &line[place + 1..]))
}

/// Tells these lines and those within them. httpd's own reader limits how deep sections can be.
fn tell(told: &mut Rehearsal, first: Option<&Node>, host: usize, place: LinePlace<'_>) {
    for node in first.into_iter().flat_map(Node::and_next) {
        let at = Where::new(&*String::from_utf8_lossy(node.file()), u32::try_from(node.line()).unwrap_or(0));
        one(told, host, place, &at, node.name(), node.whole_arguments());
        let Some(child) = node.child() else { continue };
        let section = String::from_utf8_lossy(node.name()).to_ascii_lowercase();
        match section.as_str() {
            "<virtualhost" => {
                let host = told.begin_host();
                tell(told, Some(child), host, LinePlace::VirtualHost);
            }
            // They say for which requests their lines hold, not in which directory.
            "<limit" | "<limitexcept" => tell(told, Some(child), host, place),
            _ if config::directive(node.name()).is_some_and(|row| row.args == Args::Section) => {
                let name = config::class_opened(node.arguments()).unwrap_or_default();
                tell(told, Some(child), host, LinePlace::Class(name));
            }
            _ => tell(told, Some(child), host, LinePlace::Section(&String::from_utf8_lossy(node.name()))),
        }
    }
}

fn tell_htaccess(told: &mut Rehearsal, host: usize, file: &[u8]) {
    let Ok(text) = std::fs::read(std::ffi::OsStr::from_bytes(file)) else { return };
    for line in config::lines_of(&text) {
        let at = Where::new(&*String::from_utf8_lossy(file), line.number);
        one(told, host, LinePlace::Htaccess, &at, &line.name, &line.rest);
    }
}

fn one(told: &mut Rehearsal, host: usize, place: LinePlace<'_>, at: &Where, name: &[u8], rest: &[u8]) {
    let (number, of, around) = (at.line.to_string(), host.to_string(), place.to_string());
    print(&[b"line", at.file.as_bytes(), number.as_bytes(), of.as_bytes(), around.as_bytes(), name, rest]);
    for said in told.line(host, place, at, name, rest) {
        match said {
            Said::Refused(error) => print(&[b"said", b"refused", error.to_string().as_bytes()]),
            Said::Noted(note) => print(&[b"said", b"noted", note.to_string().as_bytes()]),
            Said::Unlike(text) => print(&[b"said", b"unlike", text.as_bytes()]),
        }
    }
}

/// One record. Nobody is there to be told that it could not be written; the reader misses `end`.
fn print(fields: &[&[u8]]) {
    let mut record = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            record.push(b'\t');
        }
        for byte in *field {
            match byte {
                b'\\' => record.extend_from_slice(b"\\\\"),
                b'\n' => record.extend_from_slice(b"\\n"),
                b'\t' => record.extend_from_slice(b"\\t"),
                byte => record.push(*byte),
            }
        }
    }
    record.push(b'\n');
    let _ = std::io::stdout().write_all(&record);
}
