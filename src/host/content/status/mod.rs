//! `SetHandler interp-status` and `interp-metrics`: the figures of all processes, and what each interpreter does, as JSON or for
//! Prometheus; and, to those who know the secret, changes by POST.
//!
//! No interpreter is needed and no code of anybody's runs, so that it answers when all interpreters are busy.

mod answer;
mod json;
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
        Some(b"GET" | b"HEAD") => shown(row),
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

fn shown(row: &ContentRow) -> Answer {
    match row.form {
        Form::Metrics => Answer::of("text/plain; version=0.0.4; charset=utf-8", metrics()),
        _ => Answer::of("application/json", json::json()),
    }
}

fn metrics() -> String {
    let all = counting::all();
    let series: Vec<_> = all.iter().filter_map(|of| Some((of.labels(), of.sum?))).collect();
    figures::prometheus(&series)
}
