//! What mod_perl 2 has and this module does not have yet: known by name, so that an administrator reads that, and not that
//! the command is invalid, perhaps misspelled. A row leaves this table when it is built. The directives of phases are not here:
//! the phase's row says that it is not built.

use crate::directive::{DirectiveRow, unbuilt};
use crate::vocabulary::Contexts;

const ANYWHERE: Contexts = Contexts::ANYWHERE;
/// What stands in the way of a file's text is refused when it is read, before the lines that follow are.
const TEXT: Contexts = ANYWHERE.and(Contexts::EXEC_ON_READ);

pub(crate) const ROWS: &[DirectiveRow] = &[
    unbuilt("LoadModule", "module", TEXT),
    unbuilt("Trace", "letters|all|number", ANYWHERE),
    unbuilt("=pod", "text, up to a line =cut", TEXT).whole(),
    unbuilt("=over", "text", TEXT).whole(),
    unbuilt("=back", "text", TEXT).whole(),
    unbuilt("=cut", "text", TEXT).whole(),
    unbuilt("__END__", "text", TEXT).whole(),
];
