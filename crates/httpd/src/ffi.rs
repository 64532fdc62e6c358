//! httpd as C declares it. Generated from its headers by build.rs and the ALLOW list in `allow.rs`; APR's types are
//! `apr::ffi`'s. Raw names are spoken here and in this crate.
#![allow(missing_docs, non_camel_case_types, non_snake_case, non_upper_case_globals, unsafe_op_in_unsafe_fn)]
#![allow(
    unknown_lints,
    unnecessary_transmutes,
    unused_imports,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::missing_safety_doc
)]

include!(concat!(env!("OUT_DIR"), "/httpd.rs"));

#[cfg(test)]
mod tests {
    #[test]
    fn the_bindings_define_no_type_of_apr() {
        let text = include_str!(concat!(env!("OUT_DIR"), "/httpd.rs"));
        for kind in ["struct", "union", "enum", "type", "const", "static", "fn"] {
            for prefix in ["apr_", "apu_", "APR_"] {
                let what = format!("pub {kind} {prefix}");
                assert!(!text.contains(&what), "the bindings hold `{what}`: apr::ffi must have it");
            }
        }
    }
}
