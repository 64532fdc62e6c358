//! The command `modinterp`, which stands beside the module: it prints httpd's lines for another server's configuration, and talks to
//! a running httpd.
//!
//! It knows files, httpd as a command, and the answers of a server; it must never know the module's own code. What it prints are
//! directives of `config`'s tables, as a unit test sees to.
#![forbid(unsafe_code)]

mod cli;
mod convert;
mod httpd;
mod scale;
mod server;
mod words;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// What a run has come to; a message goes to standard error.
type Outcome = Result<ExitCode, String>;

/// Something is to be looked at.
const FOUND: u8 = 1;
/// It could not be done at all; clap's for wrong options, too.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Convert(options) => convert::run(&options),
        Command::Scale(options) => scale::run(&options),
        Command::Status(server) => scale::status(&server),
    };
    outcome.unwrap_or_else(|message| {
        eprintln!("modinterp: {message}");
        ExitCode::from(FAILED)
    })
}
