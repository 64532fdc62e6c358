//! The records of this crate that a script can hold, each with its class. The rows of these classes are in crate `api`.

use crate::tree::Node;
use crate::{
    Command, CommandRec, ConfVector, Connection, Filter, FilterRec, Loaded, MethodList, Request, ScoreHandle, Server,
    ServerAddr, ServerContext, SubRequest,
};
use interp::object;

object!(Request, "Apache2::RequestRec", owner);
object!(Connection, "Apache2::Connection", owner);
object!(Server, "Apache2::ServerRec", owner);
object!(SubRequest, "Apache2::SubRequest");
object!(Filter, "Apache2::Filter");
object!(FilterRec, "Apache2::FilterRec");
object!(ConfVector, "Apache2::ConfVector");
object!(MethodList, "Apache2::MethodList");
object!(ServerAddr, "Apache2::ServerAddr");
object!(ScoreHandle, "Apache2::ScoreHandle");
object!(ServerContext, "Apache2::ServerContext");
object!(Command, "Apache2::CmdParms");
object!(Loaded, "Apache2::Module");
object!(CommandRec, "Apache2::Command");
object!(Node, "Apache2::Directive");
