//! `SetHandler interp-status` and `interp-metrics`: the figures of all processes, and what each interpreter does, as a page, as JSON or for
//! Prometheus; and, to those who know the secret, changes by POST.
//!
//! No interpreter is needed and no code of anybody's runs, so that it answers when all interpreters are busy.

mod answer;
mod json;
mod page;
mod told;

use std::ffi::c_int;

use apr::Reenter;
use config::{ContentRow, Form};
use httpd::Request;
use httpd::status::OK;

use super::super::counting;
use super::super::lang::Lang;
use super::super::languages::languages;
use super::end_walk;
use super::file::chosen_in_vain;
use answer::Answer;

/// Answers a request.
pub fn answer(lang: Lang, row: &ContentRow, r: &Request) -> c_int {
    languages().for_each(|lang| end_walk(lang, r));
    if let Some(status) = chosen_in_vain(lang, row, r) {
        return status;
    }
    // SAFETY: nothing that a script could take away is lent here.
    let cx = unsafe { Reenter::assume() };
    r.headers_out().set(b"Cache-Control", b"no-store");
    let takes_posts = row.form == Form::Status;
    let answer = match r.method() {
        Some(b"GET" | b"HEAD") => shown(row, r),
        Some(b"POST") if takes_posts => told::told(lang, r, cx),
        _ => {
            r.err_headers_out().set(b"Allow", if takes_posts { b"GET, HEAD, POST".as_slice() } else { b"GET, HEAD" });
            return 405;
        }
    };
    r.set_status(answer.status);
    r.set_content_type(Some(answer.kind.as_bytes()));
    if !r.is_header_only() {
        // A client that has gone away needs no answer.
        let _ = r.write(answer.text.as_bytes(), cx);
    }
    OK
}

/// In which form figures are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    Json,
    Page,
    Metrics,
}

fn shown(row: &ContentRow, r: &Request) -> Answer {
    let query = r.args().unwrap_or_default();
    match wanted(row.form, query, r.headers_in().get(b"Accept").unwrap_or_default()) {
        Wanted::Json => Answer::of("application/json", json::json()),
        Wanted::Metrics => Answer::of("text/plain; version=0.0.4; charset=utf-8", metrics()),
        Wanted::Page => {
            r.headers_out().set(b"Content-Security-Policy", b"default-src 'none'; style-src 'unsafe-inline'");
            Answer::of("text/html; charset=utf-8", page::page(page::refresh(query)))
        }
    }
}

/// The form that the query names, else a page for who accepts one, as browsers do, and JSON for others.
fn wanted(form: Form, query: &[u8], accept: &[u8]) -> Wanted {
    let has = |word: &[u8]| query.split(|byte| *byte == b'&').any(|part| part == word);
    let takes_page = accept.windows(9).any(|part| part.eq_ignore_ascii_case(b"text/html"));
    match () {
        () if form == Form::Metrics || has(b"metrics") => Wanted::Metrics,
        () if has(b"json") => Wanted::Json,
        () if has(b"html") || takes_page => Wanted::Page,
        () => Wanted::Json,
    }
}

fn metrics() -> String {
    let all = counting::all();
    let series: Vec<_> = all.iter().filter_map(|of| Some((of.labels(), of.sum?))).collect();
    figures::prometheus(&series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_a_page_and_programs_what_they_ask_for() {
        let of = |query: &str, accept: &str| wanted(Form::Status, query.as_bytes(), accept.as_bytes());
        assert_eq!(of("", "text/html,application/xhtml+xml,*/*;q=0.8"), Wanted::Page);
        assert_eq!([of("", ""), of("", "*/*"), of("", "application/json")], [Wanted::Json; 3]);
        assert_eq!(of("json", "text/html"), Wanted::Json);
        assert_eq!(of("html&refresh=2", "*/*"), Wanted::Page);
        assert_eq!(of("metrics", "text/html"), Wanted::Metrics);
        assert_eq!(wanted(Form::Metrics, b"json", b"text/html"), Wanted::Metrics);
    }
}
