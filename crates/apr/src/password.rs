//! Hashes of passwords, as htpasswd makes them.

use crate::{Status, ffi, with_cstr};
use std::ffi::{CStr, c_char, c_void};

/// How a password is hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// APR's MD5, `$apr1$`.
    Md5,
    /// SHA-1, without salt.
    Sha1,
    /// bcrypt; its cost, 4 to 17.
    Bcrypt(i32),
    /// The system's crypt.
    Crypt,
}

/// Longest hash that APR writes.
const ROOM: usize = 256;

/// The hash of a password, with a new salt. The password ends at its first NUL.
///
/// # Errors
/// Why no hash could be made, in words.
pub fn password_hash(password: &[u8], algorithm: Algorithm) -> Result<Vec<u8>, String> {
    let mut room = [0u8; ROOM];
    let out = room.as_mut_ptr().cast::<c_char>();
    let status = with_cstr(password, |password| {
        let text = password.as_ptr();
        // SAFETY: password and salt live for the call; APR writes at most ROOM bytes, a NUL among them.
        Ok::<_, String>(Status(unsafe {
            match algorithm {
                Algorithm::Md5 => ffi::apr_md5_encode(text, salt()?.as_ptr().cast(), out, ROOM),
                Algorithm::Sha1 => {
                    let length = i32::try_from(password.count_bytes()).map_err(|_| "the password is too long")?;
                    ffi::apr_sha1_base64(text, length, out);
                    0
                }
                Algorithm::Bcrypt(cost) => {
                    let salt = random::<16>()?;
                    ffi::apr_bcrypt_encode(text, cost as u32, salt.as_ptr(), salt.len(), out, ROOM)
                }
                Algorithm::Crypt => return crypt(password, &salt()?).map(|hash| (Status::SUCCESS, Some(hash))),
            }
        }))
        .map(|status| (status, None))
    })?;
    match status {
        (_, Some(hash)) => Ok(hash),
        (Status::SUCCESS, None) => Ok(room[..room.iter().position(|b| *b == 0).unwrap_or(0)].to_vec()),
        (status, None) => Err(format!("the password cannot be hashed: {status}")),
    }
}

fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    // SAFETY: APR writes as many bytes.
    let status = Status(unsafe { ffi::apr_generate_random_bytes(bytes.as_mut_ptr(), N) });
    status.ok().map(|()| bytes).map_err(|status| format!("no random bytes: {status}"))
}

/// Eight letters of crypt's alphabet and a NUL.
fn salt() -> Result<[u8; 9], String> {
    const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut salt = [0; 9];
    for (letter, byte) in salt.iter_mut().zip(random::<8>()?) {
        *letter = LETTERS[usize::from(byte & 63)];
    }
    Ok(salt)
}

/// Room for what `crypt_r` keeps; glibc and libxcrypt need 32 and 128 KiB of it.
const CRYPT_DATA: usize = 256 * 1024;

/// `crypt_r`, which is in the process since APR-util is linked with it.
fn crypt(password: &CStr, salt: &[u8; 9]) -> Result<Vec<u8>, String> {
    type CryptR = unsafe extern "C" fn(*const c_char, *const c_char, *mut c_void) -> *const c_char;
    // SAFETY: a C string; the function of this name has this type everywhere.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"crypt_r".as_ptr()) };
    if found.is_null() {
        return Err("this system has no crypt".into());
    }
    let mut data = vec![0u64; CRYPT_DATA / 8];
    // SAFETY: as above; both texts end with a NUL; the data is zero and larger than any implementation's.
    let hash = unsafe {
        let crypt_r = std::mem::transmute::<*mut c_void, CryptR>(found);
        crate::bytes_at(crypt_r(password.as_ptr(), salt.as_ptr().cast(), data.as_mut_ptr().cast()))
    };
    match hash {
        // A result that begins with a star is no hash; it says that none could be made.
        Some(hash) if hash.first() != Some(&b'*') => Ok(hash.to_vec()),
        _ => Err(format!("crypt failed: {}", Status(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::is_password;

    #[test]
    fn a_hash_is_of_its_password_only_and_salted() {
        for algorithm in [Algorithm::Md5, Algorithm::Sha1, Algorithm::Bcrypt(4), Algorithm::Crypt] {
            let hash = password_hash(b"secret", algorithm).unwrap();
            assert!(is_password(b"secret", &hash), "{algorithm:?} {}", String::from_utf8_lossy(&hash));
            assert!(!is_password(b"Secret", &hash), "{algorithm:?}");
            let again = password_hash(b"secret", algorithm).unwrap();
            assert_eq!(hash == again, algorithm == Algorithm::Sha1, "{algorithm:?}");
        }
        assert!(password_hash(b"x", Algorithm::Bcrypt(99)).is_err());
    }
}
