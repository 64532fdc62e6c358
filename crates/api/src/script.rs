//! `ModInterp::Script`: what `ModPerl::Registry` asks for the scripts that it has compiled. Ours alone.

use super::host::host;
use apr::Reenter;
use httpd::Request;
use httpd::status::HTTP_OK;
use interp::*;

/// Its rows.
pub static SCRIPT: Class = Class::new(
    "ModInterp::Script",
    &[
        function("key(r, versions)", key).doc(
            "By what a request's script is known: the file and, with `versions`, when it was written, its size and number. None where \
             `Options ExecCGI` is off, where the status is not 200 already, nor, with `versions`, of what is no plain file.",
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

fn key(r: &Request, versions: bool) -> Option<Vec<u8>> {
    let name = r.filename().filter(|_| r.status() == HTTP_OK && r.allows_scripts())?;
    let mut key = Vec::with_capacity(size_of::<[i64; 3]>() + name.len());
    if versions {
        let file = r.file_info().filter(|file| file.is_plain())?;
        [file.mtime(), file.size(), file.inode()].iter().for_each(|n| key.extend(n.to_ne_bytes()));
    }
    key.extend_from_slice(name);
    Some(key)
}
