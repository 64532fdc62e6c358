//! The program that serves the connections: a class, or a file.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::cli::Convert;
use crate::words::word;

/// What stands for a program that nobody has named.
pub const NOBODYS: &str = "My::Server";

/// The program.
#[derive(Debug, Default)]
pub struct Program {
    /// The file, where it is not a class.
    file: Option<PathBuf>,
    /// The class; of a file the last that it begins before it says `run`, or main.
    class: String,
    call: Option<String>,
    is_named: bool,
    /// What is written in it, as far as it can be read.
    pub text: String,
}

impl Program {
    /// The one that the options name; asked for on a terminal.
    ///
    /// # Errors
    /// The file cannot be read; the name is none of a class.
    pub fn of(options: &Convert) -> Result<Program, String> {
        let mut program = Program { call: options.call.clone(), is_named: true, ..Program::default() };
        let named = match (&options.program, &options.class) {
            (Some(file), _) => file.display().to_string(),
            (None, Some(class)) => class.clone(),
            (None, None) => asked()?,
        };
        if named.is_empty() {
            return Ok(Program { class: NOBODYS.into(), is_named: false, ..program });
        }
        if options.program.is_some() || named.contains(['/', '.']) {
            let file = Path::new(&named);
            let whole = file.canonicalize().map_err(|why| format!("{named}: {why}"))?;
            let text = std::fs::read(&whole).map_err(|why| format!("{named}: {why}"))?;
            program.text = String::from_utf8_lossy(&text).into_owned();
            program.class = package(&program.text);
            program.file = Some(whole);
        } else {
            if !named.split("::").all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
            {
                return Err(format!("--class {named}: is no name of a class"));
            }
            let file = format!("{}.pm", named.replace("::", "/"));
            let found = options.include.iter().find_map(|folder| std::fs::read(folder.join(&file)).ok());
            program.text = found.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
            program.class = named;
        }
        Ok(program)
    }

    /// Whether nobody has said which.
    pub fn is_unknown(&self) -> bool {
        !self.is_named
    }

    /// The first words of `PerlNetServer`.
    pub fn words(&self) -> Vec<String> {
        let name = self.file.as_ref().map_or_else(|| self.class.clone(), |file| word(&file.display().to_string()));
        std::iter::once(name).chain(self.call.as_ref().map(|sub| word(&format!("call={sub}")))).collect()
    }

    /// A name for what belongs to it.
    pub fn short_name(&self) -> String {
        let stem = self.file.as_ref().and_then(|file| file.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
        let name = stem.unwrap_or_else(|| self.class.replace("::", "-")).to_lowercase();
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' }).collect()
    }

    /// The switches of its interpreters: where it finds its modules, and taint checks, if its first line asks for them.
    pub fn switches(&self, include: &[PathBuf]) -> Vec<String> {
        let first = self.text.lines().next().filter(|line| line.starts_with("#!") && line.contains("perl"));
        let mut switches =
            first.map_or("", |line| line.split_once("perl").map_or("", |(_, behind)| behind)).split_whitespace();
        let has_taint =
            switches.any(|switch| switch.starts_with('-') && !switch.starts_with("--") && switch.contains('T'));
        let folder =
            |folder: &PathBuf| word(&format!("-I{}", folder.canonicalize().as_ref().unwrap_or(folder).display()));
        has_taint.then(|| "-T".to_owned()).into_iter().chain(include.iter().map(folder)).collect()
    }
}

/// The package that a file's program is in: the one that `run` or `@ISA` is written in, as far as a look can tell.
fn package(text: &str) -> String {
    let mut package = "main";
    for line in text.lines().map(str::trim_start) {
        if let Some(name) = line.strip_prefix("package ") {
            package = name
                .trim_start()
                .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .next()
                .unwrap_or("main");
        }
        let is_begun = (line.starts_with("use ") || line.contains("@ISA")) && line.contains("Net::Server");
        if is_begun {
            break;
        }
    }
    package.into()
}

/// An answer from the terminal; empty where there is none, or nobody answers.
fn asked() -> Result<String, String> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(String::new());
    }
    eprint!("The program's class, or its file (such as My::Server, /usr/sbin/server): ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|why| format!("no answer: {why}"))?;
    Ok(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_its_package_and_its_switches() {
        let text =
            "#!/usr/bin/perl -w -T\npackage Other;\npackage My::Server;\nuse base 'Net::Server';\npackage Later;\n";
        let program = Program { text: text.into(), class: package(text), ..Program::default() };
        assert_eq!(program.class, "My::Server");
        assert_eq!(program.switches(&["/nowhere/lib".into()]), ["-T", "-I/nowhere/lib"]);
        assert_eq!(program.short_name(), "my-server");
        assert_eq!(package("use base 'Net::Server';"), "main");
    }
}
