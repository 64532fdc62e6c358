//! `modinterp scale` and `modinterp status`: what a running server has, and what it is to have.

use std::process::ExitCode;

use crate::cli::{Scale, Server};
use crate::server::Answer;
use crate::{FOUND, Outcome};

/// Changes the number of a class. A number that could not be reached is a warning, and the status.
pub fn run(options: &Scale) -> Outcome {
    let mut fields = vec![("action", "scale"), ("class", &*options.class), ("n", &*options.number)];
    if options.keep {
        fields.push(("keep", "1"));
    }
    shown(&options.server.post(&fields)?)
}

/// Shows the server's figures.
pub fn status(server: &Server) -> Outcome {
    shown(&server.get()?)
}

fn shown(Answer { status, text }: &Answer) -> Outcome {
    if *status != 200 {
        return Err(format!("the server answers {status}: {}", first_words(text)));
    }
    let mut code = ExitCode::SUCCESS;
    for line in text.lines() {
        if line.starts_with("warning: ") {
            eprintln!("modinterp: {line}");
            code = ExitCode::from(FOUND);
        } else {
            println!("{line}");
        }
    }
    Ok(code)
}

/// The text of an error: httpd's own pages are HTML, whose first heading says it all.
fn first_words(text: &str) -> &str {
    let heading = text.split_once("<h1>").and_then(|(_, rest)| rest.split_once("</h1>"));
    heading.map_or_else(|| text.trim(), |(heading, _)| heading.trim())
}
