//! Words as httpd's configuration has them.

/// A word of a line, in quotes where it needs them. Of backslashes httpd takes away one before another and before the quote only, so that
/// a pattern mostly stays as it is.
pub fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=*[]>".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_taken = match c {
            '"' => true,
            '\\' => matches!(rest.peek(), None | Some('\\' | '"')),
            _ => false,
        };
        if is_taken {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Why no word of httpd's can be this text, if none can.
pub fn unsayable(text: &str) -> Option<&'static str> {
    if text.contains(char::is_control) {
        return Some("has a character that no line of httpd's can have");
    }
    text.contains("${").then_some("has ${, in place of which httpd puts what Define or the environment has")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As httpd's `ap_getword_conf` reads a word in quotes.
    fn read(written: &str) -> String {
        let Some(inner) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return written.into();
        };
        let (mut text, mut rest) = (String::new(), inner.chars().peekable());
        while let Some(c) = rest.next() {
            match (c, rest.peek()) {
                ('\\', Some('\\' | '"')) => text.extend(rest.next()),
                _ => text.push(c),
            }
        }
        text
    }

    #[test]
    fn httpd_reads_each_word_as_it_was() {
        for text in [
            "plain",
            "/var/log/a.log",
            r"allow=.+\.(net|com)",
            r#"a"b"#,
            r"two\\",
            r"\",
            r#"\""#,
            "a b",
            "",
            "#1000",
            r"\\\x",
            r#"end\\""#,
        ] {
            assert_eq!(read(&word(text)), text, "{}", word(text));
        }
        assert_eq!(word(r"allow=domain\.com"), r#""allow=domain\.com""#, "a pattern stays readable");
        assert_eq!(word("10.0.0.1:25"), "10.0.0.1:25");
    }
}
