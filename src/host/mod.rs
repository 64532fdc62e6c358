//! The host: httpd on one side, interpreters on the other. The only floor that knows both.
//!
//! No file uses one that stands above it here, but where two or three cannot do without each other.
//!
//! | file | what it has |
//! |---|---|
//! | `perl`, `lua` | the two languages' modules |
//! | `module`, `language` | a module of httpd's for one language; what a language gives it |
//! | `runtime` | what API functions ask of the host |
//! | `content` | what answers a request |
//! | `startup`, `child`, `directive` | a server starts; a child begins and ends; a line of the configuration |
//! | `net_server`, `wire` | programs for Net::Server that serve connections; what one is given |
//! | `providers` | providers of authentication and authorization: registered, and asked |
//! | `dispatch`, `end` | the phases, as httpd calls for them; the end of a request for us |
//! | `parents` | which server gets a parent of its own; start-up code in it |
//! | `call`, `about` | the one way into an interpreter; what a call is about |
//! | `filter`, `output` | filters that scripts make; what a response prints |
//! | `hint`, `accepting`, `report` | what the error log says of classic mistakes; of ports on which nobody speaks first; its other lines |
//! | `executors`, `executor` | requests that are answered on threads of our own; these threads |
//! | `holding`, `waiting` | how a call comes to its interpreter; what is given back while it waits for one |
//! | `lives` | handlers of the lives of interpreters |
//! | `jobs` | handlers that run at times of their own, in processes of their own |
//! | `configured`, `changes` | which handlers hold for a phase; what code has changed of them |
//! | `server`, `request`, `connection` | what is kept per server, request and connection; from which stock a call draws |
//! | `scale` | how many interpreters a class has, changed while the server runs |
//! | `site`, `provider`, `token` | all interpreters of one reading of the configuration, and what else is kept of it: providers, the secret of those who tell the server what to do |
//! | `databases` | how many connections to databases the interpreters of a stock have |
//! | `running`, `pool_ticket` | what runs on this thread; the ticket of a pool's objects |
//! | `languages`, `above` | which languages are loaded; what the floor `leases` asks of them |
//! | `lang`, `ways`, `lease` | a language's row; what it does in a way of its own; the floor `leases`, for languages |
//! | `start_error` | why a server does not start, or a line is refused; its words |
//! | `facts`, `uses`, `step`, `process`, `own_dir` | a language's data; phases in use; a handler of a request; this process; where this library lies |

#![cfg_attr(
    not(all(feature = "perl", feature = "any-lua")),
    allow(dead_code, unused_imports, reason = "each of the two languages uses its part of what both share")
)]

mod about;
mod above;
mod accepting;
mod call;
mod changes;
mod child;
mod class_log;
mod classes;
mod configured;
mod connection;
mod content;
mod counting;
mod databases;
mod dicts;
mod directive;
mod dispatch;
mod end;
mod executor;
mod executors;
mod facts;
mod filter;
mod hint;
mod holding;
mod html;
mod jobs;
mod lang;
mod language;
mod languages;
mod lease;
mod lives;
#[cfg(feature = "any-lua")]
pub mod lua;
mod module;
mod net_server;
mod output;
mod own_dir;
mod parents;
#[cfg(feature = "perl")]
pub mod perl;
mod pool_ticket;
mod process;
mod provider;
mod providers;
mod report;
mod request;
mod running;
mod runtime;
mod scale;
mod server;
mod server_status;
mod site;
mod start_error;
mod startup;
mod step;
mod token;
mod uses;
mod waiting;
mod ways;
mod wire;
