//! What the running server is told, by POST, from those who know the secret.

use std::fmt::Write as _;

use apr::Reenter;
use httpd::Request;
use httpd::log::Level;

use super::super::super::lang::Lang;
use super::super::super::scale::{self, Change, Fixed, Scaled};
use super::super::super::{report, token};
use super::answer::Answer;

/// A form is short.
const MOST: u64 = 8192;

/// Does what a form says.
pub fn told(lang: Lang, r: &Request, cx: Reenter) -> Answer {
    let body = match r.read_all(MOST, cx) {
        Ok(body) => body,
        Err(why) => return Answer::plain(400, format!("{why}\n")),
    };
    let field = |name: &str| field(&body, name);
    let text = |name: &str| String::from_utf8_lossy(&field(name).unwrap_or_default()).into_owned();
    match token::is_known(&field("token").unwrap_or_default()) {
        Some(true) => {}
        Some(false) => {
            report::request(lang, r, Level::Warn, "interp-status: a POST with a wrong token");
            return Answer::plain(403, "the token is not the server's\n");
        }
        None => {
            return Answer::plain(
                403,
                "nothing can be changed: the server has no PerlInterpTokenFile or LuaInterpTokenFile\n",
            );
        }
    }
    match &*text("action") {
        "scale" => scale(lang, r, &text("class"), &field("n").unwrap_or_default(), text("keep") == "1"),
        other => Answer::plain(400, format!("action: \"{other}\" is not known: scale is\n")),
    }
}

fn scale(lang: Lang, r: &Request, class: &str, n: &[u8], keep: bool) -> Answer {
    let Some(change) = Change::parse(n) else {
        return Answer::plain(
            400,
            format!("n: \"{}\" is neither a number nor +N nor -N\n", String::from_utf8_lossy(n)),
        );
    };
    let Scaled { of, before, wanted, now } = match scale::scale(class, change, keep) {
        Ok(scaled) => scaled,
        Err(Fixed::NoClass) => return Answer::plain(404, format!("class: \"{class}\" is no class of any server\n")),
        Err(Fixed::Several(all)) => {
            return Answer::plain(
                409,
                format!("class: \"{class}\" is a class of several servers: {}\n", all.join("; ")),
            );
        }
        Err(Fixed::NoTotal(of)) => {
            return Answer::plain(
                409,
                format!(
                    "{of}: its number is one of each process; \"PerlClassInterpreters N total\" is one that can be changed\n"
                ),
            );
        }
    };
    let kept = if keep { ", also after graceful restarts" } else { "" };
    let plural = if now == 1 { "" } else { "s" };
    let mut text = format!("{of}: {now} interpreter{plural} in all processes, {before} before{kept}");
    report::request(lang, r, Level::Notice, &text);
    text.push('\n');
    if i64::from(now) != wanted {
        let warning = format!("{of}: {wanted} cannot be: it stops at {now}");
        report::request(lang, r, Level::Warn, &warning);
        let _ = writeln!(text, "warning: {warning}");
    }
    Answer::plain(200, text)
}

/// The value of a field of a form; the first, if there are several.
fn field(body: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut fields = body.split(|byte| *byte == b'&').filter_map(|field| {
        let at = field.iter().position(|byte| *byte == b'=')?;
        Some((&field[..at], &field[at + 1..]))
    });
    fields.find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| unescaped(value))
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (*byte, behind) {
            (b'%', [high, low, behind @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                plain.push(digit(*high).unwrap_or(0) << 4 | digit(*low).unwrap_or(0));
                rest = behind;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_fields() {
        let body = b"action=scale&class=a%20b&n=%2B2&n=9&token=x%zz+y&lost";
        let of = |name| field(body, name).map(|value| String::from_utf8_lossy(&value).into_owned());
        assert_eq!([of("action"), of("class"), of("n")], [Some("scale".into()), Some("a b".into()), Some("+2".into())]);
        assert_eq!([of("token"), of("lost"), of("")], [Some("x%zz y".into()), None, None]);
    }
}
