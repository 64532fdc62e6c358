//! `modinterp convert`: from the conf file of a Net::Server to the lines of httpd's that equal it.
//!
//! | file | what it has |
//! |---|---|
//! | [`keys`], `values` | THE table of Net::Server's keys and what becomes of each; values as httpd has them |
//! | [`conf`], `settings` | conf files and command lines as Net::Server reads them; what they come to |
//! | [`listen`], [`personality`], [`access`] | what several keys say together: ports, interpreters, who may connect |
//! | [`program`] | the program that serves the connections |
//! | [`block`], [`remark`] | the lines that are printed, and what is said of a key |

mod access;
mod block;
mod conf;
mod keys;
mod listen;
mod personality;
mod program;
mod remark;
mod settings;
mod values;

use std::process::ExitCode;

pub use personality::Personality;

use crate::cli::Convert;
use crate::{FOUND, Outcome, httpd};
use block::Block;
use conf::{At, Given, Word};
use program::Program;
use remark::{Kind, Remark};
use settings::Settings;

/// Prints the lines and what is to be said of them, and has httpd look at them if that is wanted.
pub fn run(options: &Convert) -> Outcome {
    let mut remarks = Vec::new();
    let words = conf::read(&options.conf, &mut remarks)?;
    let program = Program::of(options)?;
    let text = printed(options, &program, &words, &mut remarks);
    print!("{text}");
    for remark in &remarks {
        eprintln!("{remark}");
    }
    let is_refused = remarks.iter().any(|remark| remark.kind == Kind::Refused);
    let is_wrong = options.check && !httpd::takes(&text, options.httpd.as_deref(), options.module.as_deref())?;
    Ok(if is_refused || is_wrong { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

fn printed(options: &Convert, program: &Program, words: &[Word], remarks: &mut Vec<Remark>) -> String {
    let argument = |text: &String| Word { text: text.clone(), at: At::CommandLine };
    let arguments: Vec<Word> = options.arguments.iter().map(argument).collect();
    let (settings, unknown) = Settings::of(&arguments, words, &options.own);
    let (arguments, unknown): (Vec<Given>, Vec<Given>) =
        unknown.into_iter().partition(|given| given.at == At::CommandLine);
    for Given { key, value, at } in unknown {
        let name = key.trim_start_matches("--");
        let text = match keys::almost(name) {
            Some(other) => format!("Net::Server has no such key: {other}?"),
            None => format!("Net::Server has no such key; if the program has it: --own {name}"),
        };
        remarks.push(Remark::of(Kind::Unknown, &key, &value, &at, text));
    }
    if program.is_unknown() {
        let text = "no program was named: --class My::Server or --program /usr/sbin/server";
        remarks.push(Remark::of(Kind::Unknown, "PerlNetServer", program::NOBODYS, &At::CommandLine, text));
    }
    let personality = options
        .personality
        .or_else(|| personality::inherited(&program.text))
        .unwrap_or_else(|| personality::told_by(&settings));
    let addresses = listen::addresses(&settings, personality.default_port(), &listen::Names::OF_MACHINE, remarks);
    let block = Block {
        source: options.conf.display().to_string(),
        program,
        class: options.name.clone().unwrap_or_else(|| program.short_name()),
        personality,
        settings: &settings,
        addresses,
        arguments: arguments.into_iter().map(|given| given.key).collect(),
        switches: program.switches(&options.include),
    };
    block.print(remarks)
}

#[cfg(test)]
mod tests;
