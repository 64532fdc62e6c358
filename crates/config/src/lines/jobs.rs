//! Lines that make jobs.

use croner::parser::{CronParser, Seconds, Year};

use crate::context::{Applied, Context};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, LineError, Why};
use crate::handler::{Handler, Load};
use crate::jobs::{Due, Job};
use crate::lines::{first, handlers};
use crate::place::Where;
use crate::script::Script;
use crate::vocabulary::Language;
use crate::words;

const KEYS: &[&str] = &["interval=", "at=", "max=", "timeout=", "handler="];

/// `PerlJob`, `LuaJob`: adds a job to the server, or to the class in whose section the line stands.
pub(crate) fn job(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    handlers::check_enabled(row, cmd)?;
    let job = parse(row.language, row.plain_name(), first(args), &cmd.at)?;
    let server = cmd.server_mut()?;
    if let Some(other) = server.jobs.iter().find(|other| other.name == job.name) {
        return Err(Cause::Word(job.name.as_bytes().into(), Why::IsDefined(other.at().to_string())));
    }
    server.jobs.push(job.clone());
    // Code that stands in the line is compiled at once.
    Ok(Effect::Job(job.into()))
}

/// A job, from what stands in a line behind the directive of a language.
///
/// # Errors
/// What is wrong with it.
pub fn of_line(language: Language, line: &[u8], at: &Where) -> Result<Job, LineError> {
    let directive = match language {
        Language::Perl => "PerlJob",
        Language::Lua => "LuaJob",
    };
    parse(language, directive, line, at).map_err(|cause| LineError { directive, at: at.clone(), cause })
}

/// A job from the text of a line.
///
/// # Errors
/// What is wrong with it.
fn parse(language: Language, directive: &'static str, line: &[u8], at: &Where) -> Result<Job, Cause> {
    let (name, mut rest) = words::next(line).unwrap_or_default();
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    let named = std::str::from_utf8(&name).ok().filter(|_| !name.is_empty() && name.iter().all(is_plain));
    let wrong = |why| Cause::Word(name.as_slice().into(), why);
    let named = named.ok_or_else(|| wrong(Why::NotAJobName))?;
    let (mut interval, mut cron, mut max, mut timeout, mut handler) = (None, None, None, None, None);
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.iter().position(|b| *b == b'=').map_or(0, |at| at + 1);
        let (key, behind) = rest.split_at(end);
        let twice = match key {
            b"handler=" => {
                let (found, behind) = named_handler(language, behind, at)?;
                rest = behind;
                handler.replace(found).is_some()
            }
            b"interval=" | b"at=" | b"max=" | b"timeout=" => {
                let (value, behind) = value(behind);
                rest = behind;
                let of = Cause::word(&value);
                match key {
                    b"interval=" => interval.replace(words::time(&value).map_err(of)?).is_some(),
                    b"timeout=" => timeout.replace(words::time(&value).map_err(of)?).is_some(),
                    b"max=" => max.replace(words::count(&value, 1).map_err(of)?).is_some(),
                    _ => cron.replace(Box::new(times(&value).map_err(of)?)).is_some(),
                }
            }
            _ => {
                let word = words::next(rest).map_or_else(Vec::new, |(word, _)| word);
                return Err(Cause::Word(word.into(), Why::NoneOf(KEYS)));
            }
        };
        if twice {
            return Err(Cause::Word(key.into(), Why::StandsTwice));
        }
    }
    let due = match (interval, cron) {
        (Some(every), None) => Due::Every(every),
        (None, Some(cron)) => Due::At(cron),
        (None, None) => return Err(wrong(Why::NeverDue)),
        (Some(_), Some(_)) => return Err(wrong(Why::TwiceDue)),
    };
    let handler = handler.ok_or_else(|| wrong(Why::NoHandler))?;
    Ok(Job { name: named.into(), directive, due, max: max.unwrap_or(1), timeout, handler })
}

/// A value, in quotes or up to the next space.
fn value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    match text.first() {
        None => (Vec::new(), text),
        Some(first) if first.is_ascii_whitespace() => (Vec::new(), text),
        Some(_) => words::next(text).unwrap_or_default(),
    }
}

/// The five fields of a line of crontab.
fn times(word: &[u8]) -> Result<croner::Cron, Why> {
    let text = std::str::from_utf8(word).map_err(|_| Why::NotTimes("it is no text".into()))?;
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| Why::NotTimes(error.to_string().trim_end_matches('.').into()))
}

/// The job's code, and what stands behind it. A sub or function that is written out takes the rest of the line; of Lua the name of a function
/// may follow the file, as in mod_lua's lines.
fn named_handler<'l>(language: Language, text: &'l [u8], at: &Where) -> Result<(Handler, &'l [u8]), Cause> {
    let starts_sub =
        |text: &[u8]| text.strip_prefix(b"sub").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"));
    let is_code = match language {
        Language::Perl => starts_sub(text),
        Language::Lua => words::is_function(text),
    };
    let (word, rest) = if is_code { (text.trim_ascii().to_vec(), &b""[..]) } else { value(text) };
    let (handler, rest) = match language {
        Language::Perl => (Handler::new(&word, at.clone()), rest),
        Language::Lua => match words::next(rest).filter(|(next, _)| !is_code && !next.contains(&b'=')) {
            Some((function, rest)) => (Some(Handler::of_hook(Script::file(&word, &function), at.clone())), rest),
            None => (Handler::of_script(&word, at.clone()), rest),
        },
    };
    let why = match language {
        Language::Perl => Why::NotAHandler,
        Language::Lua => Why::NotALuaHandler,
    };
    let mut handler = handler.ok_or(Cause::Word(word.into(), why))?;
    // Each run is a new process: what it would load, it would load each time.
    if handler.load == Load::OnDemand {
        handler.load = Load::Early;
    }
    Ok((handler, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::{LOCATION, World, refused};
    use crate::place::LinePlace;
    use std::time::Duration;

    fn made(line: &str) -> Job {
        let mut world = World::default();
        world.line(LinePlace::Server, line).unwrap();
        world.server.jobs.last().unwrap().clone()
    }

    #[test]
    fn a_line_says_name_times_and_code() {
        let job = made("PerlJob queue interval=10 max=2 timeout=5min handler=My::Queue->run");
        assert_eq!((&*job.name, &job.due, job.max), ("queue", &Due::Every(Duration::from_secs(10)), 2));
        assert_eq!(
            (job.timeout, job.handler.display_name()),
            (Some(Duration::from_secs(300)), "My::Queue->run".into())
        );
        assert_eq!((job.handler.load, job.title()), (Load::Early, "PerlJob queue".into()));
        let job = made("PerlJob a handler=-My::run at='15 3 * * 1-5'");
        assert!(matches!(&job.due, Due::At(cron) if cron.as_str() == "15 3 * * 1-5"), "{job:?}");
        assert_eq!((job.handler.load, job.max, job.timeout), (Load::Late, 1, None));
        assert_eq!(
            made("PerlJob a interval=200ms handler=sub { print 'a = 1' }").handler.display_name(),
            "sub { print 'a = 1' }"
        );
        assert!(matches!(made("PerlJob a at=@daily handler=A").due, Due::At(_)));
    }

    #[test]
    fn lua_names_a_file_and_a_function() {
        let function = |line: &str| made(line).handler.script.unwrap().function.clone().unwrap().to_vec();
        assert_eq!(function("LuaJob a interval=1 handler=/srv/a.lua sweep"), b"sweep");
        assert_eq!(function("LuaJob a handler=/srv/a.lua sweep interval=1"), b"sweep");
        assert_eq!(function("LuaJob a interval=1 handler=a.lua:sweep"), b"sweep");
        assert!(made("LuaJob a interval=1 handler=function(s) x = 1 end").handler.script.is_some());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_word() {
        let mut world = World::default();
        world.line(LinePlace::Server, "PerlJob there interval=1 handler=A").unwrap();
        for (line, message) in [
            ("PerlJob", "\"\" is not the name of a job: letters, digits, _, - and ."),
            ("PerlJob a/b interval=1 handler=A", "\"a/b\" is not the name of a job: letters, digits, _, - and ."),
            ("PerlJob there interval=1 handler=A", "\"there\" is there already (httpd.conf:12)"),
            ("PerlJob a handler=A", "\"a\" is never due: it lacks interval= or at="),
            (
                "PerlJob a interval=1 at='* * * * *' handler=A",
                "\"a\" has both interval= and at=, of which a job has one",
            ),
            ("PerlJob a interval=1", "\"a\" lacks handler="),
            ("PerlJob a interval=1 handler=", "\"\" does not name a handler"),
            ("PerlJob a interval=0 handler=A", "\"0\" is not a time such as 30, 500ms, 5min or 2h"),
            ("PerlJob a interval=x handler=A", "\"x\" is not a time such as 30, 500ms, 5min or 2h"),
            ("PerlJob a interval= handler=A", "\"\" is not a time such as 30, 500ms, 5min or 2h"),
            ("PerlJob a interval=1 max=0 handler=A", "\"0\" is too small: at least 1"),
            ("PerlJob a interval=1 interval=2 handler=A", "\"interval=\" stands twice"),
            ("PerlJob a interval=1 often handler=A", "\"often\" is none of interval=, at=, max=, timeout=, handler="),
            ("PerlJob a every=1 handler=A", "\"every=1\" is none of interval=, at=, max=, timeout=, handler="),
        ] {
            assert_eq!(refused(&mut world, LinePlace::Server, line), format!("PerlJob: {message}"), "{line}");
        }
        for line in [
            "PerlJob a at='61 * * * *' handler=A",
            "PerlJob a at='* * * *' handler=A",
            "PerlJob a at='* * * * * *' handler=A",
        ] {
            let message = refused(&mut world, LinePlace::Server, line);
            assert!(message.contains("are not five fields such as 15 3 * * 1-5: "), "{message}");
        }
        assert!(
            refused(&mut world, LOCATION, "PerlJob a interval=1 handler=A")
                .contains("not allowed in a <Location> section")
        );
        world.line(LinePlace::Server, "PerlOptions -Enable").unwrap();
        assert!(refused(&mut world, LinePlace::Server, "PerlJob a interval=1 handler=A").contains("switched off"));
    }

    #[test]
    fn a_job_in_a_class_is_the_classes() {
        let mut world = World::default();
        world.line(LinePlace::Server, "<PerlInterpClass reports").unwrap();
        world.line(LinePlace::Class("reports"), "PerlJob a interval=1 handler=A").unwrap();
        assert!(world.server.jobs.is_empty());
        assert_eq!(world.server.classes.find("reports").unwrap().conf.jobs.len(), 1);
    }
}
