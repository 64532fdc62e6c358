//! What a call is about. Each kind of call is one file: it says what its handlers are given, whose interpreter runs them, how the
//! language begins and ends the call, and what becomes of the call when no interpreter came free.

mod connection;
mod filter;
mod job;
mod request;
mod server;
mod subject;
mod topic;

pub use connection::OfConnection;
pub use filter::OfFilter;
pub use job::OfJob;
pub use request::OfRequest;
pub use server::{OfServer, in_parent};
pub use subject::About;
pub use topic::{Args, Topic};
