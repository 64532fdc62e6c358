//! The wrappers of this crate that a script can hold, each with its class. The rows of these classes are in crate `api`.

use crate::tree::Node;
use crate::{
    CmdParms, CommandRec, ConfVector, Connection, Filter, FilterRec, Loaded, MethodList, Request, ScoreHandle, Server,
    ServerAddr, ServerContext, SubRequest,
};
use interp::object;

object!(Request, "Apache2::RequestRec", owner);
object!(Connection, "Apache2::Connection", owner);
object!(Server, "Apache2::ServerRec", owner);
object!(by value SubRequest, "Apache2::SubRequest");
object!(by value Filter, "Apache2::Filter");
object!(by value FilterRec, "Apache2::FilterRec");
object!(by value ConfVector, "Apache2::ConfVector");
object!(by value MethodList, "Apache2::MethodList");
object!(by value ServerAddr, "Apache2::ServerAddr");
object!(by value ScoreHandle, "Apache2::ScoreHandle");
object!(by value ServerContext, "Apache2::ServerContext");
object!(by value CmdParms, "Apache2::CmdParms");
object!(by value Loaded, "Apache2::Module");
object!(by value CommandRec, "Apache2::Command");
object!(by value Node, "Apache2::Directive");
