//! Ordered variables with several values per name; names are compared without regard to ASCII case, as in
//! `apr_table_t`, where mod_perl keeps them.

use std::sync::Arc;

use crate::vocabulary::{Merge, Merges};

/// One variable and one of its values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Var {
    /// As first written.
    pub name: Box<[u8]>,
    /// Any bytes.
    pub value: Box<[u8]>,
}

/// Variables in the order in which they were first written. A clone shares them until either is changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Vars(Option<Arc<Vec<Var>>>);

impl Vars {
    fn list(&mut self) -> &mut Vec<Var> {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    fn as_slice(&self) -> &[Var] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// As `apr_table_setn`: the first of that name takes the value, others of that name go.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        let list = self.list();
        match list.iter_mut().position(|var| var.name.eq_ignore_ascii_case(name)) {
            Some(first) => {
                let mut i = 0;
                list.retain(|var| {
                    i += 1;
                    i - 1 <= first || !var.name.eq_ignore_ascii_case(name)
                });
                if let Some(var) = list.get_mut(first) {
                    var.value = value.into();
                }
            }
            None => list.push(Var { name: name.into(), value: value.into() }),
        }
    }

    /// Sets a name that has this value to another.
    pub fn exchange(&mut self, name: &[u8], from: &[u8], to: &[u8]) {
        if self.get(name) == Some(from) {
            self.set(name, to);
        }
    }

    /// As `apr_table_addn`: one more value.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.list().push(Var { name: name.into(), value: value.into() });
    }

    /// Removes all values of a name.
    pub fn unset(&mut self, name: &[u8]) {
        if self.get(name).is_some() {
            self.list().retain(|var| !var.name.eq_ignore_ascii_case(name));
        }
    }

    /// First value of a name.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// All values of a name, in order.
    pub fn get_all(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.as_slice().iter().map(|var| (&var.name[..], &var.value[..]))
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

impl Merges for Vars {
    const MERGE: Merge = Merge::Overlap;
    type How<'a> = ();

    /// One value per name, the last one wins.
    fn merge(base: &Self, add: &Self, _: &()) -> Self {
        if base.is_empty() {
            return add.clone();
        }
        let mut merged = base.clone();
        for (name, value) in add.iter() {
            merged.set(name, value);
        }
        merged
    }
}

/// `PerlSetVar` and `PerlAddVar`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConfigVars {
    all: Vars,
    /// Names that were set, not only added to: they wipe what an outer scope said.
    set: Vars,
}

impl ConfigVars {
    /// `PerlSetVar`: the only value from here on.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.all.set(name, value);
        self.set.set(name, value);
    }

    /// `PerlAddVar`: one more value.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.all.add(name, value);
    }

    /// What `dir_config` sees.
    #[must_use]
    pub fn vars(&self) -> &Vars {
        &self.all
    }
}

impl Merges for ConfigVars {
    const MERGE: Merge = Merge::Vars;
    type How<'a> = ();

    /// Names that the inner scope sets lose their outer values, names that it only adds to keep them.
    fn merge(base: &Self, add: &Self, how: &()) -> Self {
        if add.all.is_empty() {
            return base.clone();
        }
        let mut all = base.all.clone();
        for (name, _) in add.set.iter() {
            all.unset(name);
        }
        for (name, value) in add.all.iter() {
            all.add(name, value);
        }
        Self { all, set: Vars::merge(&base.set, &add.set, how) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(vars: &Vars) -> String {
        let pair = |(n, v): (&[u8], &[u8])| format!("{}={}", String::from_utf8_lossy(n), String::from_utf8_lossy(v));
        vars.iter().map(pair).collect::<Vec<_>>().join(" ")
    }

    fn vars(pairs: &[(&str, &str)]) -> Vars {
        let mut vars = Vars::default();
        for (name, value) in pairs {
            vars.add(name.as_bytes(), value.as_bytes());
        }
        vars
    }

    fn config(lines: &[&str]) -> ConfigVars {
        let mut vars = ConfigVars::default();
        for line in lines {
            let (sign, rest) = line.split_at(1);
            let (name, value) = rest.split_once('=').unwrap();
            match sign {
                "!" => vars.set(name.as_bytes(), value.as_bytes()),
                _ => vars.add(name.as_bytes(), value.as_bytes()),
            }
        }
        vars
    }

    #[test]
    fn set_keeps_the_place_and_spelling_of_the_first_and_drops_the_others() {
        let mut v = vars(&[("a", "1"), ("B", "2"), ("b", "3"), ("c", "4")]);
        v.set(b"b", b"9");
        assert_eq!(text(&v), "a=1 B=9 c=4");
        v.set(b"d", b"5");
        assert_eq!(text(&v), "a=1 B=9 c=4 d=5");
    }

    #[test]
    fn names_are_found_without_regard_to_case() {
        let mut v = vars(&[("Key", "1"), ("KEY", "2"), ("x", "3")]);
        assert_eq!(v.get(b"key"), Some(&b"1"[..]));
        assert_eq!(v.get_all(b"kEY").count(), 2);
        v.unset(b"key");
        assert_eq!(text(&v), "x=3");
        assert_eq!(v.get(b"key"), None);
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let v = vars(&[("a", "1")]);
        let mut w = v.clone();
        w.set(b"a", b"2");
        assert_eq!((text(&v), text(&w)), ("a=1".into(), "a=2".into()));
    }

    #[test]
    fn environment_values_of_the_inner_scope_win_and_keep_the_outer_order() {
        let merged = Vars::merge(&vars(&[("A", "1"), ("B", "2")]), &vars(&[("C", "3"), ("a", "4")]), &());
        assert_eq!(text(&merged), "A=4 B=2 C=3");
    }

    #[test]
    fn setting_in_an_inner_scope_wipes_outer_values_adding_extends_them() {
        let base = config(&["!x=1", "+x=2", "!y=1"]);
        assert_eq!(text(ConfigVars::merge(&base, &config(&["!x=9"]), &()).vars()), "y=1 x=9");
        assert_eq!(text(ConfigVars::merge(&base, &config(&["+x=3"]), &()).vars()), "x=1 x=2 y=1 x=3");
        assert_eq!(text(ConfigVars::merge(&base, &config(&["!x=8", "+x=9"]), &()).vars()), "y=1 x=8 x=9");
        assert_eq!(text(ConfigVars::merge(&base, &config(&[]), &()).vars()), "x=1 x=2 y=1");
    }

    #[test]
    fn what_a_middle_scope_set_still_wipes_in_a_later_merge() {
        // httpd may merge the two inner ones first, and the result onto the outermost one.
        let inner = ConfigVars::merge(&config(&["!x=2"]), &config(&["+x=3"]), &());
        assert_eq!(text(ConfigVars::merge(&config(&["!x=1"]), &inner, &()).vars()), "x=2 x=3");
    }

    #[test]
    fn setting_after_adding_in_one_scope_leaves_one_value() {
        assert_eq!(text(config(&["+x=1", "+x=2", "!x=3", "+x=4"]).vars()), "x=3 x=4");
    }
}
