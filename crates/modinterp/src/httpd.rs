//! httpd as a command: where it is, and what it says of lines.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::words::word;

/// Folders of httpd's modules: Debian's, Fedora's, that of the sources, macOS's.
const MODULES: &[&str] =
    &["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules", "/usr/libexec/apache2"];

/// The modules that the lines may need, where httpd has not got them in itself. The first MPM that there is.
const MPMS: &[&str] = &["event", "worker", "prefork"];
const NEEDED: &[&str] = &["unixd", "authz_core", "authz_host"];

/// Whether `httpd -t` takes the lines; what it says goes to standard error, with the numbers of these lines.
///
/// # Errors
/// There is no httpd or no module, or they cannot be run.
pub fn takes(lines: &str, httpd: Option<&Path>, module: Option<&Path>) -> Result<bool, String> {
    let httpd = httpd
        .map(Path::to_owned)
        .or_else(found)
        .ok_or("neither apache2 nor httpd is in the path: name it with --httpd")?;
    let modules = modules();
    let module = module
        .map(Path::to_owned)
        .or_else(|| module_beside(modules.as_deref()))
        .ok_or("there is no mod_interp.so beside this command or among httpd's modules: name it with --module")?;
    let module = module.canonicalize().map_err(|why| format!("{}: {why}", module.display()))?;
    let scratch = Scratch::new()?;
    let block = scratch.0.join("lines.conf");
    write(&block, lines)?;
    let whole = scratch.0.join("httpd.conf");
    write(&whole, &around(lines, &scratch.0, &block, &module, modules.as_deref()))?;
    let output = Command::new(&httpd)
        .arg("-t")
        .arg("-f")
        .arg(&whole)
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("{}: {why}", httpd.display()))?;
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said).replace(&*block.to_string_lossy(), "these lines");
    for line in said.lines().filter(|line| !line.is_empty()) {
        eprintln!("{}: {line}", httpd.file_name().unwrap_or(httpd.as_os_str()).to_string_lossy());
    }
    Ok(output.status.success())
}

/// A configuration that has the lines and nothing else of its own.
fn around(lines: &str, folder: &Path, block: &Path, module: &Path, modules: Option<&Path>) -> String {
    let quoted = |path: &Path| word(&path.display().to_string());
    // Without these httpd looks for folders below its root.
    let mut text = format!(
        "ServerRoot {0}\nServerName 127.0.0.1\nDefaultRuntimeDir {0}\nErrorLog {1}\n",
        quoted(folder),
        quoted(&folder.join("error_log"))
    );
    let mut load = |name: &str| {
        let file = modules.map(|modules| modules.join(format!("mod_{name}.so"))).filter(|file| file.exists());
        if let Some(file) = &file {
            text.push_str(&format!(
                "<IfModule !mod_{name}.c>\n    LoadModule {name}_module {}\n</IfModule>\n",
                quoted(file)
            ));
        }
        file.is_some()
    };
    let _ = MPMS.iter().any(|mpm| load(&format!("mpm_{mpm}")));
    NEEDED.iter().for_each(|name| {
        load(name);
    });
    if lines.contains("SSLEngine") {
        load("socache_shmcb");
        load("ssl");
    }
    text.push_str(&format!("LoadModule perl_module {}\nInclude {}\n", quoted(module), quoted(block)));
    text
}

/// The httpd of the path.
pub fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/apache2/bin".into()]);
    folders.flat_map(|folder| ["apache2", "httpd"].map(|name| folder.join(name))).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The folder of httpd's modules: what apxs says, else one of the usual ones.
fn modules() -> Option<PathBuf> {
    let apxs = std::env::var_os("APXS").unwrap_or_else(|| "apxs".into());
    let said = Command::new(apxs).args(["-q", "LIBEXECDIR"]).stderr(Stdio::null()).output().ok();
    let said =
        said.filter(|said| said.status.success()).map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    said.map(PathBuf::from).into_iter().chain(MODULES.iter().map(PathBuf::from)).find(|folder| folder.is_dir())
}

/// The module: beside this command, where `make` puts both, else where `make install` does.
fn module_beside(modules: Option<&Path>) -> Option<PathBuf> {
    let command = std::env::current_exe().ok().and_then(|file| file.canonicalize().ok());
    let beside = command
        .as_deref()
        .and_then(Path::parent)
        .map(|folder| ["mod_interp.so", "libmod_interp.so"].map(|name| folder.join(name)));
    beside.into_iter().flatten().chain(modules.map(|modules| modules.join("mod_interp.so"))).find(|file| file.is_file())
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|why| format!("{}: {why}", file.display()))
}

/// A folder for this user alone: root's files are not to be another's to prepare.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, String> {
        let base = std::env::temp_dir();
        let mut failed = String::new();
        for number in 0..100 {
            let folder = base.join(format!("modinterp.{}.{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(Scratch(folder)),
                Err(why) => failed = format!("{}: {why}", folder.display()),
            }
        }
        Err(failed)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
