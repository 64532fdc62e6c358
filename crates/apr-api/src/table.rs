//! `APR::Table`: ordered, case-insensitive, several values per key.

use crate::Owns;
use apr::{Overlap, Pool, Table};
use interp::*;

/// Its rows.
pub static TABLE: Class = Class::of::<Table>(&[
    method("get(key)", get).doc("First value of a key; all of them in list context."),
    method("set(key, value)", Table::set).doc("Replaces all values of a key."),
    method("add(key, value)", Table::add).doc("Adds a value, keeps the others."),
    method("merge(key, value)", Table::merge).doc("Appends to the value of a key, with a comma, or adds it."),
    method("unset(key)", Table::unset).doc("Removes all values of a key."),
    method("clear()", Table::clear).doc("Removes everything."),
    method("copy(pool)", |t: &Table, pool: Obj<Pool>| pool.owns(t.copy(&pool))).doc("A copy that lives in `pool`."),
    method("overlay(table, pool)", |t: &Table, over: &Table, pool: Obj<Pool>| pool.owns(t.overlay(over, &pool)))
        .doc("A new table with the entries of both; those of `table` come first."),
    method("overlap(table, flags)", |t: &Table, other: &Table, flags: i32| t.overlap(other, overlap_of(flags)))
        .doc("Takes in the entries of `table`; `flags` says what becomes of keys in both."),
    method("compress(flags)", |t: &Table, flags: i32| t.compress(overlap_of(flags)))
        .doc("Makes one entry of all that share a key."),
    method("do(sub, @keys)", each)
        .lua("each")
        .doc("Calls `sub` with each key and value, of all keys or those named, until it returns false."),
    function("make(pool, size)", |pool: Obj<Pool>, size: i32| pool.owns(Table::new(&pool, size.max(1) as usize)))
        .doc("A new table in a pool, with room for `size` entries."),
])
.parts(&[&TIED, &IN_LUA])
.called("table")
.shape(Shape::Tied)
.doc("Ordered strings by case-insensitive key, such as headers.");

/// The interface of a tied hash.
static TIED: Part = Part::new(
    "APR::Table",
    &only(
        PERL,
        [
            method("FETCH(key)", fetch).doc("Value of a key; while each() runs, that of the entry it stands at."),
            method("STORE(key, value)", Table::set).doc("Replaces all values of a key."),
            method("DELETE(key)", Table::unset).doc("Removes all values of a key; returns nothing."),
            method("CLEAR()", Table::clear).doc("Removes everything."),
            method("EXISTS(key)", |t: &Table, key: &[u8]| t.get(key).is_some()).doc("Whether a key has a value."),
            method("FIRSTKEY()", first_key).doc("First key."),
            method("NEXTKEY(last)", next_key).doc("Next key; one with several values comes as often."),
        ],
    ),
);

/// How a table of the language is used: `t.Host`, `t["X"] = "y"`, `t.X = nil`, `pairs(t)`.
static IN_LUA: Part = Part::lua(&only(
    LUA,
    [
        method("__index(key)", first).doc("First value of a key."),
        method("__newindex(key, [value])", set).doc("Replaces all values of a key; nil removes them."),
        method("__pairs(number)", entry)
            .doc("Key and value of an entry, by its number from 0; nothing behind the last."),
    ],
));

fn first<'t>(t: &'t Table, key: &[u8]) -> Option<&'t [u8]> {
    t.get(key)
}

/// The end of a line within a header would begin another header.
fn set(t: &Table, key: &[u8], value: Option<&[u8]>) {
    let Some(value) = value else { return t.unset(key) };
    let has_lines = value.contains(&b'\n');
    if has_lines && RUNTIME.get().is_none_or(|runtime| runtime.makes_one_line(t, key)) {
        let line: Vec<_> = value.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
        return t.set(key, &line);
    }
    t.set(key, value);
}

/// The number counts at most as many entries as there are, whatever a script passes.
fn entry(t: &Table, number: i64) -> List<Vec<u8>> {
    let entry = usize::try_from(number).ok().and_then(|n| t.entry(n));
    List(entry.map_or(Vec::new(), |(key, value)| vec![key.to_vec(), value.to_vec()]))
}

fn get<'t>(t: &'t Table, key: &'t [u8], want: Want) -> FirstOrAll<&'t [u8]> {
    match want {
        Want::Many => FirstOrAll::All(t.get_all(key).collect()),
        _ => FirstOrAll::First(t.get(key)),
    }
}

/// The script may change the table while we walk it: nothing borrowed from it lives across a call.
fn each(t: Obj<Table>, sub: Callable, keys: Rest) -> Result<i64> {
    let mut i = 0;
    while let Some((key, value)) = t.entry(i).map(|(k, v)| (k.to_vec(), v.to_vec())) {
        i += 1;
        if !keys.is_empty() && !keys.iter().any(|k| k.eq_ignore_ascii_case(&key)) {
            continue;
        }
        if !sub.call(&[key[..].val(Ticket::FOREVER), value[..].val(Ticket::FOREVER)])?.truth() {
            break;
        }
        t.alive()?;
    }
    Ok(1)
}

/// While `each` runs, gives the value that stands beside the key, so that the second value of a key is seen, too.
fn fetch<'t>(t: Cursor<'t, Table>, key: &[u8]) -> Option<&'t [u8]> {
    match t.pos().checked_sub(1).and_then(|at| t.object().entry(at as usize)) {
        Some((k, v)) if k.eq_ignore_ascii_case(key) => Some(v),
        _ => t.object().get(key),
    }
}
fn first_key(t: Cursor<'_, Table>) -> Option<&[u8]> {
    seek(t, 0)
}
fn next_key<'t>(t: Cursor<'t, Table>, _last: &[u8]) -> Option<&'t [u8]> {
    let next = t.pos();
    seek(t, next)
}
/// The position is that behind the entry; 0 when no walk is on, as the engine relies on.
fn seek(t: Cursor<'_, Table>, i: u32) -> Option<&[u8]> {
    let entry = t.object().entry(i as usize);
    t.set_pos(if entry.is_some() { i.saturating_add(1) } else { 0 });
    entry.map(|(k, _)| k)
}

/// `APR::Const::OVERLAP_TABLES_MERGE` is 1; anything else replaces.
fn overlap_of(flags: i32) -> Overlap {
    if flags & apr::ffi::APR_OVERLAP_TABLES_MERGE as i32 != 0 { Overlap::Merge } else { Overlap::Set }
}
