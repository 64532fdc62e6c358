//! Tests that `interp.h` and the `repr(C)` types agree: the C compiler asserts the sizes and offsets that Rust has measured.

use crate::{door::RustSide, home::Dropped, *};
use std::{
    fmt::Write as _,
    io::Write as _,
    mem::offset_of,
    process::{Command, Stdio},
};

#[test]
fn interp_h_agrees_with_the_rust_side() {
    let mut c = String::from("#include \"interp.h\"\n");
    let mut same = |what: &str, n: usize| {
        let _ = writeln!(c, "_Static_assert({what} == {n}, \"{what} is {n} in Rust\");");
    };

    macro_rules! record {
        ($rust:ident = $c:literal: $($field:ident $cname:literal),*) => {
            $(same(&format!("offsetof({}, {})", $c, $cname), offset_of!($rust, $field));)*
        };
    }
    record!(Val = "mi_val": tag "tag", flags "flags", pad "pad", generation "gen", w "u", len "a", slot "slot");
    record!(Call = "mi_call": row "row", home "home", ctx "ctx", want "want", argc "argc", rest "rest", nrest "nrest", args "args");
    record!(Ops = "mi_ops": call "call", keep "keep", put "put", room "room", fill "fill", bag "bag", bag_set "bag_set", bag_get "bag_get", find "find", text "text", bag_move "bag_move");
    record!(Dropped = "mi_drop": value "value", arg "arg", call "call", apart "apart");
    record!(Param = "mi_param": class "klass", kind "kind", optional "optional", elem "elem", reenters "reenters", nullable "nullable");
    for (name, n) in ["name", "name_len", "id", "shape"].iter().zip(ObjectClass::OFFSETS) {
        same(&format!("offsetof(mi_class, {name})"), n);
    }
    for (name, n) in Home::OFFSETS.iter().chain(Row::OFFSETS).chain(RustSide::OFFSETS).chain(&Process::OFFSETS) {
        same(&format!("offsetof({name})"), *n);
    }
    for (name, n) in [
        ("mi_val", size_of::<Val>()),
        ("mi_call", size_of::<Call>()),
        ("mi_param", size_of::<Param>()),
        ("mi_ops", size_of::<Ops>()),
        ("mi_drop", size_of::<Dropped>()),
        ("mi_slot", size_of::<TicketSlot>()),
        ("mi_rust", size_of::<RustSide>()),
    ] {
        same(&format!("sizeof({name})"), n);
    }
    for (name, kind) in [
        ("NONE", Kind::None),
        ("UNDEF", Kind::Undef),
        ("INT", Kind::Int),
        ("NUM", Kind::Num),
        ("BOOL", Kind::Bool),
        ("BYTES", Kind::Bytes),
        ("OBJ", Kind::Obj),
        ("ANY", Kind::Any),
        ("CODE", Kind::Code),
        ("OUT", Kind::Out),
        ("REST", Kind::Rest),
        ("WANT", Kind::Want),
        ("NAME", Kind::Name),
        ("LIST", Kind::List),
        ("DUAL", Kind::Dual),
        ("KEPT", Kind::Kept),
        ("THIS", Kind::This),
        ("ARRAY", Kind::Array),
        ("HASH", Kind::Hash),
        ("CODES", Kind::Codes),
        ("AUTOFLUSH", Kind::Autoflush),
        ("PLACE", Kind::Place),
        ("FIELDS", Kind::Fields),
        ("PLAIN", Kind::Plain),
    ] {
        same(&format!("MI_{name}"), kind as usize);
    }
    for (name, n) in
        [("TAINTED", TAINTED), ("OWNED", OWNED), ("TRUE", TRUE), ("HOLDS", HOLDS), ("REF", REF), ("FIRST", FIRST)]
    {
        same(&format!("MI_{name}"), n.into());
    }
    for (name, n) in [
        ("REENTERS", crate::row::REENTERS),
        ("CURRENT", crate::row::CURRENT),
        ("ENDING", crate::row::ENDING),
        ("LOOSE", crate::row::LOOSE),
        ("ANYWHERE", crate::row::ANYWHERE),
        ("MANY", crate::row::MANY),
    ] {
        same(&if name == "MANY" { "MI_MANY".into() } else { format!("MI_F_{name}") }, n.into());
    }
    same("MI_LONG", crate::LONG);
    for (name, w) in [("VOID", crate::Want::Void), ("ONE", crate::Want::One), ("LIST", crate::Want::Many)] {
        same(&format!("MI_WANT_{name}"), w as usize);
    }

    let mut cc = Command::new("cc")
        .args(["-fsyntax-only", "-x", "c", "-I", env!("CARGO_MANIFEST_DIR"), "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a C compiler");
    cc.stdin.take().unwrap().write_all(c.as_bytes()).unwrap();
    let out = cc.wait_with_output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}
