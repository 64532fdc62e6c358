//! Where this library lies.

use std::path::{Path, PathBuf};

/// The folder of this library's own file.
pub fn own_dir() -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let here = own_dir as fn() -> Option<PathBuf>;
    // SAFETY: dladdr fills the record for an address of this library; its strings live as long as the library is mapped.
    unsafe {
        if libc::dladdr(here as *const libc::c_void, info.as_mut_ptr()) == 0 {
            return None;
        }
        let name = apr::bytes_at(info.assume_init().dli_fname)?;
        let file = std::fs::canonicalize(std::ffi::OsStr::from_bytes(name)).ok()?;
        file.parent().map(Path::to_path_buf)
    }
}
