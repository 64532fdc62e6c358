//! Asks the build machine's own tools how to compile against httpd, APR and Perl.
//!
//! Only build scripts use this crate. It runs `apxs`, `apr-1-config` and `perl`, turns their answers into plain data and
//! turns what is missing into one line that names the Debian package to install. It never asks `apxs -q CFLAGS`: Debian's
//! answer holds `;;`, which no compiler accepts.
//!
//! ```no_run
//! // build.rs
//! let apr = probe::or_exit(probe::apr());
//! let httpd = probe::or_exit(probe::httpd());
//! probe::emit_cfgs(&httpd);
//! # let _ = apr;
//! ```
#![forbid(unsafe_code)]

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

/// Why a build cannot go on. Displays as one line: what is missing and what to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A program could not be started.
    NoTool {
        /// The program, as it was called.
        tool: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A program ran and failed, or its answer makes no sense.
    Answer {
        /// The program with its arguments.
        call: String,
        /// What it said instead.
        said: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A header is not where the tools say it is.
    NoHeader {
        /// The header's full name.
        header: PathBuf,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// Bindings could not be made of headers.
    Bindings {
        /// Of what.
        of: &'static str,
        /// Why.
        why: String,
        /// The Debian packages that such bindings need.
        packages: &'static str,
    },
    /// The program's version is too old or too new.
    Version {
        /// What was found.
        found: String,
        /// What is needed.
        needs: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoTool { tool, package } => write!(f, "mod_interp: {tool} not found: install {package}"),
            Error::Answer { call, said, package } => {
                write!(f, "mod_interp: `{call}` failed ({}): install {package}", said.trim().replace('\n', " "))
            }
            Error::NoHeader { header, package } => {
                write!(f, "mod_interp: {} not found: install {package}", header.display())
            }
            Error::Bindings { of, why, packages } => {
                let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
                write!(f, "mod_interp: no bindings of {of} ({why}): install {packages}")
            }
            Error::Version { found, needs } => write!(f, "mod_interp: found {found}, but {needs} is needed"),
        }
    }
}

impl std::error::Error for Error {}

/// Result of a probe.
pub type Result<T> = std::result::Result<T, Error>;

/// A dotted version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number; 0 if there is none.
    pub patch: u32,
}

impl Version {
    /// Reads `2.4.62` (what follows the third number, such as `-dev`, is ignored).
    pub fn parse(text: &str) -> Option<Version> {
        let mut parts = text.trim().splitn(3, '.').map(|p| {
            let end = p.find(|c: char| !c.is_ascii_digit()).unwrap_or(p.len());
            p[..end].parse::<u32>().ok()
        });
        Some(Version { major: parts.next()??, minor: parts.next()??, patch: parts.next().flatten().unwrap_or(0) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// httpd's headers.
#[derive(Debug, Clone)]
pub struct Httpd {
    /// Where `httpd.h` lies.
    pub include_dir: PathBuf,
    /// The version of those headers, which is that of the httpd they belong to.
    pub version: Version,
    /// The server's own program, for tests; `None` if only the headers are installed.
    pub program: Option<PathBuf>,
}

/// APR's flags.
#[derive(Debug, Clone)]
pub struct Apr {
    /// Preprocessor definitions: `-DLINUX`, `-D_REENTRANT`, `-D_GNU_SOURCE` ...
    pub cflags: Vec<String>,
    /// `-I...` options.
    pub includes: Vec<String>,
    /// Libraries to link, without `-l`: APR and APR-util.
    pub libs: Vec<String>,
    /// Folders to look for them in.
    pub search: Vec<PathBuf>,
    /// APR's version.
    pub version: Version,
}

impl Apr {
    /// All that a compiler (or libclang) needs: definitions, then include folders.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.cflags.iter().chain(&self.includes).map(String::as_str)
    }
}

/// Perl's flags.
#[derive(Debug, Clone)]
pub struct Perl {
    /// For compiling C against perl.h: definitions and `-I` options, without optimisation and warning options.
    pub ccopts: Vec<String>,
    /// Libraries to link, without `-l`: `perl`, `dl`, `m` ...
    pub libs: Vec<String>,
    /// Folders to look for them in.
    pub search: Vec<PathBuf>,
    /// Linker options that are neither library nor folder (`-Wl,-E` ...).
    pub link_args: Vec<String>,
    /// Whether this perl has interpreter threads (`useithreads`): without them there are no clones.
    pub ithreads: bool,
    /// Whether this perl was built with `-Dusemultiplicity`, alone or through threads.
    pub multiplicity: bool,
    /// Perl's version.
    pub version: Version,
    /// Where perl.h lies.
    pub core: PathBuf,
    /// `x86_64-linux-gnu-thread-multi`: with the version, perl's own name for what was compiled for it.
    pub archname: String,
    /// The program that was asked.
    pub program: String,
}

/// The value, or one `error:` line and the end of the build.
pub fn or_exit<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => {
            println!("cargo::error={error}");
            std::process::exit(1)
        }
    }
}

/// Asks `apxs` (or the program that `APXS` names) about httpd.
///
/// # Errors
/// If apxs or `httpd.h` is missing, or httpd is not 2.4.
pub fn httpd() -> Result<Httpd> {
    const PACKAGE: &str = "apache2-dev";
    rerun_if_env("APXS");
    let apxs = program("APXS", "apxs");
    let include_dir = PathBuf::from(ask(&apxs, &["-q", "INCLUDEDIR"], PACKAGE)?);
    let header = include_dir.join("ap_release.h");
    println!("cargo::rerun-if-changed={}", header.display());
    let text = std::fs::read_to_string(&header).map_err(|_| Error::NoHeader { header, package: PACKAGE })?;
    let number = |name: &str| -> Option<u32> {
        text.lines().find_map(|l| l.strip_prefix("#define")?.trim_start().strip_prefix(name)?.trim().parse().ok())
    };
    let version = match (
        number("AP_SERVER_MAJORVERSION_NUMBER"),
        number("AP_SERVER_MINORVERSION_NUMBER"),
        number("AP_SERVER_PATCHLEVEL_NUMBER"),
    ) {
        (Some(major), Some(minor), Some(patch)) => Version { major, minor, patch },
        _ => {
            return Err(Error::Answer {
                call: format!("{apxs} -q INCLUDEDIR"),
                said: format!("{} without a version", include_dir.display()),
                package: PACKAGE,
            });
        }
    };
    if (version.major, version.minor) != (2, 4) {
        return Err(Error::Version { found: format!("httpd {version}"), needs: "httpd 2.4" });
    }
    // Only tests want the program, so its absence is no error.
    let sbin = ask(&apxs, &["-q", "SBINDIR"], PACKAGE).unwrap_or_default();
    let name = ask(&apxs, &["-q", "PROGNAME"], PACKAGE).unwrap_or_default();
    let program = Path::new(&sbin).join(name);
    Ok(Httpd { include_dir, version, program: program.is_file().then_some(program) })
}

/// Asks `apr-1-config` (or the program that `APR_CONFIG` names) about APR.
///
/// # Errors
/// If apr-1-config or `apr.h` is missing.
pub fn apr() -> Result<Apr> {
    const PACKAGE: &str = "libapr1-dev";
    rerun_if_env("APR_CONFIG");
    let tool = program("APR_CONFIG", "apr-1-config");
    let cflags = words(&ask(&tool, &["--cppflags"], PACKAGE)?);
    let includes = words(&ask(&tool, &["--includes"], PACKAGE)?);
    let folder = ask(&tool, &["--includedir"], PACKAGE)?;
    for (name, package) in [("apr.h", PACKAGE), ("apu.h", "libaprutil1-dev")] {
        let header = Path::new(&folder).join(name);
        if !header.is_file() {
            return Err(Error::NoHeader { header, package });
        }
    }
    let said = ask(&tool, &["--version"], PACKAGE)?;
    let version =
        Version::parse(&said).ok_or(Error::Answer { call: format!("{tool} --version"), said, package: PACKAGE })?;
    let (mut libs, mut search) =
        (vec![format!("apr-{}", version.major), format!("aprutil-{}", version.major)], Vec::new());
    // APR-util's own program lies beside APR's; without it APR-util is looked for where APR is.
    let beside = tool.replace("apr-", "apu-");
    for word in words(&ask(&tool, &["--link-ld"], PACKAGE)?)
        .into_iter()
        .chain(ask(&beside, &["--link-ld"], "libaprutil1-dev").map(|said| words(&said)).unwrap_or_default())
    {
        match (word.strip_prefix("-L"), word.strip_prefix("-l")) {
            (Some(dir), _) => search.push(PathBuf::from(dir)),
            (_, Some(lib)) => libs.push(lib.to_owned()),
            _ => {}
        }
    }
    libs.sort();
    libs.dedup();
    search.sort();
    search.dedup();
    Ok(Apr { cflags, includes, libs, search, version })
}

/// Asks `perl` (or the program that `PERL` names) about itself.
///
/// # Errors
/// If perl, its headers or the library to link are missing, or it is older than 5.16.
pub fn perl() -> Result<Perl> {
    const PACKAGE: &str = "libperl-dev";
    rerun_if_env("PERL");
    let program = program("PERL", "perl");
    let config = ask(
        &program,
        &[
            "-MConfig",
            "-e",
            r#"print join "\n", map { $_ // "" } $Config{version}, $Config{useithreads}, $Config{usemultiplicity}, "$Config{archlibexp}/CORE", $Config{archname}"#,
        ],
        "perl",
    )?;
    let mut lines = config.lines();
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (version, ithreads, multiplicity, core) = (line(), line(), line(), PathBuf::from(line()));
    let archname = line();
    let version = Version::parse(&version).ok_or_else(|| Error::Answer {
        call: format!("{program} -MConfig"),
        said: config.clone(),
        package: "perl",
    })?;
    if version < (Version { major: 5, minor: 16, patch: 0 }) {
        return Err(Error::Version { found: format!("perl {version}"), needs: "perl 5.16" });
    }
    let header = core.join("perl.h");
    println!("cargo::rerun-if-changed={}", header.display());
    if !header.is_file() {
        return Err(Error::NoHeader { header, package: PACKAGE });
    }
    let embed = |what: &str| ask(&program, &["-MExtUtils::Embed", "-e", what], PACKAGE).map(|said| words(&said));
    let ccopts = embed("ccopts")?.into_iter().filter(|w| is_ccopt(w)).collect();
    let (mut libs, mut search, mut link_args) = (Vec::new(), Vec::new(), Vec::new());
    for word in embed("ldopts")? {
        if let Some(lib) = word.strip_prefix("-l") {
            libs.push(lib.to_owned());
        } else if let Some(dir) = word.strip_prefix("-L") {
            search.push(PathBuf::from(dir));
        } else {
            link_args.push(word);
        }
    }
    Ok(Perl {
        ccopts,
        libs,
        search,
        link_args,
        ithreads: ithreads == "define",
        multiplicity: multiplicity == "define" || ithreads == "define",
        version,
        core,
        archname,
        program,
    })
}

/// Runs bindgen, which panics where libclang is missing; its panic is turned into an error like any other.
///
/// # Errors
/// What `make` says, or its panic.
pub fn bindings<T>(
    of: &'static str,
    packages: &'static str,
    make: impl FnOnce() -> std::result::Result<T, String>,
) -> Result<T> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(make));
    std::panic::set_hook(hook);
    let made = made.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("bindgen failed").to_owned())
    });
    made.map_err(|why| Error::Bindings { of, why, packages })
}

/// Sets `httpd_2_4_N` for every patch level up to the one found for which code of ours differs, and declares all of them
/// so that rustc knows the names.
pub fn emit_cfgs(httpd: &Httpd) {
    for level in HTTPD_LEVELS {
        println!("cargo::rustc-check-cfg=cfg(httpd_2_4_{level})");
        if httpd.version.patch >= level {
            println!("cargo::rustc-cfg=httpd_2_4_{level}");
        }
    }
}

/// Sets `perl_ithreads` if the perl found has interpreter threads, and declares the name.
pub fn emit_perl_cfgs(perl: &Perl) {
    println!("cargo::rustc-check-cfg=cfg(perl_ithreads)");
    if perl.ithreads {
        println!("cargo::rustc-cfg=perl_ithreads");
    }
}

/// Patch levels of httpd 2.4 that added something we use.
const HTTPD_LEVELS: [u32; 2] = [49, 62];

fn rerun_if_env(name: &str) {
    println!("cargo::rerun-if-env-changed={name}");
}

fn program(env: &str, default: &str) -> String {
    std::env::var(env).ok().filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned())
}

/// Runs a tool and returns what it printed, trimmed.
fn ask(tool: &str, args: &[&str], package: &'static str) -> Result<String> {
    let output =
        Command::new(tool).args(args).output().map_err(|_| Error::NoTool { tool: tool.to_owned(), package })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Error::Answer {
        call: format!("{tool} {}", args.join(" ")),
        said: String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("no message").to_owned(),
        package,
    })
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// What of `ccopts` our own compiler calls take over: definitions, folders and the options that change the meaning of
/// code; not optimisation, debugging, hardening or warnings, which are the builder's choice.
fn is_ccopt(word: &str) -> bool {
    ["-D", "-I", "-U", "-fwrapv", "-fno-strict-aliasing", "-m", "-pthread"].iter().any(|p| word.starts_with(p))
        && !word.starts_with("-D_FORTIFY_SOURCE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_up_to_its_third_number() {
        let v = |major, minor, patch| Some(Version { major, minor, patch });
        assert_eq!(Version::parse("2.4.62\n"), v(2, 4, 62));
        assert_eq!(Version::parse("1.7"), v(1, 7, 0));
        assert_eq!(Version::parse("2.4.63-dev"), v(2, 4, 63));
        assert_eq!(Version::parse("none"), None);
    }

    #[test]
    fn a_missing_tool_names_its_package_in_one_line() {
        let error = ask("apxs-that-is-not-there", &["-q"], "apache2-dev").unwrap_err();
        assert_eq!(error.to_string(), "mod_interp: apxs-that-is-not-there not found: install apache2-dev");
    }

    #[test]
    fn a_failing_tool_is_quoted_on_one_line() {
        let error = ask("sh", &["-c", "echo broken >&2; echo more >&2; exit 3"], "dash").unwrap_err().to_string();
        assert!(error.contains("(broken): install dash") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn a_panic_of_bindgen_is_one_line_that_names_the_packages() {
        let made = bindings("APR", "libclang-dev", || -> std::result::Result<(), String> { panic!("no\nlibclang") });
        assert_eq!(made.unwrap_err().to_string(), "mod_interp: no bindings of APR (no libclang): install libclang-dev");
        assert_eq!(bindings("APR", "libclang-dev", || Ok(7)), Ok(7));
    }

    #[test]
    fn options_that_only_tune_the_compiler_are_left_out() {
        assert!(is_ccopt("-D_GNU_SOURCE") && is_ccopt("-I/usr/include") && is_ccopt("-fwrapv"));
        assert!(!is_ccopt("-O2") && !is_ccopt("-Wall") && !is_ccopt("-D_FORTIFY_SOURCE=2") && !is_ccopt("-pipe"));
    }

    #[test]
    fn this_machine_has_all_that_a_build_needs() {
        assert_eq!(httpd().unwrap().version.major, 2);
        assert!(apr().unwrap().all().any(|flag| flag.starts_with("-I")));
        let perl = perl().unwrap();
        assert!(perl.libs.iter().any(|l| l == "perl") && perl.core.is_dir());
    }
}
