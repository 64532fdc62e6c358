//! APR as C declares it. Generated from APR's headers by build.rs; raw names are spoken here, in this crate, in `httpd`
//! and in an engine's own crate, nowhere else.
#![allow(missing_docs, non_camel_case_types, non_snake_case, non_upper_case_globals, unsafe_op_in_unsafe_fn)]
#![allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::missing_safety_doc)]

include!(concat!(env!("OUT_DIR"), "/apr.rs"));

// Only the tests of this crate link APR themselves.
#[cfg(test)]
#[link(name = "apr-1")]
#[link(name = "aprutil-1")]
unsafe extern "C" {}
