//! The pages of a process: their text lies here once, whatever interpreter sends it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Piece, What};

/// A page whose text pieces can be sent.
#[derive(Debug)]
pub struct Page {
    /// Tells pages of this process apart, older versions of one included; from 1 on.
    pub number: u64,
    /// The file's text, and behind it what stands for parts of it.
    text: Vec<u8>,
    pieces: Vec<Range<usize>>,
}

impl Page {
    /// A text piece, counted from 0; empty if there is none.
    #[must_use]
    pub fn piece(&self, n: usize) -> &[u8] {
        self.pieces.get(n).and_then(|range| self.text.get(range.clone())).unwrap_or_default()
    }
}

/// So many versions of a page are kept, for interpreters that are still sending an older one.
const VERSIONS: usize = 4;

#[derive(Default)]
struct Kept {
    last: u64,
    by_number: HashMap<u64, Arc<Page>>,
    /// Of each file the numbers of its versions, the newest at the end.
    by_file: HashMap<Vec<u8>, Vec<u64>>,
    /// Files without any code, with their versions.
    plain: HashMap<Vec<u8>, Version>,
}

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

fn kept() -> MutexGuard<'static, Option<Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the text pieces of a file's page; gives the page that is kept already if it is the same. A page in another language is another
/// one, of the same text.
#[must_use]
pub fn keep(file: &[u8], text: &[u8], pieces: &[Piece<'_>]) -> Arc<Page> {
    let begin = text.as_ptr().addr();
    let (mut all, mut places) = (text.to_vec(), Vec::new());
    for piece in pieces {
        let What::Text(of) = piece.what else { continue };
        let at = of.as_ptr().addr().wrapping_sub(begin);
        // A literal <% is no part of the text.
        let is_part = at < text.len() && text.get(at..at.saturating_add(of.len())) == Some(of);
        let at = if is_part { at } else { all.len() };
        if !is_part {
            all.extend_from_slice(of);
        }
        places.push(at..at + of.len());
    }
    let mut kept = kept();
    let kept = kept.get_or_insert_default();
    let versions = kept.by_file.entry(file.to_vec()).or_default();
    let known = versions.iter().filter_map(|number| kept.by_number.get(number));
    if let Some(same) = known.into_iter().find(|page| page.text == all && page.pieces == places) {
        return same.clone();
    }
    kept.last += 1;
    let page = Arc::new(Page { number: kept.last, text: all, pieces: places });
    kept.by_number.insert(page.number, page.clone());
    versions.push(page.number);
    if versions.len() > VERSIONS {
        kept.by_number.remove(&versions.remove(0));
    }
    page
}

/// The page of this number.
#[must_use]
pub fn page(number: u64) -> Option<Arc<Page>> {
    kept().as_ref()?.by_number.get(&number).cloned()
}

/// What differs when a file was written again: when that was, in microseconds, its size and its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version(pub [i64; 3]);

/// Notes that this version of a file has no code in it.
pub(crate) fn note_plain(file: &[u8], version: Version) {
    kept().get_or_insert_default().plain.insert(file.to_vec(), version);
}

/// Whether this version of a file is known to have no code in it.
#[must_use]
pub fn is_plain(file: &[u8], version: Version) -> bool {
    kept().as_ref().is_some_and(|kept| kept.plain.get(file) == Some(&version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, parse};

    fn keep_text(file: &str, text: &str) -> Arc<Page> {
        keep(file.as_bytes(), text.as_bytes(), &parse(text.as_bytes(), Language::Perl).unwrap_or_default())
    }

    #[test]
    fn a_text_is_kept_once_and_its_older_versions_for_a_while() {
        let page = keep_text("/a", "one<% 1 %>two<%% <%= 2 %>");
        assert_eq!([0, 1, 2, 3, 4].map(|n| page.piece(n)), [&b"one"[..], b"two", b"<%", b" ", b""]);
        assert!(Arc::ptr_eq(&page, &keep_text("/a", "one<% 1 %>two<%% <%= 2 %>")));
        let numbers: Vec<u64> = (0..6).map(|n| keep_text("/a", &format!("version {n}")).number).collect();
        assert!(super::page(page.number).is_none() && super::page(numbers[0]).is_none());
        assert_eq!(super::page(numbers[5]).map(|page| page.piece(0).to_vec()).as_deref(), Some(&b"version 5"[..]));
        assert_eq!(super::page(numbers[2]).map(|page| page.number), Some(numbers[2]));
    }

    #[test]
    fn a_file_may_be_a_page_in_two_languages() {
        let text = b"<script language=lua runat=server>x = 1</script>\n";
        let of = |language| keep(b"/both", text, &parse(text, language).unwrap_or_default());
        assert_eq!([of(Language::Perl).piece(0), of(Language::Lua).piece(0)], [&text[..], b"\n"]);
        assert!(Arc::ptr_eq(&of(Language::Perl), &of(Language::Perl)));
    }

    #[test]
    fn a_file_without_code_is_known_by_its_version() {
        let (one, two) = (Version([1, 2, 3]), Version([1, 2, 4]));
        note_plain(b"/plain", one);
        assert!(is_plain(b"/plain", one) && !is_plain(b"/plain", two) && !is_plain(b"/other", one));
    }
}
