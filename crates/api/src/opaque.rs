//! Records without rows: objects that a script gets from one call and hands to another.

use httpd::{ConfVector, MethodList, ScoreHandle, ServerAddr, ServerContext};
use interp::Class;

pub(super) static CONF_VECTOR: Class =
    Class::of::<ConfVector>(&[]).doc("The modules' records of an object, by module number.");
pub(super) static METHOD_LIST: Class = Class::of::<MethodList>(&[]).doc("Methods by number and name.");
pub(super) static SCORE_HANDLE: Class = Class::of::<ScoreHandle>(&[]).doc("A connection's place in the scoreboard.");
pub(super) static SERVER_CONTEXT: Class = Class::of::<ServerContext>(&[]).doc("What a module keeps with a server.");
pub(super) static SERVER_ADDR: Class = Class::of::<ServerAddr>(&[]).doc("An address that a server answers on.");
