//! What of this crate a script can hold, and under which class. The rows of these classes stand with the API.

use crate::{Connection, Request, Server, SubRequest};
use interp::object;

object!(Request, "Apache2::RequestRec", owner);
object!(Connection, "Apache2::Connection", owner);
object!(Server, "Apache2::ServerRec", owner);
object!(SubRequest, "Apache2::SubRequest");
