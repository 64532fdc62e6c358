//! `ModInterp::PageText`: pages with Perl in them (`SetHandler perl-embed`). Ours alone.

use std::cell::RefCell;
use std::sync::Arc;

use apr::Finfo;
use httpd::Request;
use interp::*;
use pages::{Language, Page, Version};

/// Its rows.
pub static PAGE: Class = Class::new(
    "ModInterp::PageText",
    &only(
        PERL,
        [
        function("script_of(r, text, escapes)", script_of).doc(
            "The script in Perl that a page stands for; none if it has no code, which is noted for the file of the request. Throws what is wrong with the page.",
        ),
    ]),
)
.doc("Pages with Perl in them.");

fn script_of(r: &Request, text: &[u8], escapes: bool) -> Result<Option<Vec<u8>>> {
    let file = r.filename().unwrap_or_default();
    pages::script_of(file, r.file_info().map(version), text, Language::Perl, escapes)
        .map_err(|error| format!("{} at {} line {}.\n", error.why, String::from_utf8_lossy(file), error.line).into())
}

/// Whether a file is known to be a page without code, as it is now.
#[must_use]
pub fn is_plain(file: &[u8], info: &Finfo) -> bool {
    pages::is_plain(file, version(info))
}

fn version(info: &Finfo) -> Version {
    Version([info.mtime(), info.size(), info.inode()])
}

thread_local! {
    /// The page of which this thread has sent something last.
    static LAST: RefCell<Option<Arc<Page>>> = const { RefCell::new(None) };
}

/// Calls `f` with a text piece of a page of this process, which stays as it is until `f` returns.
///
/// # Errors
/// When the page has changed several times since its script was compiled.
pub fn with_piece<R>(page: i64, piece: i64, f: impl FnOnce(&[u8]) -> R) -> Result<R> {
    let (number, piece) = (page as u64, usize::try_from(piece).unwrap_or(usize::MAX));
    let last = LAST.take().filter(|page| page.number == number);
    let page = last.or_else(|| pages::page(number)).ok_or("the page has changed several times meanwhile")?;
    let result = f(page.piece(piece));
    LAST.set(Some(page));
    Ok(result)
}
