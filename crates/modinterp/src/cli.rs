//! The arguments of each command. Completions and the man page are made from this.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::convert::Personality;

/// Prints httpd's lines for another server's configuration, and talks to a running httpd.
#[derive(Debug, Parser)]
#[command(name = "modinterp", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints the httpd configuration that equals a Net::Server's conf file
    Convert(Convert),
}

/// `modinterp convert`
#[derive(Debug, Args)]
#[command(after_help = "\
The lines go to standard output. What has no equal, or is not a key of Net::Server's, is a comment there, and a line on standard error:
  FILE:LINE: KIND: what was written: what becomes of it
  unknown  not a key of Net::Server's            refused  cannot be had in httpd
  differs  means something else than was meant

Status 0: printed; 1: a key is refused, or httpd refuses the lines; 2: the file could not be read, or wrong options.")]
pub struct Convert {
    /// The conf file
    #[arg(value_name = "CONF")]
    pub conf: PathBuf,

    /// The program's class, such as My::Server; asked for on a terminal, where neither this nor --program is given
    #[arg(long, value_name = "CLASS", conflicts_with = "program")]
    pub class: Option<String>,

    /// The program, where it is a file
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,

    /// The sub that the program is started by, where loading it alone starts nothing
    #[arg(long, value_name = "SUB")]
    pub call: Option<String>,

    /// What the program inherits; else found in the program, or told by the keys of the file
    #[arg(long, value_name = "NAME", ignore_case = true)]
    pub personality: Option<Personality>,

    /// A key that is the program's own, given on to it; as often as you like
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub own: Vec<String>,

    /// Where the program finds its modules; as often as you like
    #[arg(short = 'I', value_name = "DIR")]
    pub include: Vec<PathBuf>,

    /// The name of the interpreter class; else that of the program
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Run `httpd -t` on what was printed
    #[arg(long)]
    pub check: bool,

    /// With --check: the httpd; else apache2 or httpd in the path
    #[arg(long, value_name = "FILE")]
    pub httpd: Option<PathBuf>,

    /// With --check: mod_interp.so; else beside this command, or among httpd's modules
    #[arg(long, value_name = "FILE")]
    pub module: Option<PathBuf>,

    /// What the program was started with on its command line: it comes before the file
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
}
