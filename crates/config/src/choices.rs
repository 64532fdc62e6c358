//! What settings choose between.

use crate::value::{SettingKind, SettingValue};

/// `choice!(/// docs Name { Variant = "word", ... })` is an enum of these variants, and the [`SettingKind`] of a setting that takes
/// one of these words.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident = $first_word:literal,
        $($(#[$rest_doc:meta])* $rest:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
        pub enum $name {
            $(#[$first_doc])*
            $first,
            $($(#[$rest_doc])* $rest,)*
        }

        impl $name {
            pub(crate) const KIND: SettingKind =
                SettingKind::Word(&[$first_word, $($word),*], concat!($first_word, $("|", $word),*));

            /// The word that stands for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $name::$first => $first_word,
                    $($name::$rest => $word,)*
                }
            }

            /// What a setting says; the default where nothing is written.
            #[inline]
            pub(crate) fn of(value: Option<&SettingValue>) -> Self {
                const ALL: &[$name] = &[$name::$first, $($name::$rest),*];
                match value {
                    Some(SettingValue::Word(at)) => ALL.get(usize::from(*at)).copied().unwrap_or_default(),
                    _ => Self::default(),
                }
            }
        }
    };
}

choice! {
    /// `PerlInterpScope`, `LuaInterpScope`: how long a request keeps the interpreter that it was given.
    LeaseScope {
        /// While a handler runs, and while something is pinned.
        Handler = "handler",
        /// From its first handler until its response handler returned.
        #[default]
        Response = "response",
        /// As `Response`, but each subrequest for itself.
        Subrequest = "subrequest",
        /// Until the log phase is over.
        Request = "request",
        /// Until the connection ends.
        Connection = "connection",
    }
}

choice! {
    /// `LuaCodeCache`: when a script's file is read again.
    CodeCache {
        /// When its time or size is another.
        #[default]
        Stat = "stat",
        /// Never.
        Forever = "forever",
        /// For every use.
        Never = "never",
    }
}

choice! {
    /// `PerlClassReloadOn`: when a script of `SetHandler perl-class` is compiled again.
    ReloadOn {
        /// When its file is another one than before.
        #[default]
        Stat = "stat",
        /// When its interpreter is replaced.
        Never = "never",
        /// When its file or a file that it has loaded is another one.
        Watch = "watch",
    }
}

choice! {
    /// `PerlClassErrorPage`: what the page of a script's error says.
    ErrorPage {
        /// Nothing of the script.
        #[default]
        Off = "off",
        /// What went wrong.
        Plain = "plain",
        /// And where.
        Dev = "dev",
    }
}

choice! {
    /// `PerlClassIdentity`: what scripts of `SetHandler perl-class` and `perl-embed` are told of where they run.
    ClassIdentity {
        /// Under mod_perl.
        #[default]
        ModPerl = "mod_perl",
        /// Under PerlEx.
        PerlEx = "perlex",
    }
}

impl ClassIdentity {
    /// `$ENV{GATEWAY_INTERFACE}`.
    #[must_use]
    pub const fn gateway_interface(self) -> &'static [u8] {
        match self {
            ClassIdentity::ModPerl => b"CGI-Perl/1.1",
            ClassIdentity::PerlEx => b"CGI-PerlEx/1.1",
        }
    }
}

choice! {
    /// `PerlClassCGIHeader`: who sends the header of what a script of `SetHandler perl-class` prints.
    CgiHeader {
        /// The script prints it.
        #[default]
        Off = "off",
        /// The server sends it: all that the script prints is the page.
        On = "on",
    }
}

choice! {
    /// `PerlClassReadAhead`, `LuaClassReadAhead`: when the body of a request is read.
    ReadAhead {
        /// When the script reads it.
        #[default]
        Off = "off",
        /// Whole, before the script has an interpreter.
        On = "on",
    }
}

choice! {
    /// `LuaInherit`: how lists of an inner scope are joined to those of the outer one.
    Inherit {
        /// Only the inner one.
        None = "none",
        /// The outer one first.
        #[default]
        ParentFirst = "parent-first",
        /// The inner one first.
        ParentLast = "parent-last",
    }
}

impl Inherit {
    pub(crate) fn join<T: Clone>(self, base: &[T], add: &[T]) -> Vec<T> {
        match self {
            Inherit::ParentFirst => [base, add].concat(),
            Inherit::ParentLast => [add, base].concat(),
            Inherit::None => add.to_vec(),
        }
    }
}
