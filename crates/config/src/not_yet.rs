//! What mod_perl 2 has and this module does not have yet: known by name, so that an administrator reads that, and not that
//! the command is invalid, perhaps misspelled. A row leaves this table when it is built.

use crate::directives::{ANYWHERE, Contexts, Directive, unbuilt};
use crate::options::OptionRow;
use crate::phases::Scope;

/// What stands in the way of a file's text is refused when it is read, before the lines that follow are.
const TEXT: Contexts = ANYWHERE.and(Contexts::EXEC_ON_READ);

pub(crate) const ROWS: &[Directive] = &[
    unbuilt("PerlInputFilterHandler", "handler ...", ANYWHERE),
    unbuilt("PerlOutputFilterHandler", "handler ...", ANYWHERE),
    unbuilt("PerlSetInputFilter", "name[;name ...]", ANYWHERE),
    unbuilt("PerlSetOutputFilter", "name[;name ...]", ANYWHERE),
    unbuilt("PerlLoadModule", "module", TEXT),
    unbuilt("PerlTrace", "letters|all|number", ANYWHERE),
    unbuilt("=pod", "text, up to a line =cut", TEXT),
    unbuilt("=over", "text", TEXT),
    unbuilt("=back", "text", TEXT),
    unbuilt("=cut", "text", TEXT),
    unbuilt("__END__", "text", TEXT),
];

/// The message for a line that says `name`.
pub(crate) fn message(row: &Directive, name: &str) -> String {
    format!("{}: mod_interp does not have {name} yet", row.name)
}

/// Whether an option only switches what is not there yet; switched off, it says the truth.
pub(crate) fn switches_nothing(option: &OptionRow) -> bool {
    option.phase.is_some_and(|phase| phase.row().scope == Scope::Filter)
}
