//! Fields of a request that Perl does not have, or has as methods or with another meaning.

use httpd::{Request, ffi, scoreboard};

/// Names for bits, those that are set, one space between them.
fn names(bits: i32, all: &[(u32, &str)]) -> String {
    let set = all.iter().filter(|(bit, _)| bits & *bit as i32 == *bit as i32).map(|(_, name)| *name);
    set.collect::<Vec<_>>().join(" ")
}

pub(super) fn options(r: &Request) -> String {
    names(
        r.allow_options(),
        &[
            (ffi::OPT_INDEXES, "Indexes"),
            (ffi::OPT_INCLUDES, "Includes"),
            (ffi::OPT_SYM_LINKS, "FollowSymLinks"),
            (ffi::OPT_EXECCGI, "ExecCGI"),
            (ffi::OPT_MULTI, "MultiViews"),
            (ffi::OPT_ALL, "All"),
        ],
    )
}

pub(super) fn allowoverrides(r: &Request) -> String {
    match r.allow_overrides() as u32 {
        bits if bits & ffi::OR_ALL == ffi::OR_ALL => "All".into(),
        ffi::OR_NONE => "None".into(),
        bits => names(
            bits as i32,
            &[
                (ffi::OR_LIMIT, "Limit"),
                (ffi::OR_OPTIONS, "Options"),
                (ffi::OR_FILEINFO, "FileInfo"),
                (ffi::OR_AUTHCFG, "AuthCfg"),
                (ffi::OR_INDEXES, "Indexes"),
            ],
        ),
    }
}

pub(super) fn proxyreq(r: &Request) -> Option<&'static str> {
    Some(match u32::try_from(r.proxyreq()).ok()? {
        ffi::PROXYREQ_NONE => "PROXYREQ_NONE",
        ffi::PROXYREQ_PROXY => "PROXYREQ_PROXY",
        ffi::PROXYREQ_REVERSE => "PROXYREQ_REVERSE",
        ffi::PROXYREQ_RESPONSE => "PROXYREQ_RESPONSE",
        _ => return None,
    })
}

/// Seconds since 1970.
pub(super) fn started(_r: &Request) -> i64 {
    scoreboard::started() / 1_000_000
}

pub(super) fn server_name(r: &Request) -> &[u8] {
    r.server_name().unwrap_or(b"localhost")
}

pub(super) fn auth_name(r: &Request) -> &[u8] {
    r.auth_name().unwrap_or_default()
}

pub(super) fn basic_auth_pw(r: &Request) -> &[u8] {
    r.basic_auth_pw().1.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_bits_that_are_all_set() {
        assert_eq!(names(0b101, &[(1, "a"), (2, "b"), (4, "c"), (5, "ac"), (7, "all")]), "a c ac");
        assert_eq!(names(0, &[(1, "a")]), "");
    }
}
