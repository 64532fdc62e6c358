//! Makes rows of functions: the parameters' table, how many arguments there must be, and the thunk come from the function's own
//! signature, which the text must fit.

use crate::{
    ApiFn, Kind, LUA, PERL, Param, Row, RowKind,
    row::{CURRENT, MANY, REENTERS},
};

/// Field of an object that is only read.
pub const fn ro<F: ApiFn<S>, S>(name: &'static str, _get: F) -> Row {
    row::<F, S>(RowKind::Ro, name, true)
}
/// Field that can be set; a Perl call that sets returns the old value.
pub const fn rw<G: ApiFn<S>, S, P: ApiFn<T>, T>(name: &'static str, _get: G, _set: P) -> Row {
    let set = row::<P, T>(RowKind::Rw, name, true);
    assert!(
        G::PARAMS.len() == 1 && P::PARAMS.len() == 2,
        "a field's functions take the object, and the object and a value"
    );
    Row { thunk: G::THUNK, set: Some(P::THUNK), min: 1, result: G::RESULT, ..set }
}
/// Called on an object.
pub const fn method<F: ApiFn<S>, S>(sig: &'static str, _f: F) -> Row {
    row::<F, S>(RowKind::Method, sig, true)
}
/// Called on the class; the function's first parameter is its name.
pub const fn class_method<F: ApiFn<S>, S>(sig: &'static str, _f: F) -> Row {
    row::<F, S>(RowKind::ClassMethod, sig, true)
}
/// Plain function of the package.
pub const fn function<F: ApiFn<S>, S>(sig: &'static str, _f: F) -> Row {
    row::<F, S>(RowKind::Function, sig, false)
}

/// Rows that are also called on the class, when it has a current object: `Apache2::RequestRec->status`.
pub const fn current<const N: usize>(mut rows: [Row; N]) -> [Row; N] {
    let mut i = 0;
    while i < N {
        rows[i].flags |= CURRENT;
        i += 1;
    }
    rows
}
/// Rows that are bound only in these languages ([`PERL`], [`LUA`]).
pub const fn only<const N: usize>(langs: u8, mut rows: [Row; N]) -> [Row; N] {
    let mut i = 0;
    while i < N {
        rows[i] = rows[i].only(langs);
        i += 1;
    }
    rows
}

const fn row<F: ApiFn<S>, S>(kind: RowKind, sig: &'static str, has_this: bool) -> Row {
    let p = F::PARAMS;
    let (mut min, mut max, mut i, mut flags) = (0u8, 0u8, 0, 0);
    while i < p.len() {
        match p[i].kind {
            Kind::Want => {}
            Kind::Rest => max = MANY,
            _ => {
                assert!(max != MANY, "nothing can follow the remaining arguments");
                max += 1;
                if !p[i].optional {
                    assert!(min == max - 1, "a parameter behind an optional one must be optional");
                    min = max;
                }
            }
        }
        if p[i].reenters {
            flags |= REENTERS;
        }
        i += 1;
    }
    assert!(!has_this || min > 0, "the first parameter is the invocant");
    let (names, optional) = words(sig);
    if names != u8::MAX {
        let count = if max == MANY { fixed(p) + 1 } else { max } - has_this as u8;
        assert!(names == count, "signature text and function differ in the number of parameters");
        let may_be_left_out = if max == MANY { fixed(p) } else { max } - min;
        assert!(optional == may_be_left_out, "signature text and function differ in which parameters are optional");
    }
    Row {
        params: p.as_ptr(),
        nparams: p.len() as u8,
        min,
        max,
        flags,
        has_this,
        kind,
        langs: PERL | LUA,
        thunk: F::THUNK,
        set: None,
        needs: &[],
        sig,
        lua: "",
        doc: "",
        result: F::RESULT,
    }
}

/// Parameters that take one argument each.
const fn fixed(p: &[Param]) -> u8 {
    let (mut n, mut i) = (0, 0);
    while i < p.len() {
        if !matches!(p[i].kind, Kind::Want | Kind::Rest) {
            n += 1;
        }
        i += 1;
    }
    n
}

/// Words and brackets in a signature; `u8::MAX` words for a field, which has no list.
const fn words(sig: &str) -> (u8, u8) {
    let b = sig.as_bytes();
    let (mut i, mut n, mut optional, mut inside, mut word) = (0, 0, 0, false, false);
    while i < b.len() {
        match b[i] {
            b'(' => inside = true,
            b',' | b')' => {
                if word {
                    n += 1;
                }
                word = false;
            }
            b'[' => optional += 1,
            c if inside && c.is_ascii_alphanumeric() => word = true,
            _ => {}
        }
        i += 1;
    }
    if inside { (n, optional) } else { (u8::MAX, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_counted_in_words_and_brackets() {
        assert_eq!(words("read(buffer, length, [offset])"), (3, 1));
        assert_eq!(words("do(sub, @keys)"), (2, 0));
        assert_eq!(words("clear()"), (0, 0));
        assert_eq!(words("status"), (u8::MAX, 0));
    }
}
