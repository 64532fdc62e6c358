//! `ModInterp::Databases`: what `ModInterp::DBPool`, which has the handles, asks of the pools of `PerlDBPool`. Ours alone; scripts call
//! `DBI->connect`.

use super::host::{Found, host};
use interp::*;
use std::time::Duration;

/// Its rows.
pub static DATABASES: Class = Class::new(
    "ModInterp::Databases",
    &[
        class_method("find(source)", find).only(PERL).doc(
            "The pool in which a call here has its connections to a data source: its number, a number of the request or connection that the \
             call is about, the seconds after which an idle connection is asked whether it answers and those after which it is closed, -1 for \
             never. Empty where no PerlDBPool fits, and outside of requests and connections.",
        ),
        class_method("at_end(code)", |_class: ClassName, code: HandlerArg| {
            host()?.databases.at_end(code.keep_value())
        })
            .only(PERL)
            .doc("Calls code when the request, with all that it has set off, or else the connection is over."),
        class_method("take(pool, closer, [has])", take).only(PERL).doc(
            "A place for a connection that is about to be opened, where the closer's interpreter may have had another one, which it is to close \
             first; None if there is none. With the number of connections that the caller has it waits for one, and throws an error if none comes \
             free. closer is called when the place is wanted by others while the connection is idle.",
        ),
        class_method("again(pool, place)", |_class: ClassName, pool: i64, place: i64| {
            Ok::<_, Fail>(host()?.databases.again(number(pool), number(place)))
        })
        .only(PERL)
        .doc("Takes the place of an idle connection of this interpreter again; false if others have it now, and the connection is to be closed."),
        class_method("back(pool, place)", |_class: ClassName, pool: i64, place: i64| {
            host()?.databases.back(number(pool), number(place));
            Ok::<_, Fail>(())
        })
        .only(PERL)
        .doc("No request has the connection any longer, which stays open."),
        class_method("closed(pool, place)", |_class: ClassName, pool: i64, place: i64| {
            host()?.databases.closed(number(pool), number(place));
            Ok::<_, Fail>(())
        })
        .only(PERL)
        .doc("The connection is closed, or was not opened: others may have its place."),
        class_method("wanted(pool)", |_class: ClassName, pool: i64| {
            Ok::<_, Fail>(host()?.databases.is_wanted(number(pool)))
        })
        .only(PERL)
        .doc("Whether anybody waits for a place."),
        class_method("figures()", figures).only(PERL).doc(
            "Names and figures of the pools that this process has used, as a list for a hash: of each its data source, then the name of the class \
             or server, then max, busy, idle, closing, waiting, waits or timeouts.",
        ),
    ],
)
.doc("The pools of PerlDBPool, as ModInterp::DBPool uses them.");

/// What no pool and no place has.
fn number(n: i64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn find(_class: ClassName, source: &[u8]) -> Result<List<Either<i64, f64>>> {
    let Some(Found { pool, turn, ping, idle }) = host()?.databases.find(source) else { return Ok(List(Vec::new())) };
    let seconds = |time: Option<Duration>| Either::B(time.map_or(-1.0, |time| time.as_secs_f64()));
    Ok(List(vec![Either::A(pool as i64), Either::A(turn as i64), seconds(ping), seconds(idle)]))
}

fn take(_class: ClassName, pool: i64, closer: HandlerArg, has: Option<i64>) -> Result<Option<i64>> {
    let place = host()?.databases.take(number(pool), closer.keep_value(), has.map(number))?;
    Ok(place.map(|place| place as i64))
}

fn figures(_class: ClassName) -> Result<List<Vec<u8>>> {
    let figures = host()?.databases.doing();
    Ok(List(figures.iter().flat_map(|(name, n)| [name.as_bytes().to_vec(), n.to_string().into_bytes()]).collect()))
}
