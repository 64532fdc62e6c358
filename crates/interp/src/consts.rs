//! Constants of a package.

/// Value of a constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Const {
    /// A number.
    Int(i64),
    /// Text, e.g. `DIR_MAGIC_TYPE`.
    Text(&'static str),
}

/// Constants of a package, by import group (`:common`, written without the colon).
#[derive(Debug)]
pub struct Consts {
    /// `Apache2::Const`.
    pub package: &'static str,
    /// The languages that have it, of [`crate::PERL`] and [`crate::LUA`].
    pub langs: u8,
    /// Each group's names and values. A name may stand in several groups.
    pub groups: &'static [(&'static str, &'static [(&'static str, Const)])],
}

impl Consts {
    /// Value of a constant, whichever group it is in.
    pub fn get(&self, name: &str) -> Option<Const> {
        self.groups.iter().flat_map(|g| g.1).find(|c| c.0 == name).map(|c| c.1)
    }
    /// Members of a group, named without the colon.
    pub fn group(&self, name: &str) -> Option<&'static [(&'static str, Const)]> {
        self.groups.iter().find(|g| g.0 == name).map(|g| g.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LUA, PERL};

    #[test]
    fn constants_are_found_by_name_and_by_group() {
        let c = Consts {
            package: "Test::Const",
            langs: PERL | LUA,
            groups: &[("common", &[("OK", Const::Int(0))]), ("types", &[("DIR_MAGIC_TYPE", Const::Text("d"))])],
        };
        assert_eq!((c.get("DIR_MAGIC_TYPE"), c.get("NONE")), (Some(Const::Text("d")), None));
        assert_eq!(c.group("common"), Some(&[("OK", Const::Int(0))][..]));
    }
}
