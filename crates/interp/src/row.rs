//! A row: one name that a script can use, as plain data. [`crate::make`] makes it of a function.

use crate::{Kind, Need, Param, Thunk};

/// How a row is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowKind {
    /// Field that is read.
    Ro,
    /// Field that is read and set.
    Rw,
    /// On an object.
    Method,
    /// On the class.
    ClassMethod,
    /// Neither.
    Function,
}

/// Bit of [`Row::only`]: bound in Perl.
pub const PERL: u8 = 1;
/// Bit of [`Row::only`]: bound in Lua.
pub const LUA: u8 = 2;

pub(crate) const REENTERS: u8 = 1;
pub(crate) const CURRENT: u8 = 2;
pub(crate) const ENDING: u8 = 4;
pub(crate) const LOOSE: u8 = 8;
pub(crate) const NEEDS: u8 = 16;
pub(crate) const ANYWHERE: u8 = 32;
/// `max` of a row that takes any number of arguments.
pub(crate) const MANY: u8 = 255;

/// One name a script can use (head: `mi_row`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub(crate) params: *const Param,
    pub(crate) nparams: u8,
    pub(crate) min: u8,
    pub(crate) max: u8,
    pub(crate) flags: u8,
    pub(crate) has_this: bool,
    pub(crate) kind: RowKind,
    pub(crate) langs: u8,
    pub(crate) thunk: Thunk,
    pub(crate) set: Option<Thunk>,
    pub(crate) needs: &'static [&'static Need],
    pub(crate) sig: &'static str,
    pub(crate) lua: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) result: &'static str,
}

// SAFETY: the pointer is to a 'static table that nobody writes.
unsafe impl Sync for Row {}
// SAFETY: as above.
unsafe impl Send for Row {}

impl Row {
    /// For DESTROY and its like: does nothing, in silence, when the object's owner is gone. Where the invocant is a [`crate::Maybe`],
    /// the function runs without it.
    pub const fn ending(mut self) -> Row {
        self.flags |= ENDING;
        self
    }
    /// Also callable without an object, all arguments being those behind it: `$SIG{__WARN__} = \&Apache2::ServerRec::warn`.
    /// The function takes the invocant as [`crate::Maybe`].
    pub const fn loose(mut self) -> Row {
        assert!(self.has_this && self.min > 0, "the invocant is what may be left out");
        self.flags |= LOOSE;
        self.min -= 1;
        self
    }
    /// The row needs neither the server nor an interpreter: it answers also in a thread of the script's, and while an interpreter is
    /// being cloned. It takes plain values only.
    pub const fn anywhere(mut self) -> Row {
        assert!(!self.has_this && self.flags == 0, "only functions that run no code of the script's");
        self.flags |= ANYWHERE;
        self
    }
    /// What must hold when it is called, or set.
    pub const fn needs(mut self, needs: &'static [&'static Need]) -> Row {
        assert!(self.has_this && !needs.is_empty());
        self.flags |= NEEDS;
        self.needs = needs;
        self
    }
    /// Bound only in these languages ([`PERL`], [`LUA`]).
    pub const fn only(mut self, langs: u8) -> Row {
        self.langs = langs;
        self
    }
    /// Another name in Lua (`do` is a keyword there).
    pub const fn lua(mut self, name: &'static str) -> Row {
        self.lua = name;
        self
    }
    /// A full sentence.
    pub const fn doc(mut self, doc: &'static str) -> Row {
        self.doc = doc;
        self
    }

    /// `read` of `read(buffer, length, [offset])`.
    pub const fn name(&self) -> &'static str {
        let b = self.sig.as_bytes();
        let mut i = 0;
        while i < b.len() && b[i] != b'(' {
            i += 1;
        }
        self.sig.split_at(i).0
    }
    /// Its name in Lua.
    pub const fn lua_name(&self) -> &'static str {
        if self.lua.is_empty() { self.name() } else { self.lua }
    }
    /// `read(buffer, length, [offset])`.
    pub const fn signature(&self) -> &'static str {
        self.sig
    }
    /// Its sentence.
    pub const fn about(&self) -> &'static str {
        self.doc
    }
    /// How it is called.
    pub const fn kind(&self) -> RowKind {
        self.kind
    }
    /// Whether it is bound in `lang`, one of [`PERL`], [`LUA`].
    pub const fn is_for(&self, lang: u8) -> bool {
        self.langs & lang != 0
    }
    /// Whether it is bound in Lua alone.
    pub const fn is_lua_only(&self) -> bool {
        self.langs == LUA
    }
    /// Whether something must hold when it is called.
    #[inline(always)]
    pub(crate) const fn is_needy(&self) -> bool {
        self.flags & NEEDS != 0
    }
    /// What must hold when it is called, or set.
    pub const fn needed(&self) -> &'static [&'static Need] {
        self.needs
    }
    /// What it gives back, for docs/api.md.
    pub const fn result(&self) -> &'static str {
        self.result
    }
    /// Whether script code may run before it returns.
    pub const fn reenters(&self) -> bool {
        self.flags & REENTERS != 0
    }
    /// Its parameters, the invocant included.
    pub fn params(&self) -> &'static [Param] {
        // SAFETY: pointer and length are those of the &'static table given to `new`.
        unsafe { std::slice::from_raw_parts(self.params, self.nparams as usize) }
    }
    pub(crate) fn has_this(&self) -> bool {
        self.has_this
    }
    /// What the signature calls parameter `i`; empty for fields and invocants.
    pub fn param_name(&self, i: usize) -> &'static str {
        let before = self.params().iter().take(i).filter(|p| p.kind != Kind::Want).count();
        let Some(n) = before.checked_sub(self.has_this as usize) else { return "" };
        let Some((_, list)) = self.sig.split_once('(') else { return "" };
        list.trim_end_matches(')').split(',').nth(n).unwrap_or("").trim().trim_matches(&['[', ']', '@'][..])
    }
}

#[cfg(test)]
impl Row {
    pub(crate) const OFFSETS: &[(&str, usize)] = &[
        ("mi_row, params", std::mem::offset_of!(Row, params)),
        ("mi_row, nparams", std::mem::offset_of!(Row, nparams)),
        ("mi_row, min", std::mem::offset_of!(Row, min)),
        ("mi_row, max", std::mem::offset_of!(Row, max)),
        ("mi_row, flags", std::mem::offset_of!(Row, flags)),
        ("mi_row, has_this", std::mem::offset_of!(Row, has_this)),
    ];
}
