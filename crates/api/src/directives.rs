//! `ModInterp::Directives`: what `Apache2::Module::add` and `get_config` are made of, in `lib/ModInterp/Directives.pm`. Ours alone.

use super::host::host;
use apr::Pool;
use httpd::made::{self, Made, MadeCommand};
use httpd::{ConfVector, Server};
use interp::*;
use std::sync::Arc;

/// Its rows.
pub static DIRECTIVES: Class = Class::new(
    "ModInterp::Directives",
    &[
        function("make(package, merges, commands)", make)
            .only(PERL)
            .doc("Makes a module of httpd's with directives, each of them six strings, and gives the module's number."),
        function("number(module, server, [vector])", number)
            .only(PERL)
            .doc("The number of what such a module keeps with a server, or with the section of a vector; undef if that is nothing."),
        function("steps(module, server, [vector])", steps)
            .only(PERL)
            .doc("How that is merged of others, as a list of numbers: the result, the outer one, the inner one, 1 if they are a server's, else 0; and so on."),
        function("request_pool()", request_pool)
            .only(PERL)
            .doc("The pool of the request that this call is about; undef if it is about none."),
    ],
)
.doc("Directives in Perl.");

/// How many strings say what a directive is: name, how, places, usage, function, and the data behind a `=`, or nothing.
const EACH: usize = 6;

fn make(package: &[u8], merges: bool, commands: Rest) -> Result<i32> {
    let words: Vec<&[u8]> = commands.iter().collect();
    let (all, rest) = words.as_chunks::<EACH>();
    if !rest.is_empty() {
        return Err(format!("{EACH} strings are wanted for each directive").into());
    }
    let number = |word: &[u8]| {
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
        number.ok_or_else(|| Fail::from(format!("\"{}\" is not a number", word.escape_ascii())))
    };
    let commands: Result<Vec<MadeCommand<'_>>> = all
        .iter()
        .map(|[name, how, places, usage, function, data]| {
            let (how, places) = (number(how)?, number(places)?);
            Ok(MadeCommand { name, how, places, usage, function, data: data.strip_prefix(b"=") })
        })
        .collect();
    host()?.config.make_module(package, merges, &commands?)
}

fn find(module: i32, server: &Server, vector: Option<&ConfVector>) -> Option<Arc<Made>> {
    made::find(module, vector.or_else(|| server.module_config())?)
}

fn number(module: i32, server: &Server, vector: Option<&ConfVector>) -> Option<i64> {
    find(module, server, vector).map(|made| made.number)
}

fn steps(module: i32, server: &Server, vector: Option<&ConfVector>) -> List<i64> {
    fn add(made: &Made, steps: &mut Vec<i64>) {
        if let Some((outer, inner)) = &made.merged {
            add(outer, steps);
            add(inner, steps);
            steps.extend([made.number, outer.number, inner.number, i64::from(made.is_of_server)]);
        }
    }
    let mut steps = Vec::new();
    find(module, server, vector).iter().for_each(|made| add(made, &mut steps));
    List(steps)
}

fn request_pool() -> Result<Option<Owned<Pool>>> {
    host()?.config.request_pool()
}
