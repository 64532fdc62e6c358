//! What mod_perl 2 has and this module does not have yet: known by name, so that an administrator reads that, and not that
//! the command is invalid, perhaps misspelled. A row leaves this table when it is built. The directives of phases are not here:
//! the phase's row says that it is not built.

use crate::directive::{DirectiveRow, unbuilt};
use crate::vocabulary::Contexts;

const ANYWHERE: Contexts = Contexts::ANYWHERE;
pub(crate) const ROWS: &[DirectiveRow] = &[unbuilt("Trace", "letters|all|number", ANYWHERE)];
