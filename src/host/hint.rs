//! Lines of the error log that say more than what went wrong: what was meant, and what to write for it. All of it is on cold
//! ways: at the start, and where an answer has failed already.

use httpd::log::Level;
use httpd::{ModuleRecord, skipped};

use super::lang::Lang;
use super::{report, site};

/// The modules of this library, and what of Debian's has the same name.
const MODULES: &[(&str, &ModuleRecord, &str)] = &[
    #[cfg(feature = "perl")]
    ("perl", &crate::perl_module, "mod_perl"),
    #[cfg(feature = "any-lua")]
    ("lua", &crate::lua_module, "mod_lua"),
];

/// Says what httpd's own line about a module that was loaded before means. Each language's module speaks of itself, and of
/// the other where that is not this library's.
pub fn skipped_modules(lang: Lang) {
    for (name, record, theirs) in MODULES {
        let is_own = std::ptr::eq(*record, lang.module());
        if !skipped::was_skipped(format!("{name}_module").as_bytes()) || !(is_own || record.has_namesake()) {
            continue;
        }
        let so = site::own_dir().map_or_else(String::new, |dir| format!(" ({})", dir.join("mod_interp.so").display()));
        let text = if is_own {
            format!(
                "LoadModule: {name}_module is mod_interp{so} already: another LoadModule line for {name}_module was skipped; if \
                 it is {theirs}'s, remove it (Debian: a2dismod {name})"
            )
        } else {
            format!(
                "LoadModule: {name}_module was loaded from another library before mod_interp's line for it, which was skipped: \
                 if {theirs} is not what shall run, remove its line (Debian: a2dismod {name})"
            )
        };
        report::server(lang, None, Level::Warn, &text);
    }
}
