//! `APR::Finfo`: what the file system says of a file.

use crate::Owns;
use apr::{Finfo, Pool, SECOND};
use interp::*;

/// Its rows.
pub static FINFO: Class = Class::of::<Finfo>(&[
    function("stat(path, wanted, pool)", stat).doc("Asks the file system; `wanted` are FINFO_* constants."),
    ro("atime", |f: &Finfo| f.atime() / SECOND).doc("Last read, seconds since 1970."),
    ro("csize", Finfo::disk_size).doc("The bytes that the file takes up on disk."),
    ro("ctime", |f: &Finfo| f.ctime() / SECOND).doc("Last changed, seconds since 1970."),
    ro("device", Finfo::device).doc("The number of the file's file system."),
    ro("filetype", Finfo::file_type).doc("Kind of file: FILETYPE_*."),
    ro("fname", Finfo::path).doc("The path it was asked by."),
    ro("group", Finfo::group).doc("Group."),
    ro("inode", Finfo::inode).doc("Number in its file system."),
    ro("mtime", |f: &Finfo| f.mtime() / SECOND).doc("Last written, seconds since 1970."),
    ro("name", Finfo::name).doc("Its name as the file system has it, if that was asked."),
    ro("nlink", Finfo::links).doc("How many names it has."),
    ro("protection", Finfo::protection).doc("Permissions: FPROT_*."),
    ro("size", Finfo::size).doc("Bytes."),
    ro("user", Finfo::user).doc("Owner."),
    ro("version", version)
        .doc("A text that differs once the file was written again or replaced; empty if there is no file."),
    ro("valid", Finfo::valid).doc("Which of the others are filled in: FINFO_*."),
])
.doc("What the file system says of a file.");

fn stat(path: &[u8], wanted: i32, pool: Obj<Pool>) -> Result<Owned<Finfo>> {
    let info = Finfo::stat(path, wanted, &pool).map_err(|s| Raise::status(s.code(), "APR::Finfo::stat"))?;
    Ok(pool.owns(info))
}

fn version(f: &Finfo) -> Vec<u8> {
    if f.is_missing() { Vec::new() } else { format!("{:x}-{:x}-{:x}", f.mtime(), f.size(), f.inode()).into_bytes() }
}
