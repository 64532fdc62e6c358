//! Code that stands in the configuration: `Perl` and `<Perl>` sections, run when the line is met.
//!
//! A section runs in a package of its own. A handler, `Apache2::PerlSections` where its line names no other, then turns the variables
//! that it has left there into configuration (`lib/Apache2/PerlSections.pm`).

use apr::Table;
use config::{Code, Language, Where};
use httpd::Command;
use interp::{IntoVal, Load, Place, Raised, Ticket, trace};
use interp_perl::Entered;

use super::call_named;
use crate::host::start_error::StartError;

const HANDLER: &[u8] = b"Apache2::PerlSections";
const PACKAGE: &[u8] = b"Apache2::ReadConfig";
const BEGIN: &[u8] = b"ModInterp::Section::begin";
const END: &[u8] = b"ModInterp::Section::end";

/// Runs code that stands in the configuration.
///
/// # Errors
/// What Perl said; what the section's handler said or returned.
pub fn run(entered: &Entered, line: &Command, code: &Code) -> Result<(), StartError> {
    let written = |raised| StartError::Written(Language::Perl, raised);
    let at = Place { file: &code.at.file, line: code.at.line };
    let call = |name: &[u8], args: &[_]| call_named(entered, name, Load::Never, args);
    entered.require_module(b"ModInterp::Section", None).map_err(written)?;
    call(BEGIN, &[line.server().val(Ticket::FOREVER)]).map_err(written)?;
    // `$0` is the file meanwhile: another variable of that name, since an assignment to perl's own would rename the process.
    let before = [b"local *0 = \\do { my $file = ", &quoted(code.at.file.as_bytes())[..], b" }; "].concat();
    for (n, text) in code.text.split(|b| *b == b'\n').enumerate() {
        trace!(Sections, "{}:{}: {}", code.at.file, code.at.line + n as u32, String::from_utf8_lossy(text));
    }
    let Some(attributes) = &code.section else {
        return entered.run(&[&before, &code.text[..]].concat(), Some(at)).map(drop).map_err(written);
    };
    let attribute = |name: &[u8]| attributes.iter().rev().find(|(n, _)| **n == *name).map(|(_, value)| &value[..]);
    let handler = attribute(b"handler").unwrap_or(HANDLER);
    let package = package(attribute(b"package").unwrap_or(PACKAGE), code);
    let package = package.as_bytes();
    entered.require_module(HANDLER, None).map_err(written)?;
    entered.run(&[&before[..], b"package ", package, b"; ", &code.text[..]].concat(), Some(at)).map_err(written)?;

    let args = Table::new(line.pool(), attributes.len() + 2);
    attributes.iter().for_each(|(name, value)| args.set(name, value));
    args.set(b"handler", handler);
    args.set(b"package", package);
    let ticket = Ticket::new_owner();
    let done = call_named(entered, handler, Load::IfMissing, &[line.val(ticket), args.val(ticket)]);
    ticket.void();
    let ended = call(END, &[package.val(Ticket::FOREVER)]);
    let why = match done {
        Ok(outcome) if outcome.number == 0 => None,
        Ok(outcome) => Some(format!("it returned {}, not Apache2::Const::OK", outcome.number)),
        Err(Raised::Died(text)) => Some(String::from_utf8_lossy(&text).trim_end().to_owned()),
        Err(raised) => Some(raised.to_string()),
    };
    if let Some(why) = why {
        let handler = String::from_utf8_lossy(handler).into_owned();
        let at = Where::new(&*code.at.file, code.at.line.saturating_sub(1));
        return Err(StartError::Section { language: Language::Perl, at, handler, why });
    }
    ended.map(drop).map_err(written)
}

/// The package of a section: named after its file and its first line, as with mod_perl.
fn package(base: &[u8], code: &Code) -> String {
    let mut name = String::from_utf8_lossy(base).into_owned();
    let word = |part: &str| part.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>();
    for part in code.at.file.split('/').filter(|part| !part.is_empty()) {
        name.push_str("::");
        name.push_str(&word(part));
    }
    format!("{name}::line_{}", code.at.line)
}

/// A single-quoted Perl string.
fn quoted(text: &[u8]) -> Vec<u8> {
    let escaped = text.iter().flat_map(|b| match b {
        b'\'' | b'\\' => vec![b'\\', *b],
        b => vec![*b],
    });
    std::iter::once(b'\'').chain(escaped).chain([b'\'']).collect()
}
