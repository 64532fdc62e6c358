//! What those must know who tell the running server what to do: the first line of a file that root alone can read.

use std::hint::black_box;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::lang::Lang;
use super::languages::languages;
use super::site;
use super::start_error::StartError;

/// So short a secret can be guessed.
const SHORTEST: usize = 16;
/// More than this is no secret but a wrong file.
const LONGEST: u64 = 4096;

/// The secret, as far as it is known.
#[derive(Clone, Default)]
pub enum Token {
    /// No line names a file.
    #[default]
    None,
    /// The file that a line names.
    File(Arc<[u8]>),
    /// What stands in it.
    Secret(Arc<[u8]>),
}

/// Reads the file that a line names. Called when the server starts, as root; `httpd -t` may run as anybody, and does not read it.
///
/// # Errors
/// It cannot be read, or is no secret.
pub fn read(lang: Lang) -> Result<(), StartError> {
    let Token::File(path) = site::with(lang, |site| site.token.clone()) else { return Ok(()) };
    let path = Path::new(std::ffi::OsStr::from_bytes(&path));
    let secret = secret_of(path).map_err(|why| {
        let (language, file) = (lang.facts.tongue, path.display().to_string());
        StartError::Token { language, file, why }
    })?;
    site::with(lang, |site| site.token = Token::Secret(secret));
    Ok(())
}

fn secret_of(path: &Path) -> Result<Arc<[u8]>, String> {
    let file = std::fs::File::open(path).map_err(|why| why.to_string())?;
    let about = file.metadata().map_err(|why| why.to_string())?;
    if !about.is_file() {
        return Err("is no file".into());
    }
    if about.mode() & 0o077 != 0 {
        return Err(format!("others than its owner can read or write it (mode {:o}): chmod 600", about.mode() & 0o777));
    }
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text).map_err(|why| why.to_string())?;
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    if first.len() < SHORTEST {
        return Err(format!("its first line has {} characters, a secret has {SHORTEST} or more", first.len()));
    }
    Ok(first.into())
}

/// Whether somebody knows the secret; `None` where there is none. How long it takes says nothing of the secret but its length.
pub fn is_known(said: &[u8]) -> Option<bool> {
    languages().find_map(|lang| match site::with(lang, |site| site.token.clone()) {
        Token::Secret(secret) => Some(is_same(said, &secret)),
        Token::None | Token::File(_) => None,
    })
}

fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one.iter().zip(other).fold(0, |differs, (a, b)| black_box(differs | (a ^ b)));
    one.len() == other.len() && differs == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_whole_or_not_at_all() {
        let secret = b"sixteen letters!";
        assert!(is_same(secret, secret));
        for other in [&b""[..], b"sixteen letters", b"sixteen letters!!", b"Sixteen letters!", b"sixteen letters?"] {
            assert!(!is_same(other, secret));
        }
    }
}
