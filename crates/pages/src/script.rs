//! From a file's text to the script that it stands for.

use crate::kept::note_plain;
use crate::{Error, Language, Version, What, keep, lua, parse, perl};

/// The script that a file's page stands for; `None` if there is no code in it, which is noted for this version of the file. `escapes`: what
/// `<%=` prints is escaped for HTML.
///
/// # Errors
/// As [`parse`].
pub fn script_of(
    file: &[u8],
    version: Option<Version>,
    text: &[u8],
    language: Language,
    escapes: bool,
) -> Result<Option<Vec<u8>>, Error> {
    let pieces = parse(text, language)?;
    let is_plain = match &pieces[..] {
        [] => text.is_empty(),
        [piece] => piece.what == What::Text(text),
        _ => false,
    };
    if is_plain {
        if let Some(version) = version {
            note_plain(file, version);
        }
        return Ok(None);
    }
    let page = keep(file, text, &pieces);
    Ok(Some(match language {
        Language::Perl => perl(&pieces, page.number, escapes),
        Language::Lua => lua(&pieces, page.number, escapes),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::is_plain;

    #[test]
    fn a_page_without_code_has_no_script_and_one_with_a_comment_has() {
        let version = Version([1, 2, 3]);
        let of = |text: &[u8]| script_of(b"/page", Some(version), text, Language::Perl, false);
        for text in [&b"<%-- x --%>"[..], b"a<%%", b"<%%", b"<%@ x %>"] {
            assert!(of(text).is_ok_and(|script| script.is_some()), "{text:?}");
        }
        assert!(!is_plain(b"/page", version));
        assert_eq!(of(b"<p>text</p>"), Ok(None));
        assert!(is_plain(b"/page", version));
        assert!(of(b"<%").is_err_and(|error| error.line == 1));
    }
}
