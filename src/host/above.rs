//! What the floor `leases` asks of a language.

use std::thread::LocalKey;

use config::{LeaseScope, Phase};
use leases::{Above, Chain, Rank};

use super::about::About;
use super::lang::{Lang, LanguageRow};
use super::languages::languages;
use super::lease::Hold;
use super::report;

thread_local! {
    static CHAIN: Chain<Lang> = const { Chain::new() };
}

impl Above for Lang {
    type About<'a> = About<'a>;
    type Phase = Phase;
    type Scope = LeaseScope;

    fn name(self) -> &'static str {
        LanguageRow::name(self)
    }

    fn rank(self) -> Rank {
        let at = languages().position(|known| std::ptr::eq(known, self));
        at.and_then(|at| Rank::try_from(at).ok()).unwrap_or(0)
    }

    fn warn(self, text: &str) {
        report::warn(self, text);
    }

    #[inline]
    fn ends_objects(self) -> bool {
        self.facts.ends_objects
    }

    fn keep_for_others(self, hold: &Hold) {
        (**self).keep_for_others(hold);
    }

    #[inline(always)]
    fn chain() -> &'static LocalKey<Chain<Lang>> {
        &CHAIN
    }
}
