//! `<Perl>` sections: code that is run while the configuration is read, each in a package of its own.
//!
//! mod_perl then turns the package's variables into configuration. This module does not yet; so a section that leaves a variable which
//! would be configuration ends the start, or what that configuration was to protect would lie open.

use config::Language;
use httpd::Loaded;
use interp::Place;
use interp_perl::Entered;

use crate::host::start_error::StartError;

/// Runs a section.
///
/// # Errors
/// What Perl said; the variable that would be configuration.
pub fn run(entered: &Entered, item: &config::Queued) -> Result<(), StartError> {
    let at = Place { file: &item.at.file, line: item.at.line };
    let file: String = item.at.file.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let package = format!("Apache2::ReadConfig::{file}::line_{}", item.at.line);
    let code = [b"package ", package.as_bytes(), b"; ", &item.name].concat();
    let left = entered
        .require_module(b"Apache2::PerlSections", None)
        .and_then(|()| entered.require_module(b"ModInterp::Section", None))
        .and_then(|()| entered.run(&code, Some(at)))
        .and_then(|_| entered.run_text(format!("ModInterp::Section::left('{package}')").as_bytes(), None))
        .map_err(|raised| StartError::Written(Language::Perl, raised))?;
    let left = String::from_utf8_lossy(&left);
    let mut words = left.split('\0');
    while let (Some(name), Some(variable)) = (words.next(), words.next()) {
        if is_configuration(name) {
            return Err(StartError::Leaves {
                language: Language::Perl,
                at: item.at.clone(),
                variable: variable.to_owned(),
            });
        }
    }
    Ok(())
}

/// Whether a variable's name is that of a directive. A name that begins with a capital and is not all capitals may be that of a
/// directive whose module is not loaded; any other is a helper's name.
fn is_configuration(name: &str) -> bool {
    if name == "PerlConfig" || Loaded::know_directive(name.as_bytes()) {
        return true;
    }
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.contains(|c: char| c.is_ascii_lowercase())
}
