//! The languages whose modules httpd has loaded.

use std::sync::OnceLock;

use config::Language;

use super::lang::Lang;

static LOADED: [OnceLock<Lang>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];

/// Called when httpd has loaded a language's module.
pub fn loaded(lang: Lang) {
    if let Some(place) = LOADED.get(lang.facts.tongue as usize) {
        let _ = place.set(lang);
    }
}

/// The languages, in the order in which one request takes interpreters of several.
pub fn languages() -> impl DoubleEndedIterator<Item = Lang> {
    LOADED.iter().filter_map(|place| place.get().copied())
}
