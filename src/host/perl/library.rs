//! Our own Perl library, and nobody else's of the same names.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use interp_perl::Entered;
use once_cell::sync::OnceCell;

use crate::host::own_dir::own_dir;
use crate::host::start_error::StartError;

/// The module's `lib/`: `mod_interp/lib` beside the .so, else `lib` beside it.
///
/// # Errors
/// If neither is there.
pub fn dir() -> Result<&'static Path, StartError> {
    static LIB: OnceCell<PathBuf> = OnceCell::new();
    LIB.get_or_try_init(|| {
        let dir = own_dir().ok_or(StartError::NoOwnFile)?;
        let places = [dir.join("mod_interp/lib"), dir.join("lib")];
        let found = places.iter().find(|p| p.join("mod_perl2.pm").is_file());
        found.cloned().ok_or(StartError::NoLibrary(config::Language::Perl, places))
    })
    .map(PathBuf::as_path)
}

/// The folders at the end of `@INC`, as with mod_perl: ServerRoot, and lib/perl below it if it is there.
pub fn of_server() -> Vec<Vec<u8>> {
    let Some(root) = httpd::server::server_root() else { return Vec::new() };
    let below = [root, b"/lib/perl"].concat();
    let is_there = Path::new(OsStr::from_bytes(&below)).is_dir();
    [Some(root.to_vec()), is_there.then_some(below)].into_iter().flatten().collect()
}

/// Checks that no other copy of our own modules was loaded: its XS would read our records through mod_perl's layout.
///
/// # Errors
/// Both paths.
pub fn check_inc(entered: &Entered) -> Result<(), StartError> {
    let lib = dir()?;
    match entered.foreign_modules(lib).first() {
        Some((module, theirs)) => {
            Err(StartError::Foreign { theirs: theirs.to_string(), ours: lib.join(module), module: "mod_perl" })
        }
        None => Ok(()),
    }
}
