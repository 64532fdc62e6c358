//! `ModInterp::Jobs`: handlers that run at times of their own. Ours alone; mod_perl has no such class.

use super::host::host;
use interp::*;

/// Its rows.
pub static JOBS: Class = Class::new(
    "ModInterp::Jobs",
    &[
        class_method("add(line)", |_class: ClassName, line: &[u8]| host()?.jobs.add(line)).doc(
            "Adds a job, as a line PerlJob or LuaJob with these words does: while the server starts, from its start-up code. It runs in the parent of the interpreters whose start-up code this is.",
        ),
        class_method("names()", |_class: ClassName| {
            Ok::<_, Fail>(List(host()?.jobs.names()?.into_iter().map(String::into_bytes).collect::<Vec<_>>()))
        })
        .doc("The names of the jobs of this language."),
        class_method("figures(name)", figures).doc(
            "What is known of a job, as a list for a hash: runs, failed, going; of its last run last_began (seconds since 1970), last_took (seconds), last_status (a number, or signal and its number). Since the server's last start or restart; empty if there is no such job.",
        ),
        class_method("last(name)", |_class: ClassName, name: &[u8]| {
            Ok::<_, Fail>(List(host()?.jobs.last(name)?.into_iter().map(String::into_bytes).collect::<Vec<_>>()))
        })
        .doc("The last eight runs of a job that have ended, the newest first: when it began, how long it took and how it ended, with spaces between."),
    ],
)
.doc("Jobs, and how their last runs ended.");

fn figures(_class: ClassName, name: &[u8]) -> Result<List<Vec<u8>>> {
    let figures = host()?.jobs.figures(name)?;
    Ok(List(figures.into_iter().flat_map(|(name, figure)| [name.as_bytes().to_vec(), figure.into_bytes()]).collect()))
}
