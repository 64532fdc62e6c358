//! Files and directories.

use apr::{Finfo, Pool, ffi};
use httpd::Request;
use interp::*;

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(
    LUA,
    [
        method("stat(filename, [wanted])", stat)
            .doc("What the file system says of a file, times in microseconds since 1970; nil if there is none."),
        method("get_direntries(directory)", get_direntries).doc("The names in a directory; nil if there is none."),
        method("touch(filename, [mtime])", touch)
            .doc("Sets when a file was last written, microseconds since 1970; now, if none is given."),
        method("mkdir(path, [mode])", mkdir).doc("Makes a directory."),
        method("mkrdir(path, [mode])", mkrdir).doc("Makes a directory and those above it."),
        method("rmdir(path)", rmdir).doc("Removes an empty directory."),
        method("runtime_dir_relative([filename])", |r: &Request, file: Option<&[u8]>| {
            httpd::util::runtime_relative(r.pool(), file.unwrap_or(b"."))
        })
        .doc("A path under DefaultRuntimeDir."),
    ],
);

/// What `stat` tells unless it is told what to.
const MINIMUM: i32 = ffi::APR_FINFO_MIN as i32;

/// Nothing if there is no such file. Times in microseconds since 1970.
pub(super) fn stat(r: &Request, filename: &[u8], wanted: Option<i32>) -> Option<Hash<i64>> {
    let wanted = wanted.unwrap_or(MINIMUM);
    let info = Finfo::stat(filename, wanted, r.pool()).ok()?;
    let asked = |bit: u32| wanted & bit as i32 != 0;
    let all = [
        ("mtime", ffi::APR_FINFO_MTIME, info.mtime()),
        // The manual's example asks for this name.
        ("modified", ffi::APR_FINFO_MTIME, info.mtime()),
        ("atime", ffi::APR_FINFO_ATIME, info.atime()),
        ("ctime", ffi::APR_FINFO_CTIME, info.ctime()),
        ("size", ffi::APR_FINFO_SIZE, info.size()),
        ("filetype", ffi::APR_FINFO_TYPE, info.file_type()),
        ("protection", ffi::APR_FINFO_PROT, info.protection()),
    ];
    let told = all.into_iter().filter(|(_, bit, _)| asked(*bit));
    Some(Hash(told.map(|(name, _, value)| (name.into(), value)).collect()))
}

pub(super) fn get_direntries(r: &Request, directory: &[u8]) -> Option<Array<Vec<u8>>> {
    apr::entries(directory, r.pool()).ok().map(Array)
}

/// Without a time: now.
pub(super) fn touch(r: &Request, filename: &[u8], time: Option<f64>) -> bool {
    apr::touch(filename, time.map_or_else(apr::now, |t| t as i64), r.pool()).is_ok()
}

fn made(r: &Request, path: &[u8], mode: Option<i32>, make: fn(&[u8], i32, &Pool) -> Result<(), apr::Status>) -> bool {
    make(path, mode.unwrap_or(ffi::APR_OS_DEFAULT as i32), r.pool()).is_ok()
}
pub(super) fn mkdir(r: &Request, path: &[u8], mode: Option<i32>) -> bool {
    made(r, path, mode, apr::make_dir)
}
pub(super) fn mkrdir(r: &Request, path: &[u8], mode: Option<i32>) -> bool {
    made(r, path, mode, apr::make_dirs)
}
pub(super) fn rmdir(r: &Request, path: &[u8]) -> bool {
    apr::remove_dir(path, r.pool()).is_ok()
}
