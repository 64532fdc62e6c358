//! Text in a configuration file that is no configuration: POD, and what follows `__END__`.

/// Whether the text that a directive opens covers this line and goes on behind it. POD covers all up to `=cut`, or to `=over` with a
/// word that says that what follows is configuration; the line that ends it is skipped, too. What follows `__END__` is covered to the
/// end of the file.
#[must_use]
pub fn covers(directive: &str, line: &[u8]) -> bool {
    if directive == "__END__" {
        return true;
    }
    let line = line.trim_ascii();
    let command = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    !(command == b"=cut" || (command == b"=over" && is_for_httpd(line)))
}

/// Whether a command of POD says that what follows it is configuration, as `=over apache` does.
pub(crate) fn is_for_httpd(line: &[u8]) -> bool {
    let has = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
    has(b"apache") || has(b"httpd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pod_ends_with_cut_or_with_over_for_httpd_and_the_end_of_a_file_with_nothing() {
        for line in [&b"=cut"[..], b" =cut\r", b"=cut now", b"=over apache", b"=over to httpd"] {
            assert!(!covers("=pod", line) && !covers("=back", line) && covers("__END__", line));
        }
        for line in [&b""[..], b"PerlSetVar a =cut", b"=cutter", b"=over", b"=over 4", b"=head1 apache", b"</Perl>"] {
            assert!(covers("=pod", line) && covers("=back", line) && covers("__END__", line));
        }
    }
}
