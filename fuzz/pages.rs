//! Any bytes are a page or an error with a line of it, and what is made of a page has all of its text and code, on the page's lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pages::{Language, Piece, What};

fn lines(text: &[u8]) -> u32 {
    text.iter().filter(|b| **b == b'\n').count() as u32
}

fn has(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|here| here == part)
}

fn check(page: &[u8], language: Language) {
    let pieces: Vec<Piece<'_>> = match pages::parse(page, language) {
        Ok(pieces) => pieces,
        Err(error) => return assert!((1..=lines(page) + 1).contains(&error.line) && !error.why.is_empty()),
    };
    let mut last = 1;
    for piece in &pieces {
        assert!((last..=lines(page) + 1).contains(&piece.line));
        last = piece.line;
    }
    if !has(page, b"<%") && !page.to_ascii_lowercase().windows(7).any(|tag| tag == b"<script") {
        assert!(pieces.len() <= 1 && pieces.iter().all(|piece| piece.what == What::Text(page)));
    }
    let kept = pages::keep(b"page", page, &pieces);
    let texts: Vec<&[u8]> =
        pieces.iter().filter_map(|piece| if let What::Text(text) = piece.what { Some(text) } else { None }).collect();
    for (n, text) in texts.iter().enumerate() {
        assert_eq!(kept.piece(n), *text);
    }
    assert!(kept.piece(texts.len()).is_empty());
    for escapes in [false, true] {
        let script = match language {
            Language::Perl => pages::perl(&pieces, kept.number, escapes),
            Language::Lua => pages::lua(&pieces, kept.number, escapes),
        };
        for piece in &pieces {
            if let What::Code(code) | What::Value(code, _) = &piece.what {
                assert!(has(&script, code));
            }
        }
    }
}

fuzz_target!(|page: &[u8]| {
    check(page, Language::Perl);
    check(page, Language::Lua);
});
