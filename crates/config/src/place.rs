//! Where a line stands: its file and line, and what is around it.

use std::fmt;
use std::sync::Arc;

/// A line of the configuration.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Where {
    /// The file's name; empty for what no file says (a handler pushed by a script).
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: u32,
}

impl Where {
    /// A line of a file.
    pub fn new(file: impl Into<Arc<str>>, line: u32) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.is_empty() { f.write_str("(no file)") } else { write!(f, "{}:{}", self.file, self.line) }
    }
}

/// What is around a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinePlace<'a> {
    /// Server level of the main server.
    Server,
    /// Server level of a `<VirtualHost>`.
    VirtualHost,
    /// In the section of an interpreter class; its name.
    Class(&'a str),
    /// In a section that is about a directory; its name as httpd writes it (`<Location`), or empty.
    Section(&'a str),
    /// In a `.htaccess` file, sections within it included.
    Htaccess,
}

impl LinePlace<'_> {
    /// Whether it is a section that is about a URL, known before the directory is.
    pub(crate) fn is_location(&self) -> bool {
        let LinePlace::Section(name) = self else { return false };
        let name = name.trim_matches(['<', '>', ' ']).to_ascii_lowercase();
        matches!(name.strip_suffix("match").unwrap_or(&name), "location" | "proxy")
    }

    /// Whether it is the section of an interpreter class.
    pub(crate) const fn is_class(&self) -> bool {
        matches!(self, LinePlace::Class(_))
    }

    /// Whether its lines say something of a server, or of a class, which is a part of one: outside of sections and `.htaccess`.
    #[must_use]
    pub const fn is_server_level(&self) -> bool {
        matches!(self, LinePlace::Server | LinePlace::VirtualHost | LinePlace::Class(_))
    }

    /// Whether its lines hold for directories, too.
    #[must_use]
    pub const fn has_directories(&self) -> bool {
        !self.is_class()
    }
}

/// For messages: `a <Location> section`.
impl fmt::Display for LinePlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinePlace::Server => f.write_str("the main server"),
            LinePlace::VirtualHost => f.write_str("a <VirtualHost>"),
            LinePlace::Section(name) => match name.trim_matches(['<', '>', ' ']) {
                "" => f.write_str("a section"),
                name => write!(f, "a <{name}> section"),
            },
            LinePlace::Class(name) => write!(f, "the class {name}"),
            LinePlace::Htaccess => f.write_str(".htaccess"),
        }
    }
}
