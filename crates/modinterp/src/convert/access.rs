//! Who may connect, as httpd says it of requests. Connections that a program serves are checked by Net::Server's own code, which is
//! given the same keys.

use super::settings::Settings;

/// The keys that say who may connect.
pub const KEYS: [&str; 4] = ["allow", "deny", "cidr_allow", "cidr_deny"];

/// Lines for `<Location "/">`; none where everybody may.
pub fn require(settings: &Settings) -> Vec<String> {
    let has_names = settings.is_on("reverse_lookups") || settings.is_on("double_reverse_lookups");
    let matches = |key: &'static str| {
        settings.all(key).flat_map(move |given| {
            let of = |variable: &str| format!("expr {}", pattern(variable, &given.value));
            std::iter::once(of("REMOTE_ADDR")).chain(has_names.then(|| of("REMOTE_HOST")))
        })
    };
    let blocks = |key: &'static str| settings.all(key).map(|given| format!("ip {}", given.value));
    let denied: Vec<String> = matches("deny").chain(blocks("cidr_deny")).collect();
    let allowed: Vec<String> = matches("allow").chain(blocks("cidr_allow")).collect();
    if denied.is_empty() && allowed.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    lines.push("<RequireAll>".to_owned());
    lines.extend(denied.iter().map(|who| format!("    Require not {who}")));
    if allowed.is_empty() {
        lines.push("    Require all denied".into());
    } else {
        lines.push("    <RequireAny>".into());
        lines.extend(allowed.iter().map(|who| format!("        Require {who}")));
        lines.push("    </RequireAny>".into());
    }
    lines.push("</RequireAll>".into());
    lines
}

/// A match of a whole value; the sign around the pattern is one that is not in it.
fn pattern(variable: &str, pattern: &str) -> String {
    let around = ['#', '!', ',', ';', '%', '_'].into_iter().find(|sign| !pattern.contains(*sign)).unwrap_or('#');
    format!("%{{{variable}}} =~ m{around}^(?:{pattern})${around}")
}

#[cfg(test)]
mod tests {
    use super::super::conf::{At, Word};
    use super::*;

    fn lines(of: &[(&str, &str)]) -> String {
        let word = |text: &&str| Word { text: (*text).into(), at: At::CommandLine };
        let words: Vec<Word> = of.iter().flat_map(|(key, value)| [word(key), word(value)]).collect();
        require(&Settings::of(&words, &[], &[]).0).iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_must_match_an_allow_and_no_deny() {
        assert_eq!(lines(&[("user", "x")]), "");
        assert_eq!(
            lines(&[("allow", r"10\..+"), ("cidr_allow", "192.168.0.0/16"), ("cidr_deny", "10.1.0.0/16")]),
            "<RequireAll>\nRequire not ip 10.1.0.0/16\n<RequireAny>\nRequire expr %{REMOTE_ADDR} =~ m#^(?:10\\..+)$#\n\
             Require ip 192.168.0.0/16\n</RequireAny>\n</RequireAll>"
        );
    }

    #[test]
    fn names_count_where_they_are_looked_up() {
        let lines = lines(&[("allow", "a#b"), ("reverse_lookups", "1")]);
        assert!(lines.contains("Require expr %{REMOTE_HOST} =~ m!^(?:a#b)$!"), "{lines}");
    }

    #[test]
    fn a_deny_alone_lets_nobody_in() {
        assert!(lines(&[("deny", "a.+")]).contains("\nRequire all denied\n"));
    }
}
