//! What the words have come to: the values of Net::Server's keys.

use super::conf::{Given, Sort, Word, take};
use super::keys;

/// The values, in the order in which they were written.
#[derive(Debug, Default)]
pub struct Settings {
    given: Vec<Given>,
}

impl Settings {
    /// From a command line and a conf file; of both, the words that no key took. A key of `own` is the program's.
    pub fn of(arguments: &[Word], conf: &[Word], own: &[String]) -> (Settings, Vec<Given>) {
        let sort = |name: &str| match keys::key(name) {
            Some(key) => key.sort,
            None if own.iter().any(|own| own == name) => Sort::List,
            None => Sort::Unknown,
        };
        let mut settings = Settings::default();
        let mut unknown = take(&mut settings.given, arguments, sort);
        unknown.extend(take(&mut settings.given, conf, sort));
        (settings, unknown)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Given> {
        self.given.iter()
    }

    /// All values of a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Given> {
        self.given.iter().filter(move |given| given.key == key)
    }

    /// The value of a key that has one.
    pub fn get(&self, key: &str) -> Option<&Given> {
        self.given.iter().rev().find(|given| given.key == key)
    }

    /// The same, its text.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.get(key).map(|given| &*given.value)
    }

    /// A flag: there, and neither empty nor `0`.
    pub fn is_on(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| !matches!(value, "" | "0"))
    }
}
