//! Directories, and the time of a file.

use crate::{Pool, Status, bytes_at, ffi, with_cstr};
use std::ptr;

/// Makes a directory. `mode` is `APR_FPROT_*`, or [`ffi::APR_OS_DEFAULT`] for the permissions that the system gives.
///
/// # Errors
/// What APR says.
pub fn make_dir(path: &[u8], mode: i32, pool: &Pool) -> Result<(), Status> {
    // SAFETY: a C string for the call; the pool lives.
    with_cstr(path, |path| Status(unsafe { ffi::apr_dir_make(path.as_ptr(), mode, pool.as_ptr()) }).ok())
}

/// As [`make_dir`], and makes the directories above it where they are missing. A directory that is there is no error.
///
/// # Errors
/// What APR says.
pub fn make_dirs(path: &[u8], mode: i32, pool: &Pool) -> Result<(), Status> {
    // SAFETY: as in `make_dir`.
    with_cstr(path, |path| Status(unsafe { ffi::apr_dir_make_recursive(path.as_ptr(), mode, pool.as_ptr()) }).ok())
}

/// Removes an empty directory.
///
/// # Errors
/// What APR says.
pub fn remove_dir(path: &[u8], pool: &Pool) -> Result<(), Status> {
    // SAFETY: as in `make_dir`.
    with_cstr(path, |path| Status(unsafe { ffi::apr_dir_remove(path.as_ptr(), pool.as_ptr()) }).ok())
}

/// Sets when a file was last written, microseconds since 1970.
///
/// # Errors
/// What APR says.
pub fn touch(path: &[u8], time: i64, pool: &Pool) -> Result<(), Status> {
    // SAFETY: as in `make_dir`.
    with_cstr(path, |path| Status(unsafe { ffi::apr_file_mtime_set(path.as_ptr(), time, pool.as_ptr()) }).ok())
}

/// The names in a directory, `.` and `..` included, in the system's order.
///
/// # Errors
/// What APR says when the directory cannot be opened.
pub fn entries(path: &[u8], pool: &Pool) -> Result<Vec<Vec<u8>>, Status> {
    let mut dir = ptr::null_mut();
    // SAFETY: as in `make_dir`; APR sets `dir` if it succeeds.
    with_cstr(path, |path| Status(unsafe { ffi::apr_dir_open(&mut dir, path.as_ptr(), pool.as_ptr()) }).ok())?;
    let mut names = Vec::new();
    // SAFETY: the directory is open until the end; a name is good until the next is read.
    unsafe {
        let mut info: ffi::apr_finfo_t = std::mem::zeroed();
        loop {
            match Status(ffi::apr_dir_read(&mut info, ffi::APR_FINFO_NAME as i32, dir)) {
                Status::SUCCESS => names.extend(bytes_at(info.name).map(<[u8]>::to_vec)),
                Status::INCOMPLETE => {}
                _ => break,
            }
        }
        ffi::apr_dir_close(dir);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finfo;

    #[test]
    fn directories_are_made_listed_and_removed() {
        Pool::initialize().unwrap();
        let pool = Pool::root().unwrap();
        let top = std::env::temp_dir().join(format!("apr-files-{}", std::process::id()));
        let top = top.to_str().unwrap().as_bytes();
        let (below, mode) = ([top, b"/a/b"].concat(), ffi::APR_OS_DEFAULT as i32);
        assert!(make_dir(&below, mode, pool).is_err());
        make_dirs(&below, mode, pool).unwrap();
        make_dirs(&below, mode, pool).unwrap();
        touch(&below, 1_000_000_000_000_000, pool).unwrap();
        let info = Finfo::stat(&below, ffi::APR_FINFO_MTIME as i32, pool).unwrap();
        assert_eq!(info.mtime(), 1_000_000_000_000_000);
        let mut names = entries(&[top, b"/a"].concat(), pool).unwrap();
        names.sort();
        assert_eq!(names, [&b"."[..], b"..", b"b"]);
        assert!(remove_dir(&[top, b"/a"].concat(), pool).is_err());
        for dir in [&below[..], &[top, b"/a"].concat(), top] {
            remove_dir(dir, pool).unwrap();
        }
        assert!(entries(top, pool).is_err());
    }
}
