//! How many interpreters a class has over all processes, changed while the server runs: `modinterp scale`.

use std::sync::Arc;

use super::languages::languages;
use super::lease::Stock;
use super::site;

/// What the number is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// So many.
    To(u32),
    /// So many more, or fewer.
    By(i64),
}

impl Change {
    /// `4`, `=4`, `+2`, `-1`. A form's `+` that was not escaped has become a blank.
    pub fn parse(text: &[u8]) -> Option<Change> {
        let text = std::str::from_utf8(text).ok()?;
        let number = |digits: &str| digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?;
        let (sign, digits) = text.split_at_checked(1)?;
        match sign {
            "+" | " " => number(digits).map(|n| Change::By(n.into())),
            "-" => number(digits).map(|n| Change::By(-i64::from(n))),
            "=" => number(digits).map(Change::To),
            _ => number(text).map(Change::To),
        }
    }

    /// The number that comes of one, if nothing stands against it.
    fn of(self, now: u32) -> i64 {
        match self {
            Change::To(number) => number.into(),
            Change::By(more) => i64::from(now) + more,
        }
    }
}

/// What has been done.
#[derive(Debug)]
pub struct Scaled {
    /// The class and its server, for messages.
    pub of: Arc<str>,
    /// The number before.
    pub before: u32,
    /// The number that was asked for.
    pub wanted: i64,
    /// The number that it is now.
    pub now: u32,
}

/// Why the number of a class cannot be changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Fixed {
    /// There is no class of this name.
    NoClass,
    /// Several servers have one: their names.
    Several(Vec<Arc<str>>),
    /// Its number is one of each process.
    NoTotal(Arc<str>),
}

/// A class never has fewer: connections would wait for nobody.
const LEAST: u32 = 1;
/// And never more: each is a lock of the kernel's.
const MOST: u32 = 10_000;

/// Changes the number of a class, which is named by its name, or with its server as [`Fixed::Several`] has it. With `keep` it outlives
/// graceful restarts.
///
/// # Errors
/// There is no such class, or none whose number can be changed.
pub fn scale(class: &str, change: Change, keep: bool) -> Result<Scaled, Fixed> {
    let named = |stock: &Arc<Stock>| {
        stock.class.as_deref() == Some(class) || (stock.class.is_some() && *stock.server == *class)
    };
    let found: Vec<Arc<Stock>> = languages().flat_map(site::stocks).filter(named).collect();
    let stock = match &found[..] {
        [] => return Err(Fixed::NoClass),
        [stock] => stock,
        several => return Err(Fixed::Several(several.iter().map(|stock| stock.server.clone()).collect())),
    };
    let mut wanted = 0;
    let new = |now: u32| {
        wanted = change.of(now);
        wanted.clamp(LEAST.into(), MOST.into()) as u32
    };
    let (before, now) = stock.scale(new, keep).ok_or_else(|| Fixed::NoTotal(stock.server.clone()))?;
    Ok(Scaled { of: stock.server.clone(), before, wanted, now })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_number_or_a_difference() {
        for (text, is) in [
            ("4", Some(Change::To(4))),
            ("=4", Some(Change::To(4))),
            ("+2", Some(Change::By(2))),
            (" 2", Some(Change::By(2))),
            ("-5", Some(Change::By(-5))),
            ("=0", Some(Change::To(0))),
            ("", None),
            ("+", None),
            ("=-1", None),
            ("two", None),
            ("99999999999", None),
        ] {
            assert_eq!(Change::parse(text.as_bytes()), is, "{text}");
        }
        assert_eq!((Change::By(-5).of(4), Change::To(7).of(4)), (-1, 7));
    }
}
