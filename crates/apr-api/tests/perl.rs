//! The rows as Perl sees them: `apr.pl` beside this file, in a parent and in a clone of it, without httpd.
#![allow(clippy::unwrap_used, missing_docs)]

use apr::{Pool, Table};
use apr_api::Owns;
use interp::*;
use interp_perl::{Perl, Start};
use std::path::Path;

#[link(name = "perl")]
unsafe extern "C" {}
#[link(name = "apr-1")]
unsafe extern "C" {}
#[link(name = "aprutil-1")]
unsafe extern "C" {}

/// What no class of APR has: the remaining kinds of parameters and results.
static TEST: Class = Class::new(
    "APR::Test",
    &[
        function("table(pool)", |p: Obj<Pool>| p.owns(Table::new(&p, 3))).doc("A table."),
        function("stale()", stale).doc("A table whose owner is gone."),
        function("hash()", hash).doc("A hash with an array in it."),
        function("strings(list)", |s: Strings| s.iter().collect::<Vec<_>>().join(&b',')).doc("Joins them."),
        function("handlers(list)", |h: HandlerArgs| Array(h.keep())).doc("Keeps them and gives them back."),
        function("maybe([a], [b])", maybe).doc("What was given."),
        function("autoflush()", |f: Autoflush| f.0).doc("Whether the selected handle flushes itself."),
    ],
);

fn stale() -> Owned<Table> {
    let owner = Ticket::new_owner();
    let table = Owned::by(Table::new(Pool::root().unwrap(), 3), owner);
    owner.void();
    table
}
fn hash() -> Hash<Either<i64, Array<i64>>> {
    Hash(vec![(b"a".to_vec(), Either::A(1)), (b"b".to_vec(), Either::B(Array(vec![1, 2])))])
}
fn maybe(a: Option<i64>, b: Option<Maybe<&[u8]>>) -> String {
    let b = match b {
        None => "left out",
        Some(Maybe(None)) => "undef",
        Some(Maybe(Some(_))) => "text",
    };
    format!("{a:?} {b}")
}

fn run(perl: &Perl, code: &[u8]) -> String {
    let result = perl.enter().run_text(code, None);
    result.map_or_else(|e| format!("raised: {e}"), |t| String::from_utf8_lossy(&t).into_owned())
}

#[test]
fn the_rows_behave_in_perl_and_a_clones_end_harms_nothing() {
    Pool::initialize().unwrap();
    register(&[apr_api::CLASSES, &[&TEST]], &[apr_api::CONSTS]);
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lib");
    let start = Start { argv0: b"test", switches: &[], lib: Some(&lib), main: true, ..Start::default() };
    let parent = Perl::start(&start).unwrap();
    let result = run(&parent, include_bytes!("apr.pl"));
    assert!(result.ends_with(" checks, 0 failed"), "{result}");

    let clone = parent.duplicate().unwrap();
    assert_eq!(run(&clone, b"APR::Table::make($main::pool, 3)->set('a', 'b'); $main::table->{Foo}"), "bar");
    drop(clone);
    assert_eq!(
        run(&parent, b"$main::table->{Foo}"),
        "bar",
        "the clone's copy of the pool object must not end the pool"
    );
}
