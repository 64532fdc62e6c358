//! The arguments of each command. Completions and the man page are made from this.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::convert::Personality;
use crate::words::unsayable;

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
    /// Changes how many interpreters a class has while the server runs
    Scale(Scale),
    /// Shows the interpreters of a running server, as JSON
    Status(Server),
}

/// A running server.
#[derive(Debug, Args)]
pub struct Server {
    /// Where the server has SetHandler interp-status; on this machine
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1/interp-status")]
    pub url: String,

    /// A socket of the system's that leads to the server, in place of the URL's host
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// The file of PerlInterpTokenFile or LuaInterpTokenFile
    #[arg(long, value_name = "FILE", default_value = "/etc/apache2/interp-token")]
    pub token_file: PathBuf,
}

/// `modinterp scale`
#[derive(Debug, Args)]
#[command(after_help = "Status 0: done; 1: done as far as it can be, with a warning; 2: not done.")]
pub struct Scale {
    /// The class, which has PerlClassInterpreters N total
    pub class: String,

    /// So many more (+1), fewer (-1), or exactly so many (=4), in all processes
    #[arg(value_name = "+N|-N|=N", allow_hyphen_values = true)]
    pub number: String,

    /// Keep the number when the server is restarted gracefully
    #[arg(long)]
    pub keep: bool,

    /// The server
    #[command(flatten)]
    pub server: Server,
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
    #[arg(value_name = "CONF", value_parser = sayable_path)]
    pub conf: PathBuf,

    /// The program's class, such as My::Server; asked for on a terminal, where neither this nor --program is given
    #[arg(long, value_name = "CLASS", conflicts_with = "program", value_parser = sayable)]
    pub class: Option<String>,

    /// The program, where it is a file
    #[arg(long, value_name = "FILE", value_parser = sayable_path)]
    pub program: Option<PathBuf>,

    /// The sub that the program is started by, where loading it alone starts nothing
    #[arg(long, value_name = "SUB", value_parser = sayable)]
    pub call: Option<String>,

    /// What the program inherits; else found in the program, or told by the keys of the file
    #[arg(long, value_name = "NAME", ignore_case = true)]
    pub personality: Option<Personality>,

    /// A key that is the program's own, given on to it; as often as you like
    #[arg(long, value_name = "KEY", value_delimiter = ',', value_parser = sayable)]
    pub own: Vec<String>,

    /// Where the program finds its modules; as often as you like
    #[arg(short = 'I', value_name = "DIR", value_parser = sayable_path)]
    pub include: Vec<PathBuf>,

    /// The name of the interpreter class; else that of the program
    #[arg(long, value_name = "NAME", value_parser = class_name)]
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
    #[arg(last = true, value_name = "ARGUMENTS", value_parser = sayable)]
    pub arguments: Vec<String>,
}

/// What can stand in a line of httpd's.
fn sayable(text: &str) -> Result<String, &'static str> {
    unsayable(text).map_or_else(|| Ok(text.into()), Err)
}

/// A path that can.
fn sayable_path(text: &str) -> Result<PathBuf, &'static str> {
    sayable(text).map(PathBuf::from)
}

/// The name of an interpreter class, as `<PerlInterpClass>` takes it.
fn class_name(name: &str) -> Result<String, &'static str> {
    let is_plain = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"_-.".contains(&c));
    if is_plain && name != "default" {
        Ok(name.into())
    } else {
        Err("letters, digits, _, - and . make a name; default is the server's own")
    }
}
