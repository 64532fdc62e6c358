//! Conf files and command lines as Net::Server 2.013 reads them, with what it makes of an odd line.
//!
//! A conf file is cut into words (`_read_conf`), and the words are then asked like those of a command line (`process_args`): a word that
//! is the name of a known key takes its value, anything else is passed over. So the value of an unknown key is looked at
//! as if it were a key.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::remark::{Kind, Remark};

/// Where a word stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A line of a file.
    Line(Arc<Path>, usize),
    /// Behind `--`.
    CommandLine,
    /// No line says it.
    Default,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Line(file, line) => write!(f, "{}:{line}", file.display()),
            At::CommandLine => f.write_str("command line"),
            At::Default => f.write_str("default"),
        }
    }
}

/// A word, and where it stands.
#[derive(Clone, Debug)]
pub struct Word {
    pub text: String,
    pub at: At,
}

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub key: String,
    pub value: String,
    pub at: At,
}

/// A line's key and value: `key value`, `key = value`, `key: value`, `--key value`; a key alone is no line.
fn line(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let dashes = if text.starts_with("--") { 2 } else { 0 };
    let name = text[dashes..].find(|c| !is_word(c)).map(|end| dashes + end).filter(|end| *end > dashes)?;
    let (key, rest) = text.split_at(name);
    let behind = rest.trim_start();
    let value = behind.strip_prefix(['=', ':']).map_or(behind, str::trim_start);
    (!value.trim().is_empty() && (value.len() < rest.len())).then_some((key, value))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The line without its comment, which begins at a `#` that has no backslash before it.
fn without_comment(text: &str) -> String {
    let hash = text.match_indices('#').map(|(at, _)| at).find(|at| !text[..*at].ends_with('\\'));
    text[..hash.unwrap_or(text.len())].replace("\\#", "#")
}

/// The words of a conf file. A file that it names by `conf_file` or `include` is read in that place.
pub fn read(file: &Path, remarks: &mut Vec<Remark>) -> Result<Vec<Word>, String> {
    let mut reader = Reader { open: Vec::new(), words: Vec::new(), remarks };
    reader.file(file).map_err(|why| format!("{}: {why}", file.display()))?;
    Ok(reader.words)
}

struct Reader<'r> {
    /// The files that are being read, each named by the one before it.
    open: Vec<PathBuf>,
    words: Vec<Word>,
    remarks: &'r mut Vec<Remark>,
}

impl Reader<'_> {
    fn file(&mut self, file: &Path) -> Result<(), String> {
        let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        if self.open.contains(&whole) {
            return Err("it names itself".into());
        }
        let text = std::fs::read(file).map_err(|why| why.to_string())?;
        self.open.push(whole);
        self.text(file, &String::from_utf8_lossy(&text));
        self.open.pop();
        Ok(())
    }

    fn text(&mut self, file: &Path, text: &str) {
        let name: Arc<Path> = file.into();
        for (number, text) in text.lines().enumerate() {
            self.line(file, &without_comment(text), At::Line(name.clone(), number + 1));
        }
    }

    fn line(&mut self, file: &Path, text: &str, at: At) {
        let Some((key, value)) = line(text) else {
            if !text.trim().is_empty() {
                let why = "a line without a value, which Net::Server passes over";
                self.remarks.push(Remark::of(Kind::Differs, text.trim(), "", &at, why));
            }
            return;
        };
        let (name, trimmed) = (key.trim_start_matches("--"), value.trim_end());
        if trimmed.len() < value.len() && matches!(name, "allow" | "deny") {
            let why = "Net::Server takes the blanks behind the value for a part of it, so that it matches nothing; these lines do not";
            self.remarks.push(Remark::of(Kind::Differs, key, trimmed, &at, why));
        }
        if matches!(name, "conf_file" | "include") {
            let other = file.parent().unwrap_or(Path::new("")).join(trimmed);
            let text = match self.file(&other) {
                Ok(()) => "its lines are taken in here; Net::Server itself reads no file that a conf file names".into(),
                Err(why) => format!("{}: {why}", other.display()),
            };
            self.remarks.push(Remark::of(Kind::Differs, key, trimmed, &at, text));
            return;
        }
        self.words.push(Word { text: key.into(), at: at.clone() });
        self.words.push(Word { text: trimmed.into(), at });
    }
}

/// The words of a text that stands for a file.
#[cfg(test)]
pub fn words_of(file: &Path, text: &str, remarks: &mut Vec<Remark>) -> Vec<Word> {
    let mut reader = Reader { open: Vec::new(), words: Vec::new(), remarks };
    reader.text(file, text);
    reader.words
}

/// How a word that is looked at is written: `key`, `--key`, `key=value`, `--key value`.
fn asked(word: &str) -> Option<(&str, Option<&str>)> {
    let word = word.strip_prefix("--").unwrap_or(word);
    let (key, value) = match word.split_once(['=', ' ']) {
        Some((key, value)) => (key, Some(value)),
        None => (word, None),
    };
    let is_key = !key.is_empty() && key.chars().all(is_word);
    (is_key && value.is_none_or(|value| !value.is_empty() && !value.contains(char::is_whitespace)))
        .then_some((key, value))
}

/// `%A`: the character of that hexadecimal digit.
fn decoded(value: &str) -> String {
    let (mut text, mut rest) = (String::new(), value.chars().peekable());
    while let Some(c) = rest.next() {
        match rest.peek().and_then(|digit| digit.to_digit(16)).and_then(char::from_u32) {
            Some(decoded) if c == '%' => {
                text.push(decoded);
                rest.next();
            }
            _ => text.push(c),
        }
    }
    text
}

/// What sort of key a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The last one counts.
    One,
    /// Each one counts.
    List,
    /// None that is known.
    Unknown,
}

/// Takes the keys out of the words, as `process_args` does: what was given before, by words that were taken earlier, stays.
/// The words that no key took are returned, those of an unknown key with its value.
pub fn take(given: &mut Vec<Given>, words: &[Word], sort: impl Fn(&str) -> Sort) -> Vec<Given> {
    let before = given.len();
    let (mut unknown, mut i) = (Vec::<Given>::new(), 0);
    while let Some(Word { text, at }) = words.get(i) {
        i += 1;
        let known = asked(text).filter(|(key, _)| sort(key) != Sort::Unknown);
        let Some((key, value)) = known else {
            match unknown.last_mut() {
                // The value of an unknown key: it was looked at, and was none itself.
                Some(last) if last.at == *at && *at != At::CommandLine && last.value.is_empty() => {
                    last.value.clone_from(text)
                }
                _ => unknown.push(Given { key: text.clone(), value: String::new(), at: at.clone() }),
            }
            continue;
        };
        let value = match (value, words.get(i)) {
            (Some(value), _) => value.to_owned(),
            (None, Some(next)) if !is_option(&next.text) => {
                i += 1;
                next.text.clone()
            }
            (None, _) => "1".to_owned(),
        };
        if given[..before].iter().any(|earlier| earlier.key == key) {
            continue;
        }
        if sort(key) == Sort::One {
            given.retain(|earlier| earlier.key != key);
        }
        given.push(Given { key: key.into(), value: decoded(&value), at: at.clone() });
    }
    unknown
}

fn is_option(word: &str) -> bool {
    word.strip_prefix("--").is_some_and(|rest| rest.starts_with(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(key: &str) -> Sort {
        match key {
            "port" | "allow" => Sort::List,
            "user" | "setsid" | "log_file" => Sort::One,
            _ => Sort::Unknown,
        }
    }

    fn taken(text: &str) -> (Vec<(String, String)>, Vec<String>) {
        let mut given = Vec::new();
        let unknown = take(&mut given, &words_of(Path::new("c"), text, &mut Vec::new()), sort);
        (
            given.into_iter().map(|given| (given.key, given.value)).collect(),
            unknown.into_iter().map(|given| format!("{}={}", given.key, given.value)).collect(),
        )
    }

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn a_line_has_a_key_and_a_value() {
        for text in ["user nobody", "user=nobody", " user = nobody", "user: nobody", "user\tnobody", "--user nobody"] {
            let (key, value) = line(text).unwrap_or_default();
            assert_eq!((key.trim_start_matches("--"), value), ("user", "nobody"), "{text}");
        }
        for text in ["", "setsid", "setsid  ", "=x", "-user x", "user=", "/path x"] {
            assert_eq!(line(text), None, "{text}");
        }
        assert_eq!(line(r"allow .+\.(net|com)"), Some(("allow", r".+\.(net|com)")));
        assert_eq!(line("a-b c"), None, "a key is one word");
    }

    #[test]
    fn a_comment_ends_the_line_unless_its_sign_has_a_backslash() {
        assert_eq!(without_comment("### access"), "");
        assert_eq!(without_comment("user x # y"), "user x ");
        assert_eq!(without_comment(r"user x\#y # z"), "user x#y ");
    }

    #[test]
    fn the_last_of_several_counts_and_lists_grow() {
        let (given, unknown) = taken("user a\nport 1\nuser b\nport 2\n");
        assert_eq!(given, pairs(&[("port", "1"), ("user", "b"), ("port", "2")]));
        assert!(unknown.is_empty());
    }

    #[test]
    fn the_value_of_an_unknown_key_is_looked_at_as_a_key() {
        let (given, unknown) = taken("mode fast\nlevel user=bob\nuser ann\nport 7\n");
        assert_eq!(unknown, ["mode=fast", "level="]);
        assert_eq!(given, pairs(&[("user", "ann"), ("port", "7")]));
    }

    #[test]
    fn words_before_keep_their_keys() {
        let mut given = Vec::new();
        let argument = |text: &str| Word { text: text.into(), at: At::CommandLine };
        let left = take(&mut given, &["--port=5", "--setsid", "--user", "root", "--mine", "3"].map(argument), sort);
        assert_eq!(left.iter().map(|left| &*left.key).collect::<Vec<_>>(), ["--mine", "3"]);
        take(&mut given, &words_of(Path::new("c"), "port 6\nuser x\nlog_file /l\n", &mut Vec::new()), sort);
        let given: Vec<_> = given.into_iter().map(|given| (given.key, given.value)).collect();
        assert_eq!(given, pairs(&[("port", "5"), ("setsid", "1"), ("user", "root"), ("log_file", "/l")]));
    }

    #[test]
    fn a_value_that_is_an_option_is_none() {
        let (given, _) = taken("setsid --user\nport 1\n");
        assert_eq!(given[0], ("setsid".into(), "1".into()));
    }

    #[test]
    fn a_percent_sign_makes_a_character_of_one_digit() {
        assert_eq!(decoded("a%2Fb"), "a\u{2}Fb");
        assert_eq!(decoded("100%"), "100%");
    }
}
