//! `ModInterp::Script`: what `ModPerl::Registry` asks for the scripts that it has compiled. Ours alone.

use super::host::host;
use apr::{Reenter, SECOND};
use httpd::status::HTTP_OK;
use httpd::{Form, Language, Request};
use interp::*;

/// Its rows.
pub static SCRIPT: Class = Class::new(
    "ModInterp::Script",
    &[
        function("key(r, version)", key).doc(
            "By what a request's script is known: the file alone (`version` is 0), with when it was written, its size and number (1), or \
             also with when it was changed in any way (2). None where `Options ExecCGI` is off, unless the file is a page, or the status is not 200 already; with a \
             version none of what is no plain file, nor (2) of a file that may be changed again without another time.",
        ),
        function("failed(r, class, text)", |r: &Request, class: &[u8], text: &[u8]| host()?.handlers.failed(r, class, text))
            .doc("Logs an error of a script, with the line that names its handler, which is of this class."),
        function("status(r)", status).doc(
            "The status that a script has set, which becomes 200 again; 0 if it has set none. A page that the script has printed goes with it.",
        ),
    ],
)
.doc("Scripts of ModPerl::Registry.");

fn status(r: &Request, cx: Reenter) -> Result<i32> {
    let status = r.status();
    if status == HTTP_OK {
        return Ok(0);
    }
    // A client that is gone is no error of the script's.
    let _gone = host()?.output.flush(cx, r, false);
    r.set_status(HTTP_OK);
    Ok(status)
}

fn key(r: &Request, version: i32) -> Option<Vec<u8>> {
    let name = r.filename().filter(|_| r.status() == HTTP_OK && (r.allows_scripts() || is_page(r)))?;
    let mut key = Vec::with_capacity(size_of::<[i64; 4]>() + name.len());
    if version > 0 {
        let file = r.file_info().filter(|file| file.is_plain())?;
        [file.mtime(), file.size(), file.inode()].iter().for_each(|n| key.extend(n.to_ne_bytes()));
        if version > 1 {
            let changed = file.ctime();
            if r.request_time() - changed < settled(changed) {
                return None;
            }
            key.extend(changed.to_ne_bytes());
        }
    }
    key.extend_from_slice(name);
    Some(key)
}

fn is_page(r: &Request) -> bool {
    r.content_handler(Language::Perl).is_some_and(|row| row.form == Form::Page)
}

/// After how long another change of a file has another time: clocks of file systems tick some hundred times a second, of some once in
/// a second or two.
fn settled(changed: i64) -> i64 {
    if changed % SECOND == 0 { 3 * SECOND } else { SECOND / 10 }
}
