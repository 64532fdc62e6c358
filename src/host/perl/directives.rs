//! Lines of directives that are written in Perl: each is a call into the interpreter of its server, or, in `.htaccess`, of the request.

use config::Phase;
use httpd::Command;
use httpd::made::{Line, MadeLine};
use interp::{Entry, IntoVal, Load, Ticket, trace};

use super::{PERL, call_named};
use crate::host::about::{OfRequest, in_parent};
use crate::host::call::Call;
use crate::host::{parents, running};

const LINE: &[u8] = b"ModInterp::Directives::line";

/// Runs a line.
///
/// # Errors
/// What the directive's code said; no interpreter came free.
pub fn line(line: &MadeLine<'_>, cmd: &Command, args: &[&[u8]]) -> Result<Line, String> {
    if !cmd.is_serving() {
        let s = cmd.server();
        let stock = parents::start_for(PERL, Some(s)).map_err(|error| error.to_string())?;
        return in_parent(s, &stock, |entry| run(entry, line, cmd, args));
    }
    let mut done = None;
    // Code that runs has fed the line, or else httpd reads a file.
    let of_code =
        running::with_request(|r| (r.pool() == cmd.pool()).then(|| done = Some(in_request(r, line, cmd, args))));
    if of_code.flatten().is_none() {
        done = cmd.with_request(|r| in_request(r, line, cmd, args));
    }
    done.unwrap_or_else(|| Err(format!("{}: not known for which request the line is read", name(cmd))))
}

fn in_request(r: &httpd::Request, line: &MadeLine<'_>, cmd: &Command, args: &[&[u8]]) -> Result<Line, String> {
    let call: Call<'_, OfRequest<'_>> = Call::of_request(PERL, Phase::MapToStorage, r)
        .ok_or_else(|| format!("{}: Perl is switched off for this server", name(cmd)))?;
    call.run(|entry| run(entry, line, cmd, args))
        .unwrap_or_else(|refused| Err(format!("{}: {}", name(cmd), refused.text)))
}

fn name(cmd: &Command) -> String {
    String::from_utf8_lossy(cmd.name()).into_owned()
}

fn run(entry: &dyn Entry, line: &MadeLine<'_>, cmd: &Command, args: &[&[u8]]) -> Result<Line, String> {
    if trace::on(trace::Topic::Configuration) {
        let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        let words = args.iter().map(|word| text(word)).collect::<Vec<_>>().join(" ");
        let (name, sub) = (text(cmd.name()), format!("{}::{}", text(line.module), text(line.function)));
        trace!(Configuration, "{name} {words}: {sub} with the object {} of the section", line.dir.number);
    }
    let words = [line.module, line.function].map(|word| word.val(Ticket::FOREVER));
    let numbers = [line.dir.number, line.server.as_ref().map_or(0, |made| made.number)];
    let ticket = Ticket::new_owner();
    let mut all = words.to_vec();
    all.extend(numbers.map(|number| number.val(Ticket::FOREVER)));
    all.push(cmd.val(ticket));
    all.extend(args.iter().map(|arg| arg.val(Ticket::FOREVER)));
    let done =
        entry.require_module(b"ModInterp::Directives", None).and_then(|()| call_named(entry, LINE, Load::Never, &all));
    ticket.void();
    match done {
        Ok(outcome) if outcome.number == 0 => Ok(Line::Done),
        Ok(_) => Ok(Line::Declined),
        Err(raised) => Err(format!("{}: {raised}", name(cmd))),
    }
}
